import type { HostState } from "../../provider/hostState";
import { networkFromXml } from "../../provider/libvirt/network";
import { natNetwork } from "../../provider/resources/networks";
import { Stack } from "../golden/stack";

/** What somebody changes of a network behind the stack's back, in the running definition, in the persistent one, or in both. */
const args = {
  address: "192.168.123.1/24",
  dhcp: {
    start: "192.168.123.100",
    end: "192.168.123.199",
    hosts: [{ mac: "52:54:00:00:00:01", address: "192.168.123.10" }],
  },
  dns: { hosts: [{ address: "192.168.123.10", hostnames: ["web"] }] },
};
const edits: [what: string, from: string, to: string, live: string][] = [
  ["an MTU", "<dns>", "<mtu size='1400'/><dns>", "mtu.size is 1400, wanted not there"],
  ["another DNS name", ">web<", ">www<", `dns.host[192.168.123.10].hostname[web].text is "www", wanted "web"`],
  ["another range", "123.199", "123.150", `ip[192.168.123.1/24].dhcp.range[192.168.123.100 192.168.123.199].end is "192.168.123.150", wanted "192.168.123.199"`],
  ["an unknown <option>", "<dns>", "<dns><x y='z'/>", ""],
]; // prettier-ignore

async function drifted(edit: (xml: string) => string, ...which: ("xml" | "liveXml")[]) {
  const stack = new Stack(natNetwork, "lab");
  await stack.up(args);
  const networks = { ...stack.host.observed.networks };
  const network = networks["lab"]!;
  networks["lab"] = { ...network, ...Object.fromEntries(which.map((key) => [key, edit(network[key]!)])) };
  stack.host.observed = { ...stack.host.observed, networks };
  const { inputs } = await stack.read();
  return { stack, found: inputs as HostState };
}

test.each(edits)("%s in the running network alone is named, and healed", async (_, from, to, live) => {
  const { stack, found } = await drifted((xml) => xml.replace(from, to), "liveXml");
  expect(found.networks!["lab"]!.live).toBe(live || true);
  expect(found.networks!["lab"]!.xml).toBe((stack.inputs as HostState).networks!["lab"]!.xml);
  await stack.up(args);
  const { live: healed } = ((await stack.read()).inputs as HostState).networks!["lab"]!;
  expect(healed).toBe(true);
});

test.each(edits)("%s in the persistent definition alone is a line of its text", async (_, from, to, live) => {
  const { stack, found } = await drifted((xml) => xml.replace(from, to), "xml");
  expect(found.networks!["lab"]!.live).toBe(true);
  const same = found.networks!["lab"]!.xml === (stack.inputs as HostState).networks!["lab"]!.xml;
  expect(same).toBe(live === "");
});

test.each(["xml", "liveXml"] as const)("a reservation that is another one in %s", async (which) => {
  const { stack, found } = await drifted((xml) => xml.replace("ip='192.168.123.10'/>", "ip='192.168.123.11'/>"), which);
  expect(found.reservations).toEqual({ "lab/52:54:00:00:00:01": { address: "192.168.123.11" } });
  await stack.up(args);
  expect(((await stack.read()).inputs as HostState).reservations).toEqual((stack.inputs as HostState).reservations);
  expect(networkFromXml(stack.host.observed.networks["lab"]!.liveXml!).name).toBe("lab");
});

test("an adopted network keeps what the program does not speak of, until it does", async () => {
  const xml = `<network>
  <name>default</name>
  <uuid>b1f9d4a2-6d0b-4c0e-9b57-0d4d7f6d3c11</uuid>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='off' delay='2'/>
  <mtu size='1400'/>
  <dns>
    <host ip='192.168.122.5'>
      <hostname>printer</hostname>
    </host>
    <txt name='a' value='b'/>
  </dns>
  <ip address='192.168.122.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='192.168.122.2' end='192.168.122.254'/>
      <bootp file='x.img'/>
    </dhcp>
  </ip>
</network>`;
  const network = { xml, liveXml: xml, active: true, autostart: true, persistent: true, leases: [] };
  const stack = new Stack(natNetwork, "default", { networks: { default: network } });
  const minimal = { name: "default", adopt: true, address: "192.168.122.1/24" };
  await stack.up(minimal);
  expect(stack.host.observed.networks["default"]).toEqual(network);
  expect(stack.host.plans.at(-1)!.ops).toEqual([]);
  // A list that is given is the whole list, an empty one none.
  await stack.up({ ...minimal, dns: { hosts: [] }, mtu: 1500 });
  const now = () => stack.host.observed.networks["default"]!.xml;
  expect(now()).toBe(xml.replace(/\n {4}<host[^]*<\/host>/, "").replace("1400", "1500"));
  // What is spoken of no more is again as it was found.
  await stack.up(minimal);
  for (const found of ["<hostname>printer", "<mtu size='1400'/>", "<bootp file='x.img'/>"])
    expect(now()).toContain(found);
  await stack.destroy();
  expect(now()).toContain("<hostname>printer");
});
