import { log } from "../../provider/host/log";
import { lifecycle } from "../../provider/lifecycle";
import { UNKNOWN } from "../../provider/parse";
import type { ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { bridgeNetfilter } from "../../provider/resources/bridgeNetfilter";
import { guestInterface } from "../../provider/resources/guestInterface";
import { natNetwork } from "../../provider/resources/networks";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { describedHost, SimulatedHost } from "../golden/simulatedHost";

beforeEach(() => jest.spyOn(log, "warning").mockResolvedValue());

const host = () =>
  new SimulatedHost(
    describedHost({
      links: {
        eth0: { mac: "52:54:00:aa:00:01" },
        eth1: { mac: "52:54:00:aa:00:02", master: "br9" },
        br9: { kind: "bridge" },
      },
    }),
  );

async function problems(definition: unknown, args: Record<string, unknown>): Promise<string[]> {
  const resource = lifecycle(definition as ResourceDefinition<never>, () => host().session);
  const { type } = definition as ResourceDefinition<never>;
  const __urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${type}::x`;
  const { failures = [], inputs } = await resource.check({}, { ...args, __urn });
  // What was refused renders nothing.
  if (failures.length > 0) expect(inputs).toEqual({ ...args, __urn });
  return [...new Set(failures.map(({ property }) => property))];
}

const nat = { address: "192.168.123.1/24" };
const dhcp = { start: "192.168.123.2", end: "192.168.123.254" };
const guest = { domain: "web", bridge: "br0" };

/** Bad input, and the property by which it is named. */
test.each<[string, unknown, Record<string, unknown>, string[]]>([
  ["an interface name of 16 bytes", bridge, { name: "sixteen-bytes-xx", ports: [] }, ["name"]],
  ["an interface name with a slash", bridge, { ports: ["a/b"] }, ["ports[0]"]],
  ["a shell in a name", bridge, { name: '"; reboot', ports: [] }, ["name"]],
  ["a shell in a domain", guestInterface, { ...guest, domain: '"; reboot' }, ["domain"]],
  ["a shell in a network's name", natNetwork, { ...nat, name: '"; reboot' }, ["name"]],
  ["an address without prefix", bridge, { ports: [], addresses: ["10.0.0.1/8", "10.0.0.11"] }, ["addresses[1]"]],
  ["a network's address without prefix", natNetwork, { address: "192.168.123.1" }, ["address"]],
  ["a DHCP range that starts outside", natNetwork, { ...nat, dhcp: { ...dhcp, start: "192.168.122.2" } }, ["dhcp.start"]],
  ["a DHCP range that ends outside", natNetwork, { ...nat, dhcp: { ...dhcp, end: "192.168.124.2" } }, ["dhcp.end"]],
  ["a DHCP range the wrong way round", natNetwork, { ...nat, dhcp: { start: dhcp.end, end: dhcp.start } }, ["dhcp.end"]],
  ["a DHCP range over the host's own address", natNetwork, { address: "192.168.123.9/24", dhcp }, ["dhcp.start"]],
  ["a reservation outside", natNetwork, { ...nat, dhcp: { ...dhcp, hosts: [{ mac: "52:54:00:00:00:01", address: "10.0.0.1" }] } }, ["dhcp.hosts[0].address"]],
  ["a MAC address with the multicast bit", guestInterface, { ...guest, mac: "01:54:00:00:00:01" }, ["mac"]],
  ["a bridge's MAC address with the multicast bit", bridge, { ports: [], macAddress: "03:54:00:00:00:01" }, ["macAddress"]],
  ["a bridge that is its own port", bridge, { name: "br0", ports: ["eth0", "br0"] }, ["ports[1]"]],
  ["a port twice", bridge, { name: "br0", ports: ["eth0", "eth0"] }, ["ports[1]"]],
  ["both bridge and network", guestInterface, { ...guest, network: "lab" }, ["network"]],
  ["neither bridge nor network", guestInterface, { domain: "web" }, ["bridge"]],
  ["a reservation on a bridge", guestInterface, { ...guest, address: "10.0.0.5" }, ["address"]],
  ["a bridge and a user network", guestInterface, { ...guest, user: "slirp" }, ["user"]],
  ["a user network that is none", guestInterface, { domain: "web", user: "nat" }, ["user"]],
  ["a device's properties without one", guestInterface,
    { domain: "web", user: "slirp", vlan: { tags: [{ id: 1 }] }, bandwidth: { inbound: { average: 1 } }, filter: { name: "f" }, mtu: 1400, isolated: true, tapName: "t", queues: 2 },
    ["vlan", "bandwidth", "filter", "mtu", "isolated", "tapName", "queues"]],
  ["a port group of a bridge", guestInterface, { ...guest, portgroup: "a" }, ["portgroup"]],
  ["a VLAN tag that is none", guestInterface, { ...guest, vlan: { tags: [{ id: 4096 }] } }, ["vlan.tags[0].id"]],
  ["a VLAN without tags", guestInterface, { ...guest, vlan: { tags: [] } }, ["vlan.tags"]],
  ["a VLAN misspelt", guestInterface, { ...guest, vlan: { tags: [{ id: 1 }], native: 1 } }, ["vlan.native"]],
  ["no average", guestInterface, { ...guest, bandwidth: { inbound: { peak: 5 } } }, ["bandwidth.inbound.average"]],
  ["half a KiB", guestInterface, { ...guest, bandwidth: { outbound: { average: 0.5 } } }, ["bandwidth.outbound.average"]],
  ["a floor outbound", guestInterface, { ...guest, bandwidth: { outbound: { average: 1, floor: 1 } } }, ["bandwidth.outbound.floor"]],
  ["a rate misspelt", guestInterface, { ...guest, bandwidth: { inbound: { average: 1, avg: 1 }, both: {} } }, ["bandwidth.both", "bandwidth.inbound.avg"]],
  ["a filter without a name", guestInterface, { ...guest, filter: { parameters: { IP: "1" } } }, ["filter.name"]],
  ["a filter's parameter that is none", guestInterface, { ...guest, filter: { name: "f", parameters: { IP: "a'b" } } }, ["filter.parameters"]],
  ["an MTU too small", guestInterface, { ...guest, mtu: 60 }, ["mtu"]],
  ["a tap of libvirt's own making", guestInterface, { ...guest, tapName: "vnet7" }, ["tapName"]],
  ["queues of what has one", guestInterface, { ...guest, model: "e1000", queues: 2 }, ["queues"]],
  ["a boot order from 0", guestInterface, { ...guest, bootOrder: 0 }, ["bootOrder"]],
  ["a gateway outside", guestInterface, { ...guest, address: "10.0.0.5/24", gateway: "10.0.1.1" }, ["gateway"]],
  ["a gateway of a guest that asks for a lease", guestInterface, { domain: "web", network: "lab", address: "10.0.0.5", gateway: "10.0.0.1" }, ["gateway"]],
  ["a gateway without an address", guestInterface, { ...guest, gateway6: "fd00::1" }, ["gateway6"]],
  ["a guest's IPv4 address as IPv6", guestInterface, { ...guest, address6: "10.0.0.5/24" }, ["address6"]],
  ["a guest's IPv6 address as IPv4", guestInterface, { ...guest, address: "fd00::1/64" }, ["address"]],
  ["a port that does not exist", bridge, { ports: ["eth7"] }, ["ports[0]"]],
  ["a port of another bridge", bridge, { ports: ["eth0", "eth1"] }, ["ports[1]"]],
  ["a bridge as port", bridge, { ports: ["br9"] }, ["ports[0]"]],
  ["the loopback as port", bridge, { ports: ["lo"] }, ["ports[0]"]],
  ["no ports said", bridge, {}, ["ports"]],
  ["ports that are no list", bridge, { ports: "eth0" }, ["ports"]],
  ["a bad port among others, named at its own place", bridge, { name: "br0", ports: ["eth0", "a/b"] }, ["ports[1]"]],
  ["beside an unknown one, too", bridge, { name: "br0", ports: [UNKNOWN, "a/b"] }, ["ports[1]"]],
  ["a forward delay that STP forbids", bridge, { ports: [], stp: true, forwardDelay: 1 }, ["forwardDelay"]],
  ["an address and DHCP", bridge, { ports: [], dhcp4: true, addresses: ["10.0.0.1/24"] }, ["addresses"]],
  ["a route over the other family", bridge, { ports: [], routes: [{ to: "fd00::/8", via: "10.0.0.1" }] }, ["routes[0].via"]],
  ["a route without gateway", bridge, { ports: [], routes: [{ to: "default" }, { via: "10.0.0.1" }] }, ["routes[0].via", "routes[1].to"]],
  ["an owner that is none", bridge, { ports: [], owner: "openwrt" }, ["owner"]],
  ["an argument that is none", bridge, { ports: [], port: "eth0" }, ["port"]],
  ["nothing to forward", sysctlForwarding, {}, ["ipv4"]],
  ["forwarding neither on nor off", sysctlForwarding, { ipv4: "on" }, ["ipv4"]],
  ["no netfilter family", bridgeNetfilter, {}, ["iptables"]],
  ["an IPv6 address as IPv4", natNetwork, { address: "fd00::1/64" }, ["address"]],
  ["an IPv4 address as IPv6", natNetwork, { ...nat, address6: "10.9.0.1/24" }, ["address6"]],
  ["the subnet's own address", natNetwork, { address: "192.168.123.0/24" }, ["address"]],
  ["a lease shorter than dnsmasq's", natNetwork, { ...nat, dhcp: { ...dhcp, leaseTime: 60 } }, ["dhcp.leaseTime"]],
  ["a MAC reserved twice", natNetwork, { ...nat, dhcp: { ...dhcp, hosts: [
    { mac: "52:54:00:00:00:01", address: "192.168.123.5" }, { mac: "52-54-00-00-00-01", address: "192.168.123.6" }] } }, ["dhcp.hosts[1].mac"]],
])("%s", async (_, definition, args, properties) => expect(await problems(definition, args)).toEqual(properties)); // prettier-ignore

test.each<[string, unknown, Record<string, unknown>]>([
  ["a bridge without ports", bridge, { ports: [] }],
  ["a bridge with a port", bridge, { ports: ["eth0"] }],
  ["a network", natNetwork, { ...nat, dhcp }],
  ["a /31 network", natNetwork, { address: "10.9.0.0/31" }],
  ["a guest's interface on what is yet to come", guestInterface, guest],
  [
    "a guest's interface with all that it may have, but for a VLAN",
    guestInterface,
    {
      domain: "web",
      network: "lab",
      portgroup: "a",
      model: "virtio",
      linkState: "down",
      filter: { name: "clean-traffic", parameters: { IP: ["10.0.0.5"] } },
      mtu: 1400,
      bandwidth: { inbound: { average: 1, peak: 2, burst: 3, floor: 1 }, outbound: { average: 1 } },
      isolated: true,
      bootOrder: 1,
      tapName: "web-lan",
      queues: 2,
      reattach: true,
      address: "10.0.0.5/24",
      gateway: "10.0.0.1",
      address6: "fd00::5/64",
      gateway6: "fd00::1",
      nameservers: ["10.0.0.1"],
      searchDomains: ["lab.example"],
    },
  ],
  [
    "what is not known yet, at any depth",
    guestInterface,
    { ...guest, vlan: UNKNOWN, bandwidth: { inbound: { average: UNKNOWN } }, address: UNKNOWN, gateway: "10.0.0.1" },
  ],
  ["forwarding off", sysctlForwarding, { ipv4: false }],
  ["netfilter on", bridgeNetfilter, { iptables: true }],
])("%s is fine", async (_, definition, args) => expect(await problems(definition, args)).toEqual([]));
