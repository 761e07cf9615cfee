import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BridgePlan } from "../../provider/backends/backend";
import { ifupdown } from "../../provider/backends/ifupdown";
import { isMadeByIfup, sections, writeSection, writeSections } from "../../provider/backends/interfacesFile";
import { readTree } from "../golden/folder";
import { down } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost } from "./hosts";
import { expectPowerCuts } from "./powerCuts";

/** What is rendered, as ifupdown itself reads it (`ifquery`) and would do it (`ifup --no-act`). */
const MAIN = "/etc/network/interfaces";
const plan: BridgePlan = {
  name: "br0", ports: ["eth0"], left: [], dhcp4: false, dhcp6: false, addresses: ["10.0.0.11/24", "10.1.0.11/16", "fd00::11/64"],
  routes: ["default via 10.0.0.1 metric 5", "10.9.0.0/16 via 10.0.0.254", "default via fd00::1"], nameservers: ["10.0.0.1"], searchDomains: [],
  macAddress: "52:54:00:aa:00:01", stp: false, forwardDelay: 0, maxWait: 0, mtu: 1400, mark: "kvmnet: br0",
}; // prettier-ignore

let folder: string;
let path: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "kvmnet-ifupdown-"));
  path = join(folder, "interfaces");
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string, text: string, ...args: string[]): string {
  writeFileSync(path, text);
  return execFileSync("sh", ["-c", 'exec "$@" 2>&1', "sh", command, "-i", path, ...args], { encoding: "utf8" });
}
const would = (text: string) =>
  run("ifup", text, "--no-act", "--verbose", "--force", "br0")
    .split("\n")
    .map((line) => line.trim().replace(/\s+/g, " "))
    .filter((line) => /^(ip|CLIENT|dhclient)/.test(line));

test("ifup would do what the plan says", () => {
  const { files } = ifupdown.render(plan, {}, { [MAIN]: "source interfaces.d/*\n" });
  expect(would(files!["/etc/network/interfaces.d/br0"]!)).toEqual([
    "ip addr add 10.0.0.11/255.255.255.0 broadcast 10.0.0.255 dev br0 label br0",
    "ip link set dev br0 mtu 1400 up",
    "ip route add default via 10.0.0.1 metric 5 dev br0 onlink",
    "ip route add 10.9.0.0/16 via 10.0.0.254 dev $IFACE",
    "ip addr add 10.1.0.11/255.255.0.0 broadcast 10.1.255.255 dev br0 label br0",
    "ip link set dev br0 up",
    "ip addr flush dev br0 mngtmpaddr",
    "ip link set dev br0 up",
    "ip -6 addr add fd00::11/64 dev br0",
    "ip -6 route replace default via fd00::1 dev br0 onlink",
  ]);
  expect(run("ifquery", files!["/etc/network/interfaces.d/br0"]!, "br0")).toMatch(
    /^bridge_ports: eth0$[\s\S]*^bridge_hw: 52:54/m,
  );
});

test("ifup brings the bridge up before its port", () => {
  const files = { [MAIN]: "auto lo\niface lo inet loopback\n\n# NIC\nauto eth0\niface eth0 inet dhcp\n" };
  const found = { eth0: ifupdown.find("eth0", {}, files) };
  const rendered = ifupdown.render({ ...plan, dhcp4: true, addresses: [], routes: [] }, found, files);
  const changes = Object.entries(rendered.sections!).map(([key, text]) => [key.split("#")[1]!, text]);
  const text = writeSections(files[MAIN], Object.fromEntries(changes));
  expect(run("ifquery", text, "--list").trim().split("\n")).toEqual(["lo", "br0", "eth0"]);
  expect(would(text).some((line) => line.includes("dhclient -4") && line.endsWith("br0"))).toBe(true);
});

test("sections are what ifupdown takes for stanzas", () => {
  const texts = [
    "auto br0 \\\n  eth1\niface br0 inet static\n",
    "auto br0\r\niface br0 inet static\r\n\taddress 10.0.0.1/24\r\n",
    "iface br0 inet static \\\n\n address 10.0.0.1/24\n # c \\\n gateway 10.0.0.2 \\",
    "iface br0 inet static\n address 10.0.0.1/24\n\n # c\n\n mtu 1400\nauto br0",
  ];
  for (const text of texts) {
    const ours = sections(text)["iface br0 inet"]!;
    // The section by itself is to ifupdown what it is in its file.
    expect(run("ifquery", `${ours}\n`, "br0")).toBe(run("ifquery", text, "br0"));
    const added = writeSection(text, "iface br1 inet", "iface br1 inet manual\n    bridge_ports none");
    expect(run("ifquery", added, "br0")).toBe(run("ifquery", text, "br0"));
    expect(run("ifquery", added, "br1")).toBe("bridge_ports: none\n");
  }
});

describe("every golden, as ifup would do it at boot", () => {
  const cases = goldens("etc/network/interfaces").filter(({ name }) => !name.includes("/ifupdown2-"));
  test("there are cases", () => expect(cases.length).toBeGreaterThan(30));

  test.each(cases.map((golden) => [golden.name, golden] as const))("%s", (_, { folder: golden, below }) => {
    const root = mkdtempSync(join(folder, "root-"));
    const texts = {
      ...readTree(join(golden, "host")),
      ...readTree(join(golden, "expected")),
      ...readTree(join(golden, below)),
    };
    for (const [path, text] of Object.entries(texts).filter(([path]) => path.startsWith("etc/network/"))) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      // What its main file sources is below the root, too.
      writeFileSync(join(root, path), text.replace(/^(source\S*\s+)(?=\/)/gm, `$1${root}`));
    }
    const main = join(root, "etc/network/interfaces");
    const said = (command: string, ...args: string[]) =>
      spawnSync(command, ["-i", main, ...args], { encoding: "utf8", env: { ...process.env, LC_ALL: "C" } });
    const auto = said("ifquery", "--list");
    const would = said("ifup", "--no-act", "--force", "-a");
    for (const { stderr, status } of [auto, would]) {
      expect(stderr.split("\n").filter((line) => /^\S*(ifup|ifquery): |warning/i.test(line))).toEqual([]);
      expect(status).toBe(0);
    }
    const order = auto.stdout.trim().split("\n");
    const { stdout } = said("ifquery", "br0");
    const ports = /^bridge[-_]ports: (.*)$/m.exec(stdout)![1]!.split(" ");
    for (const port of ports.filter((port) => order.includes(port)))
      expect(order.indexOf(port) < order.indexOf("br0")).toBe(isMadeByIfup(port, said("ifquery", port).stdout));
  });
});

describe("on a host with DHCP", () => {
  afterAll(() => down());

  test("the power goes at moments by chance: the next boot has one network or the other, whole", async () =>
    expectPowerCuts(await contractHost("ifupdown", { dhcp: true }), "/etc/network"));
});
