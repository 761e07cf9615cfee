import { join } from "node:path";
import { readTree } from "../golden/folder";
import { down, type LabHost } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost, probe } from "./hosts";
import { expectRead, START } from "./networkManagerDaemon";
import { expectGivenBack, expectNoTakeOver, expectWayBack } from "./ownedBridge";
import { expectPowerCuts } from "./powerCuts";

/** NetworkManager itself: reads what is rendered, takes over what the kernel has, and has it back as it was where a change goes back. */
let statically: LabHost;
let dhcp: LabHost;
beforeAll(async () => {
  statically = await contractHost("nm", { owner: "NetworkManager" });
  dhcp = await contractHost("nm-dhcp", { owner: "NetworkManager", dhcp: true });
});
afterAll(() => down());

const FOLDER = "/etc/NetworkManager/system-connections";
const state = `ls -l ${FOLDER} | tr -s ' ' | cut -d ' ' -f 1,3,9; cat ${FOLDER}/*; nmcli -t device; nmcli -t -f NAME,UUID,FILENAME connection show | grep -v ^lo:
ip -4 -br addr; ip route; cat /sys/class/net/*/address /etc/resolv.conf`;

test("it reads every golden file without a warning", async () => {
  const files = goldens("etc/NetworkManager/system-connections").flatMap(({ name, folder, below }) =>
    Object.entries(readTree(join(folder, below)))
      .filter(([path]) => path.endsWith(".nmconnection"))
      .map(([path, text]) => ({ from: `${name}/${path.split("/").at(-1)}`, text })),
  );
  expect(files.length).toBeGreaterThan(50);
  await expectRead(statically, files);
});

test("passwords and keys stay on the host", async () => {
  const profiles = {
    wifi: "[wifi]\nssid=lab\n\n[wifi-security]\nkey-mgmt=wpa-psk\npsk=hush-1",
    port: "[802-1x]\neap=peap;\nidentity=kvm1\npassword=hush-2",
    tunnel: "[wireguard]\nprivate-key=hush-3",
  };
  for (const [name, text] of Object.entries(profiles))
    await statically.write(`${FOLDER}/${name}.nmconnection`, `[connection]\nid=${name}\ntype=ethernet\ninterface-name=eth9\n\n${text}\n`); // prettier-ignore
  const { files } = await probe(statically);
  await statically.must(`cd ${FOLDER}; rm wifi.* port.* tunnel.*`);
  expect(files[`${FOLDER}/lan.nmconnection`]).toContain("address1=");
  for (const name of Object.keys(profiles))
    expect(files[`${FOLDER}/${name}.nmconnection`]).toBe(
      `# pulumi-kvmnet: it holds secrets, which are not read\n[connection]\nid=${name}\ntype=ethernet\ninterface-name=eth9\n`,
    );
  expect(JSON.stringify(files)).not.toContain("hush");
});

const look = (host: LabHost) => () => host.must(state);

test("not confirmed, it comes back by itself, and the daemon never heard of it", () =>
  expectWayBack(statically, FOLDER, look(statically)));

test("where the daemon cannot take over, all comes back, its files too", () =>
  expectNoTakeOver(statically, { name: "NetworkManager", command: "NetworkManager", start: START }, look(statically)));

test.each([
  ["static", () => statically],
  ["DHCP", () => dhcp],
])("confirmed, the daemon has it; deleted, it has the port as before: %s", async (_, of) => {
  const host = of();
  await expectGivenBack(host, look(host), async () => {
    expect(await host.must("nmcli -t device | sort")).toContain(
      "br0:bridge:connected:br0\neth0:ethernet:connected:lan\n",
    );
  });
});

test("where other links have metrics of its own, the port's routes are there once, with theirs", async () => {
  for (const [name, peer, mac] of [["en1", "en1-lan", "08"], ["en1-lan", "en1", "09"]] as const)
    await statically.write(`${FOLDER}/${name}.nmconnection`, `[connection]\nid=${name}\ntype=veth\ninterface-name=${name}\n\n[ethernet]\ncloned-mac-address=52:54:00:AA:00:${mac}\n\n[veth]\npeer=${peer}\n\n[ipv4]\nmethod=disabled\n\n[ipv6]\nmethod=disabled\n`); // prettier-ignore
  await statically.must(`chmod 600 ${FOLDER}/en1*`);
  await statically.reboot();
  await expectGivenBack(
    statically,
    async () => statically.must("ip route"),
    async () => {},
  );
});

test("the power goes at moments by chance: the next boot has one network or the other, whole", () =>
  expectPowerCuts(statically, FOLDER));
