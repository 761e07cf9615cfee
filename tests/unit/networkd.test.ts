import type { BridgePlan } from "../../provider/backends/backend";
import { parseIni, printIni } from "../../provider/backends/iniFile";
import { networkd } from "../../provider/backends/networkd";
import { dhcpOf, parseNetworkctl } from "../../provider/backends/networkctl";
import { secondsOf } from "../../provider/backends/networkdFiles";

/** As systemd 252 prints it. */
const status = `● 1: lo
                     Link File: n/a
                  Network File: n/a
                         State: carrier (unmanaged)

● 2: eth0
                     Link File: /usr/lib/systemd/network/99-default.link
                  Network File: /etc/systemd/network/20-lan.network
                         State: routable (configured)
                       Address: 10.0.0.151 (DHCP4 via 10.0.0.1)
               DHCP4 Client ID: IAID:0xb85d39e7/DUID

* 3: eth1
                  Network File: /usr/lib/systemd/network/80-wired.network
                         State: no-carrier (configuring)
`;

test("what networkctl says is in networkd's hands", () =>
  expect({ ...parseNetworkctl(status) }).toEqual({
    eth0: { by: "networkd", file: "/etc/systemd/network/20-lan.network", iaid: "0xb85d39e7" },
    eth1: { by: "networkd", file: "/usr/lib/systemd/network/80-wired.network" },
  }));

test("the last DHCP= counts, drop-ins after the file, by their names", () => {
  const file = "/etc/systemd/network/20-lan.network";
  const drop = (folder: string, name: string, value: string) => ({ [`${folder}/20-lan.network.d/${name}`]: `[Network]\nDHCP=${value}\n` }); // prettier-ignore
  const run = "/run/systemd/network";
  expect(dhcpOf(file, { [file]: "[Network]\nDHCP=yes\n" })).toEqual([4, 6]);
  expect(dhcpOf(file, { [file]: "[Network]\nDHCP=yes\n", ...drop(run, "b.conf", "no"), ...drop("/etc/systemd/network", "a.conf", "ipv4") })).toEqual([]); // prettier-ignore
  expect(dhcpOf(undefined, {})).toEqual([]);
});

test.each(["[A]\nx=1\n", "# c\n[A]\nx=1 \\\n 2\n\n# d\n[B]\n; e\ny = 3\n", "\n[A]\n"])("%j is kept", (text) =>
  expect(printIni(parseIni(text))).toBe(text.replace(/^\n/, "\n")),
);

test.each([["15", 15], ["15s", 15], ["1min 20s", 80], ["500ms", 0.5], ["", undefined], ["soon", undefined]] as const)(
  "%j is %p seconds",
  (span, seconds) => expect(secondsOf(span)).toBe(seconds),
); // prettier-ignore

const plan: BridgePlan = {
  name: "br0", ports: ["eth0"], left: [], dhcp4: false, dhcp6: false, addresses: ["10.0.0.11/24"], routes: ["default via 10.0.0.1"],
  nameservers: [], searchDomains: [], stp: false, forwardDelay: 0, maxWait: 0, mark: "kvmnet: br0",
}; // prettier-ignore
const PATH = "/etc/systemd/network/20-lan.network";
const foundIn = (text: string) => networkd.find("eth0", { mac: "52:54:00:aa:00:01" }, { [PATH]: text });
const rendered = (text: string, changed: Partial<BridgePlan> = {}) =>
  networkd.render({ ...plan, ...changed }, { eth0: foundIn(text) }, {}).files![
    "/etc/systemd/network/05-kvmnet-br0.network"
  ]!;

test("a NIC's file is found by its name, its MAC, a pattern", () => {
  const network = "[Network]\nAddress=10.0.0.11/24\n";
  for (const match of ["Name=eth0", "Name=en* eth*", "MACAddress=52:54:00:AA:00:01", "PermanentMACAddress=52:54:00:aa:00:01", "Name=!wl*"])
    expect(foundIn(`[Match]\n${match}\n\n${network}`).addresses).toEqual(["10.0.0.11/24"]); // prettier-ignore
  for (const match of ["Name=eth1", "Name=!eth*", "Name=eth0\nMACAddress=52:54:00:aa:00:02", "Type=ether"])
    expect(foundIn(`[Match]\n${match}\n\n${network}`).addresses).toEqual([]);
});

test("what is found: every spelling", () =>
  expect(foundIn("[Match]\nName=eth0\n[Link]\nMACAddress=52:54:00:BB:00:01\n[Network]\nAddress=fd00::11/64\nAddress=\nAddress=fd00::12/64\nGateway=10.0.0.1\nGateway=_dhcp4\nDNS=10.0.0.1 10.0.0.2\nDNS=fd00::1\nDHCP=v6\n[Address]\nAddress=10.0.0.11/24\n[Route]\nDestination=10.9.0.0/16\nGateway=10.0.0.254\nMetric=5\n[Route]\nDestination=10.8.0.0/16\nGateway=10.0.0.254\nTable=100\n")).toMatchObject({
    dhcp4: false, dhcp6: true, addresses: ["10.0.0.11/24", "fd00::12/64"], routes: ["default via 10.0.0.1", "10.9.0.0/16 via 10.0.0.254 metric 5"],
    nameservers: ["10.0.0.1", "10.0.0.2", "fd00::1"], macAddress: "52:54:00:bb:00:01",
  })); // prettier-ignore

test("what nobody here knows moves with what is reached over the NIC, the NIC's own stays", () => {
  const text =
    "[Match]\nName=eth0\n\n[Link]\nMTUBytes=1400\n\n[Network]\nAddress=10.0.0.11/24\nVLAN=eth0.20\nFutureKey=x\n\n[Route]\nGateway=10.0.0.1\n\n[FutureSection]\ny=1\n";
  expect(rendered(text)).toBe("# kvmnet: br0\n[Match]\nName=br0\n\n[Network]\nAddress=10.0.0.11/24\nFutureKey=x\n\n[Route]\nGateway=10.0.0.1\n\n[FutureSection]\ny=1\n"); // prettier-ignore
});

test("no DHCP is no DHCP= any more, and comes back", () => {
  expect(rendered("[Match]\nName=eth0\n\n[Network]\nDHCP=yes\n")).not.toContain("DHCP");
  const both = { dhcp4: true, dhcp6: true, addresses: [], routes: [] };
  expect(rendered("[Match]\nName=eth0\n\n[Network]\nDHCP=true\n", both)).toContain("\nDHCP=true\n");
});

test("a port that is given up stays bare as long as the bridge has what it had", () => {
  const found = foundIn("[Match]\nName=eth0\n\n[Network]\nAddress=10.0.0.11/24\n");
  const { files } = networkd.render({ ...plan, ports: [], left: ["eth0"] }, { eth0: found }, {});
  expect(files!["/etc/systemd/network/05-kvmnet-br0.port-eth0.network"]).toBe(
    "# kvmnet: br0\n[Match]\nName=eth0\n\n[Network]\n",
  );
});
