import type { LinkState } from "../../provider/hostState";
import { plan } from "../../provider/plan";
import { describedHost } from "../golden/simulatedHost";

/** To systemd 252 it is a new link, which it would set up by the old files, and without the addresses that the change gave it. */
test("systemd-networkd lets a port that leaves its bridge alone until it is told, but for one that it never heard of", () => {
  const manager = "networkd";
  const mac = "52:54:00:aa:00:01";
  const addresses = ["10.0.0.11/24"];
  const before = describedHost({ links: { br0: { kind: "bridge", mac, addresses, manager }, eth0: { mac, master: "br0", manager } } }); // prettier-ignore
  const { ops, revert } = plan({ links: { br0: null, eth0: { master: null, addresses, manager } } }, before);
  const titles = [ops, revert].map((steps) => steps.map(({ title }) => title));
  expect(titles).toEqual([
    [
      "systemd-networkd: let go of eth0",
      "ip -batch: br0, eth0",
      "systemd-networkd: take over br0, eth0",
      "gateway and nameserver answer still",
    ],
    ["ip -batch: br0, eth0", "systemd-networkd: take over br0, eth0"],
  ]);
});

test("NetworkManager makes the link-local address of a port that leaves, and the kernel none", () => {
  const script = (manager: LinkState["manager"]) => {
    const of = { ...(manager && { manager }) };
    const before = describedHost({ links: { br0: { kind: "bridge", ...of }, eth0: { master: "br0", ...of } } });
    const { ops } = plan({ links: { eth0: { master: null, ...of } } }, before);
    return ops.map(({ script }) => script).join("\n");
  };
  expect(script("networkd")).toContain("addr_gen_mode");
  expect(script("NetworkManager")).not.toContain("addr_gen_mode");
});

/** It takes all VLANs from a bridge that does not filter them: one that begins to would let nothing through. */
test("NetworkManager's bridge has its default VLAN again before it filters", () => {
  const lines = (manager: LinkState["manager"]) => {
    const of = { kind: "bridge", ...(manager && { manager }) };
    const before = describedHost({ links: { br0: { ...of, bridge: { vlanFiltering: false } } } });
    const { ops } = plan({ links: { br0: { ...of, bridge: { vlanFiltering: true } } } }, before);
    return ops[0]!.script.match(/vlan_\w+ \d/g);
  };
  expect(lines("NetworkManager")).toEqual(["vlan_default_pvid 0", "vlan_default_pvid 1", "vlan_filtering 1"]);
  expect(lines("networkd")).toEqual(["vlan_filtering 1"]);
});
