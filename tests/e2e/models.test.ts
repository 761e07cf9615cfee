import { type LabHost, LAN, down, guest, guestAddress, guestLog, must, operator, up, useOwnLab } from "../lab/lab";
import { namespaceOf } from "../lab/state";
import { Stack } from "./stack";

/** Each guest has an interface in each network. */
const networks = ["lan", "lab", "dmz", "backend", "cluster"] as const;
type Network = (typeof networks)[number];
const mac = (guest: "a" | "b", network: Network) => `52:54:00:00:0${guest}:0${networks.indexOf(network)}`;
const subnets = { lab: "192.168.123", dmz: "10.20.0", backend: "10.22.0", cluster: "10.23.0" };
/** By reservation; in the cluster, where nobody leases any, by the guests' own configuration; on the LAN whatever its router leases. */
const fixed = (guest: "a" | "b", network: Exclude<Network, "lan">) => `${subnets[network]}.${guest === "a" ? 11 : 12}`;

describe("who reaches whom in each model of network", () => {
  let host: LabHost;
  let stack: Stack;
  let log: string;
  const addresses = { a: {} as Record<Network, string>, b: {} as Record<Network, string> };

  beforeAll(async () => {
    useOwnLab("models");
    host = await up("kvm1");
    const others = (self: "a" | "b") =>
      (["lab", "dmz", "backend", "cluster"] as const).map((network) => fixed(self === "a" ? "b" : "a", network));
    for (const name of ["a", "b"] as const)
      await guest(host, name, {
        shutOff: true,
        targets: [LAN.operator, ...others(name)],
        fixed: { [mac(name, "cluster")]: `${fixed(name, "cluster")}/24` },
      });
    stack = await Stack.create({ text: program() });
    await stack.up();
    await host.must("virsh -q start a; virsh -q start b");
    for (const name of ["a", "b"] as const)
      for (const network of networks)
        addresses[name][network] = await guestAddress(host, name, { mac: mac(name, network) });
    const complete = (text: string) =>
      networks.every((network) => reaches(text, "a", network, LAN.operator) !== undefined);
    for (let left = 300; left > 0 && !complete((log = await guestLog(host, "a"))); left--)
      await new Promise((resolve) => setTimeout(resolve, 200));
    // Both have come up by now: what did not answer before does.
    await new Promise((resolve) => setTimeout(resolve, 6000));
    log = await guestLog(host, "a");
  }, 240_000);
  afterAll(async () => {
    stack.remove();
    await down();
  });

  /** How it is at last, by the guest's console. */
  function reaches(text: string, name: "a" | "b", network: Network, target: string): boolean | undefined {
    const nic = new RegExp(`^GUEST-IP (\\S+) ${mac(name, network)} `, "m").exec(text)?.[1];
    return [...text.matchAll(/^GUEST-PING-(OK|FAIL) (\S+) (\S+)$/gm)]
      .filter(([, , from, to]) => from === nic && to === target)
      .map(([, outcome]) => outcome === "OK")
      .at(-1);
  }
  const answersOperator = async (address: string) =>
    (await operator(["ping", "-q", "-c", "2", "-W", "1", address])).code === 0;

  it.each([
    ["lan", true],
    ["lab", true],
    ["dmz", false], // until the LAN knows the way back
    ["backend", false],
    ["cluster", false],
  ] as const)("a guest in %s reaches the LAN: %p", (network, does) => {
    expect(reaches(log, "a", network, LAN.operator)).toBe(does);
  });

  it.each([
    ["lab", true],
    ["dmz", true],
    ["backend", true],
    ["cluster", true],
  ] as const)("guests in %s reach one another: %p", (network, does) => {
    expect(reaches(log, "a", network, fixed("b", network))).toBe(does);
  });

  it.each([
    ["lan", true],
    ["lab", true],
    ["dmz", true],
    ["backend", true],
    ["cluster", false],
  ] as const)("the host reaches a guest in %s: %p", async (network, does) => {
    const { code } = await host.sh(`ping -q -c 2 -W 1 ${addresses.a[network]}`);
    expect(code === 0).toBe(does);
  });

  it.each([
    ["lan", true],
    ["lab", false],
    ["dmz", false],
    ["backend", false],
    ["cluster", false],
  ] as const)("the LAN reaches a guest in %s: %p", async (network, does) => {
    expect(await answersOperator(addresses.a[network])).toBe(does);
  });

  it("with the route that the program says, the LAN and a guest in dmz reach one another; in the others still not", async () => {
    const { routes } = (await stack.outputs()) as { routes: string[] };
    expect(routes).toEqual([`10.20.0.0/24 via ${host.address}`]);
    const onOperator = (words: string[]) => must(["ip", "-n", namespaceOf("op"), "route", "add", ...words]);
    for (const route of routes) await onOperator(route.split(" "));
    expect(await answersOperator(addresses.a.dmz)).toBe(true);
    // A neighbour that tries it all the same is turned away by libvirt's rules.
    for (const network of ["lab", "backend", "cluster"] as const) {
      await onOperator([`${subnets[network]}.0/24`, "via", host.address]);
      expect({ [network]: await answersOperator(addresses.a[network]) }).toEqual({ [network]: false });
    }
  });
});

function program(): string {
  const nics = (["a", "b"] as const).flatMap((name) =>
    networks.map((network) => {
      const address = network === "lan" || network === "cluster" ? "" : `, address: "${fixed(name, network)}"`;
      return `new kvmnet.GuestInterface("${name}-${network}", { domain: "${name}", mac: "${mac(name, network)}", network: ${network}.name${address} }, on);`;
    }),
  );
  return `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
const dhcp = (subnet: string) => ({ address: subnet + ".1/24", dhcp: { start: subnet + ".2", end: subnet + ".99" } });
const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false, ip6tables: false, arptables: false }, on);
const lan = new kvmnet.BridgedNetwork("lan", { bridge: br0.name }, on);
const lab = new kvmnet.NatNetwork("lab", dhcp("${subnets.lab}"), on);
const dmz = new kvmnet.RoutedNetwork("dmz", dhcp("${subnets.dmz}"), on);
const backend = new kvmnet.HostOnlyNetwork("backend", dhcp("${subnets.backend}"), on);
const cluster = new kvmnet.IsolatedNetwork("cluster", {}, on);
${nics.join("\n")}
export const routes = dmz.lanRoutes;
`;
}
