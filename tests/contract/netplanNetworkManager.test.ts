import { join } from "node:path";
import { down, type LabHost } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost } from "./hosts";
import { netplanGenerate } from "./netplanGenerate";
import { expectRead, START } from "./networkManagerDaemon";
import { expectGivenBack, expectNoTakeOver, expectWayBack } from "./ownedBridge";
import { expectPowerCuts } from "./powerCuts";

/** NetworkManager by profiles that netplan makes: it takes over what the kernel has, and has it back as it was. */
let statically: LabHost;
let dhcp: LabHost;
beforeAll(async () => {
  statically = await contractHost("npnm", { owner: "netplan-NetworkManager" });
  dhcp = await contractHost("npnm-dhcp", { owner: "netplan-NetworkManager", dhcp: true });
});
afterAll(() => down());

const MADE = "/run/NetworkManager/system-connections";
const state = `cat /etc/netplan/*; ls ${MADE} | grep -v ^lo; cat ${MADE}/netplan-*; nmcli -t device; nmcli -t -f NAME,UUID,FILENAME connection show | grep -v ^lo:
ls /etc/NetworkManager/system-connections; ip -4 -br addr | sed 's,@if[0-9]*,,'; ip route; cat /sys/class/net/*/address /etc/resolv.conf`;
const look = (host: LabHost) => () => host.must(state);

test("NetworkManager reads what netplan makes of every golden without a warning", async () => {
  const all = goldens("etc/netplan").filter(({ name }) => name.includes("netplan-networkmanager"));
  const files: { from: string; text: string }[] = [];
  for (const { name, folder, below } of all)
    for (const [path, text] of Object.entries((await netplanGenerate(join(folder, below, "etc"))).files))
      if (path.endsWith(".nmconnection")) files.push({ from: `${name}/${path}`, text });
  expect(files.length).toBeGreaterThan(50);
  await expectRead(statically, files);
});

test("not confirmed, it comes back by itself, and neither netplan nor the daemon ever heard of it", () =>
  expectWayBack(statically, `/etc/netplan ${MADE}/netplan-*`, look(statically)));

test("where the daemon cannot take over, all comes back, its files too", () =>
  expectNoTakeOver(statically, { name: "NetworkManager", command: "NetworkManager", start: START }, look(statically)));

test.each([
  ["static", () => statically],
  ["DHCP", () => dhcp],
])("confirmed, the daemon has it, with the NIC's metric, also after a boot; deleted, the port as before: %s", (_, of) => {
  const host = of();
  const expectTakenOver = async () => {
    expect(await host.must("nmcli -t device | sort")).toContain(
      "br0:bridge:connected:netplan-br0\neth0:ethernet:connected:netplan-eth0\n",
    );
    expect(await host.must("ip -4 -br addr show dev br0")).toContain(` ${host.address}/24 `);
    const routes = await host.must("ip route");
    expect(routes).toMatch(/^default via 10\.0\.0\.1 dev br0 .*metric 100 $/m);
    expect(routes).toMatch(/^10\.0\.0\.0\/24 dev br0 .*metric 100 $/m);
  };
  return expectGivenBack(host, look(host), async () => {
    await expectTakenOver();
    await host.reboot();
    await expectTakenOver();
  });
}); // prettier-ignore

test("the power goes at moments by chance: the next boot has one network or the other, whole", () =>
  expectPowerCuts(dhcp, "/etc/netplan"));
