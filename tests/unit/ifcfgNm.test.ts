import type { BridgePlan } from "../../provider/backends/backend";
import { ifcfgNm } from "../../provider/backends/ifcfgNm";
import { readerOf } from "../../provider/backends/ifcfgReader";
import { inOrder } from "../../provider/backends/networkManagerOrder";
import { leasesOf } from "../../provider/backends/nmcli";
import type { Facts } from "../../provider/facts";

/** As NetworkManager's reader has them (nms-ifcfg-rh-reader.c of 1.42). */
const SCRIPTS = "/etc/sysconfig/network-scripts";
const PATH = `${SCRIPTS}/ifcfg-eth0`;
const held = { by: "NetworkManager", file: PATH, metric: 100 } as const;
const found = (text: string, others: Readonly<Record<string, string>> = {}, link = {}) =>
  ifcfgNm.find("eth0", link, { [PATH]: `DEVICE=eth0\n${text}\n`, ...others }, held);

test.each([
  ["a gateway that no address reaches", "IPADDR=10.0.0.11\nPREFIX=24\nGATEWAY=10.9.9.9", ["default via 10.9.9.9 metric 100"]],
  ["one beside a second address", "IPADDR1=10.0.0.11\nPREFIX1=24\nGATEWAY1=10.0.0.1", ["default via 10.0.0.1 metric 100"]],
  ["the metric of all", "IPADDR=10.0.0.11\nPREFIX=24\nGATEWAY=10.0.0.1\nIPV4_ROUTE_METRIC=50", ["default via 10.0.0.1 metric 50"]],
  ["network-scripts' metric is none of its words", "IPADDR=10.0.0.11\nPREFIX=24\nGATEWAY=10.0.0.1\nMETRIC=50", ["default via 10.0.0.1 metric 100"]],
  ["no default route", "IPADDR=10.0.0.11\nPREFIX=24\nGATEWAY=10.0.0.1\nDEFROUTE=no", []],
  ["without IPV6INIT nothing of IPv6", "IPV6ADDR=fd00::11/64\nIPV6_DEFAULTGW=fd00::1", []],
  ["IPv6", "IPV6INIT=yes\nIPV6_AUTOCONF=no\nIPV6ADDR=fd00::11\nIPV6_DEFAULTGW=fd00::1%eth0", ["default via fd00::1 metric 100"]],
])("%s", (_, text, routes) => expect(found(text).routes).toEqual(routes)); // prettier-ignore

test("a gateway, and the device that has it, of all links", () => {
  const routes = (global: string) => found("IPADDR=10.0.0.11\nPREFIX=24", { "/etc/sysconfig/network": global }).routes;
  expect(routes("GATEWAY=10.0.0.1\n")).toEqual(["default via 10.0.0.1 metric 100"]);
  expect(routes("GATEWAY=10.0.0.1\nGATEWAYDEV=eth1\n")).toEqual([]);
});

test("routes of its file, in both formats; by the device's name it does not look", () => {
  const routes = (others: Readonly<Record<string, string>>) => found("BOOTPROTO=none", others).routes;
  expect(routes({ [`${SCRIPTS}/route-eth0`]: "10.9.0.0/16 via 10.0.0.254 dev eth0 metric 7\n" })).toEqual(["10.9.0.0/16 via 10.0.0.254 metric 7"]); // prettier-ignore
  expect(routes({ [`${SCRIPTS}/route-eth0`]: "ADDRESS0=10.9.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=10.0.0.254\n" })).toEqual(["10.9.0.0/16 via 10.0.0.254 metric 100"]); // prettier-ignore
  const named = ifcfgNm.find("eth0", {}, { [`${SCRIPTS}/ifcfg-lan`]: "DEVICE=eth0\n", [`${SCRIPTS}/route-eth0`]: "10.9.0.0/16 via 10.0.0.254\n" }, { ...held, file: `${SCRIPTS}/ifcfg-lan` }); // prettier-ignore
  expect(named.routes).toEqual([]);
});

