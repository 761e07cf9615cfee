import { join } from "node:path";
import { readTree } from "../golden/folder";
import { down, type LabHost } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost } from "./hosts";
import { expectGivenBack, expectNoTakeOver, expectWayBack } from "./ownedBridge";
import { expectPowerCuts } from "./powerCuts";

/** systemd-networkd itself: reads what is rendered, takes over what the kernel has, and has it back as it was where a change goes back. */
let host: LabHost;
beforeAll(async () => (host = await contractHost("networkd", { owner: "networkd" })));
afterAll(() => down());

const FOLDER = "/etc/systemd/network";
/** As the host's init starts it. */
const DAEMON =
  "unshare --mount sh -c 'mount -o remount,bind,ro /sys; exec /lib/systemd/systemd-networkd' > /dev/null 2>&1 & sleep 1";
const LOG = "/var/log/systemd-networkd.log";
/** Once the daemon has done with eth0, which takes until its link-local address is no duplicate. */
const state = `for i in $(seq 100); do networkctl list --no-legend eth0 | grep -q configured && break; sleep 0.1; done
cat ${FOLDER}/*; networkctl list --no-legend | grep -v lo; ip -4 -br addr; ip route; cat /sys/class/net/*/address`;

test("it reads every golden file without a warning", async () => {
  const isOurs = (path: string) => /^etc\/systemd\/network\/[^/]*\.(network|netdev)$/.test(path);
  const cases = goldens("etc/systemd/network");
  // All at once, under names of their own, of devices too: here it is about the reading.
  const files = cases.flatMap(({ folder, below }, n) =>
    // A second step has but what it changes.
    Object.entries({ ...readTree(join(folder, "expected")), ...readTree(join(folder, below)) })
      .filter(([path]) => isOurs(path))
      .map(([path, text]) => [
        `x${n}-${path.split("/").at(-1)}`,
        // The host's own VLANs are not here.
        text.replace(/^VLAN=.*\n/gm, "").replace(/^(Name|Bridge)=(.*)$/gm, `$1=x${n}-$2`),
      ]),
  );
  expect(files.length).toBeGreaterThan(60);
  await host.must(`mkdir -p /run/systemd/network; : > ${LOG}`);
  for (const [name, text] of files) await host.write(`/run/systemd/network/${name}`, text!);
  await host.must("chmod 644 /run/systemd/network/*; networkctl reload; sleep 1");
  const made = (await host.must("ls /sys/class/net")).split("\n").filter((name) => /^x\d+-br0$/.test(name));
  expect(made.length).toBeGreaterThan(20);
  const said = await host.must(`grep -E '/run/systemd/network' ${LOG} | grep -v -i 'configuring with' || :`);
  // Which it has, of what it does not understand.
  await host.must(`printf '[Match]\nName=odd\n[Network]\nDHCP=sometimes\n' > /run/systemd/network/odd.network; chmod 644 /run/systemd/network/odd.network; networkctl reload; sleep 1; grep -q 'odd.network:.*sometimes' ${LOG}`); // prettier-ignore
  expect(said.replace(/x(\d+)-/g, (_, n: string) => `${cases[Number(n)]!.name}: `)).toBe("");
  await host.must(
    `rm -rf /run/systemd/network; networkctl reload; for l in ${made.join(" ")}; do ip link del $l; done`,
  );
});

const look = () => host.must(state);

test("not confirmed, it comes back by itself, and the daemon never heard of it", () =>
  expectWayBack(host, FOLDER, look));

test("where the daemon cannot take over, all comes back, its files too", () =>
  expectNoTakeOver(host, { name: "systemd-networkd", command: "systemd-network", start: DAEMON }, look));

test("confirmed, the daemon has it; deleted, it has the port as before", () =>
  expectGivenBack(host, look, async () => {
    expect(await host.must("networkctl list --no-legend | tr -s ' ' | cut -d ' ' -f 3,6")).toMatch(
      /eth0 configured\nbr0 configur/,
    );
  }));

test("the power goes at moments by chance: the next boot has one network or the other, whole", async () => {
  // Before eth0 in the order of names.
  await host.write(`${FOLDER}/10-en1.netdev`, "[NetDev]\nName=en1\nKind=veth\n\n[Peer]\nName=en1-lan\n");
  for (const name of ["en1", "en1-lan"])
    await host.write(`${FOLDER}/20-${name}.network`, `[Match]\nName=${name}\n\n[Network]\nLinkLocalAddressing=no\n`);
  await host.reboot();
  await expectPowerCuts(host, FOLDER, "en1");
});
