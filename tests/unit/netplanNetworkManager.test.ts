import { parse } from "yaml";
import type { BridgePlan, Found } from "../../provider/backends/backend";
import { netplanNetworkManager } from "../../provider/backends/netplanNetworkManager";
import { backendOf } from "../../provider/backends/registry";

const FILE = "/etc/netplan/01-netcfg.yaml";
const head = "network:\n  renderer: NetworkManager\n  ethernets:\n";
const files = (yaml: string) => ({ [FILE]: yaml });
const plan: BridgePlan = {
  name: "br0", ports: ["eth0"], left: [], dhcp4: true, dhcp6: false, addresses: [], routes: [], nameservers: [], searchDomains: [],
  macAddress: "52:54:00:aa:00:01", stp: false, forwardDelay: 0, maxWait: 0, mark: "Managed",
}; // prettier-ignore
type Says = Record<string, unknown>;

/** What is made of the device of eth0: the bridge and the port as YAML says them. */
function made(device: string, more: Partial<BridgePlan> = {}, known: Partial<Found> = {}, text = head) {
  const all = files(`${text}    eth0:\n${device}`);
  const found = { eth0: { ...netplanNetworkManager.find("eth0", { mac: "52:54:00:aa:00:01" }, all), ...known } };
  const { sections = {} } = netplanNetworkManager.render({ ...plan, ...more }, found, all);
  const of = (name: string) => Object.values(parse(sections[`${FILE}#${name}`] ?? "{}") as Says)[0] as Says;
  return { bridge: of("bridges.br0"), port: of("ethernets.eth0"), refused: (more: Partial<BridgePlan> = {}) => netplanNetworkManager.unsupported({ ...plan, ...more }, found, all) }; // prettier-ignore
}
const settings = (device: Says) => (device["networkmanager"] as { passthrough?: Says } | undefined)?.passthrough;

test("of what is NetworkManager's alone, the way over the port goes with it, and the NIC's own stays", () => {
  const { bridge, port } = made(
    '      dhcp4: true\n      networkmanager:\n        uuid: 6a1a2d5f-5a0e-4d5c-8f2e-0d7b8c1f3a11\n        passthrough:\n          connection.zone: home\n          connection.lldp: "1"\n          ipv4.dhcp-timeout: "9"\n          ethernet.duplex: full\n',
  );
  expect(settings(bridge)).toEqual({ "connection.zone": "home", "ipv4.dhcp-timeout": "9", "ipv4.route-metric": "100" });
  expect(port).toEqual({ networkmanager: { uuid: "6a1a2d5f-5a0e-4d5c-8f2e-0d7b8c1f3a11", passthrough: { "connection.lldp": "1", "ethernet.duplex": "full" } } }); // prettier-ignore
});

test("the metric and the lease are the NIC's; what netplan says of them itself is not said again", () => {
  const lease = { clientId: "01:52:54:00:aa:00:01", metric: 20 };
  expect(settings(made("      dhcp4: true\n", {}, lease).bridge)).toEqual({ "ipv4.route-metric": "20" });
  expect(settings(made("      dhcp4: true\n", {}, { clientId: "ff:01" }).bridge)).toMatchObject({ "ipv4.dhcp-client-id": "ff:01" }); // prettier-ignore
  expect(
    made("      dhcp4: true\n      dhcp4-overrides: {route-metric: 77}\n").bridge["networkmanager"],
  ).toBeUndefined();
});

test("routes without a metric have NetworkManager's, and those of the kernel's are said to", () => {
  const device = "      addresses: [10.0.0.11/24]\n      routes: [{to: default, via: 10.0.0.1}]\n";
  const { routes } = netplanNetworkManager.find("eth0", { kind: "bond" }, files(`${head}    eth0:\n${device}`));
  expect(routes).toEqual(["default via 10.0.0.1 metric 300"]);
  const of = (...routes: string[]) => made(device, { dhcp4: false, addresses: ["10.0.0.11/24"], routes }).bridge["routes"]; // prettier-ignore
  expect(of("default via 10.0.0.1 metric 100")).toEqual([{ to: "default", via: "10.0.0.1" }]);
  expect(of("default via 10.0.0.1")).toEqual([{ to: "0.0.0.0/0", via: "10.0.0.1", metric: 0 }]);
});

test("where there is no IPv4, no address is made up: of the bridge, and of a port that has left", () => {
  expect(settings(made("      dhcp4: true\n", { dhcp4: false }).bridge)).toEqual({ "ipv4.method": "disabled" });
  expect(settings(made("      dhcp4: true\n", { ports: [], left: ["eth0"] }).port)).toEqual({ "ipv4.method": "disabled" }); // prettier-ignore
});

test("the first port's renderer is the bridge's: its own, its kind's, that of all", () => {
  const of = (yaml: string) => backendOf("netplan", ["eth0"], { files: files(yaml), has: () => false }).manager;
  const device = "    eth0:\n      dhcp4: true\n";
  expect(of(`${head}${device}`)).toBe("NetworkManager");
  expect(of(`${head}${device}      renderer: networkd\n`)).toBe("networkd");
  expect(of(`network:\n  ethernets:\n    renderer: NetworkManager\n${device}`)).toBe("NetworkManager");
  expect(of(`network:\n  ethernets:\n${device}`)).toBe("networkd");
  const { bridge, port, refused } = made("      renderer: NetworkManager\n      dhcp4: true\n", {}, {}, "network:\n  ethernets:\n"); // prettier-ignore
  expect([bridge["renderer"], port["renderer"], refused()]).toEqual(["NetworkManager", "NetworkManager", undefined]);
  expect(made("      dhcp4: true\n      renderer: networkd\n").refused()).toContain("netplan's renderer of eth0 is networkd, and the bridge's is NetworkManager"); // prettier-ignore
});

test("what it cannot is refused with the reason", () => {
  const { refused } = made("      dhcp4: true\n");
  expect(refused()).toBeUndefined();
  expect(refused({ helloTime: 1 })).toContain("NetworkManager sets helloTime only with STP on");
  expect(refused({ nameservers: ["fd00::1"] })).toContain("takes the nameserver fd00::1 only with IPv6");
  const past = "      dhcp4: true\n      networkmanager:\n        passthrough:\n          ipv4.method: shared\n";
  expect(made(past).refused()).toBe(`${FILE} says ipv4.method of eth0 to NetworkManager, past netplan; say it in netplan's words`); // prettier-ignore
  const all = files(`${head}    eth1:\n      dhcp4: true\n`);
  const other = netplanNetworkManager.find("eth0", { dhcp4: true }, all);
  expect(netplanNetworkManager.unsupported(plan, { eth0: other }, all)).toContain("by a profile that netplan has no word of"); // prettier-ignore
});