test.each([
  ["IPV6INIT=yes", true],
  ["IPV6INIT=yes\nIPV6_AUTOCONF=no\nDHCPV6C=yes", true],
  ["IPV6INIT=yes\nIPV6FORWARDING=yes", false],
  ["DHCPV6C=yes", false],
  ["IPV6INIT=yes\nIPV6_DISABLED=yes", false],
])("%s: it has IPv6 by the router: %s", (text, is) => {
  expect(found(text).dhcp6).toBe(is);
  expect(leasesOf(held, { [PATH]: text })).toEqual(is ? [6] : []);
});

test("a port is nobody's client", () =>
  expect(leasesOf(held, { [PATH]: "BOOTPROTO=dhcp\nIPV6INIT=yes\nBRIDGE=br0\n" })).toEqual([]));

test("a bridge's times are seconds, and STP's own are its only", () => {
  const options = (text: string) => found(`TYPE=Bridge\n${text}`).bridge;
  expect(options('STP=yes\nDELAY=4\nBRIDGING_OPTS="hello_time=1 ageing_time=120"')).toEqual({ stp: true, forwardDelay: 4, helloTime: 1, ageingTime: 120 }); // prettier-ignore
  expect(options('STP=no\nDELAY=4\nBRIDGING_OPTS="hello_time=1 ageing_time=120"')).toEqual({ stp: false, ageingTime: 120 }); // prettier-ignore
  expect(options("STP=true")).toEqual({ stp: false });
});

const plan: BridgePlan = {
  name: "br0", ports: ["eth0"], left: [], dhcp4: true, dhcp6: false, addresses: [], routes: [], nameservers: [], searchDomains: [],
  macAddress: "52:54:00:aa:00:01", stp: false, forwardDelay: 0, maxWait: 0, mark: "ours",
}; // prettier-ignore

test("a lease goes on: by the client's identity where that is not the MAC", () => {
  const written = (clientId: string) => {
    const port = ifcfgNm.find("eth0", {}, { [PATH]: "DEVICE=eth0\nBOOTPROTO=dhcp\n" }, { ...held, clientId });
    return ifcfgNm.render(plan, { eth0: port }, {}).files![`${SCRIPTS}/ifcfg-br0`];
  };
  expect(written("ff:01:02")).toContain("DHCP_CLIENT_ID=ff:01:02\n");
  expect(written("01:52:54:00:aa:00:01")).not.toContain("DHCP_CLIENT_ID");
});

test("the bridge comes last, and starts by its port until then", () => {
  const [bridge, port] = [`${SCRIPTS}/ifcfg-br0`, PATH];
  const changes = inOrder([[port, "DEVICE=eth0\nBRIDGE=br0\n"], [bridge, "DEVICE=br0\nTYPE=Bridge\nONBOOT=yes\n"]], { [port]: "DEVICE=eth0\nBOOTPROTO=dhcp\n" }, true); // prettier-ignore
  expect(changes.map(([path, text]) => [path, /^ONBOOT=(.*)$/m.exec(text ?? "")?.[1]])).toEqual([[bridge, "no"], [port, undefined], [bridge, "yes"]]); // prettier-ignore
});

test("who reads the files, NetworkManager says itself", () => {
  const reader = (facts: Partial<Facts>, text = "DEVICE=eth0\n") => readerOf(["eth0"], facts as Facts, { [PATH]: text }, () => undefined); // prettier-ignore
  const daemons = ["NetworkManager"] as const;
  expect(reader({})).toEqual({});
  expect(reader({ daemons, managed: { eth0: held } })).toEqual({ manager: "NetworkManager" });
  expect(reader({ daemons }, "DEVICE=eth0\nNM_CONTROLLED=no\n")).toEqual({});
  expect(reader({ daemons }).refused).toMatch(/does not say that it has eth0 by .*ifcfg-eth0; NM_CONTROLLED=no/);
  expect(reader({ daemons, managed: { eth0: { by: "NetworkManager", file: "/run/x" } } }).refused).toMatch(/has eth0 by \/run\/x/); // prettier-ignore
});
