import type { Properties } from "../../../provider/resource";
import { subnet } from "./lab";
import type { Row } from "./row";

type Dhcp = Readonly<Record<string, unknown>>;
const dhcp = (now: Properties, changed: Dhcp) => ({ dhcp: { ...(now["dhcp"] as Dhcp), ...changed } });
const host = (n: number, last: number, name: string) => ({ mac: "52:54:00:77:00:01", address: `${subnet(n)}.${last}`, name }); // prettier-ignore

/** What each model is made with. */
export const first = (type: string, n: number): Properties => ({
  name: type,
  ...(type === "BridgedNetwork" ? { bridge: "lan0" } : { bridgeName: `vb${n}` }),
  ...(type === "BridgedNetwork" || type === "IsolatedNetwork" ? {} : { address: `${subnet(n)}.1/24`, dhcp: { start: `${subnet(n)}.100`, end: `${subnet(n)}.199` } }),
}); // prettier-ignore

export const networkRows: readonly Row[] = [
  { property: "dhcp.hosts", change: "one more", args: (now, n) => dhcp(now, { hosts: [host(n, 50, "web")] }),
    shows: (n) => `<host mac='52:54:00:77:00:01' name='web' ip='${subnet(n)}.50'/>`, label: "dnsmasq reload" },
  { property: "dhcp.hosts", change: "another address", args: (now, n) => dhcp(now, { hosts: [host(n, 51, "web")] }),
    shows: (n) => `<host mac='52:54:00:77:00:01' name='web' ip='${subnet(n)}.51'/>`, label: "dnsmasq reload" },
  { property: "dhcp.end", change: ".199 → .150", args: (now, n) => dhcp(now, { end: `${subnet(n)}.150` }),
    shows: (n) => `end='${subnet(n)}.150'`, label: "dnsmasq restart" },
  { property: "dhcp.start", change: ".100 → .90", args: (now, n) => dhcp(now, { start: `${subnet(n)}.90` }),
    shows: (n) => `start='${subnet(n)}.90'`, label: "dnsmasq restart" },
  { property: "dhcp.leaseTime", change: "none → 7200", args: (now) => dhcp(now, { leaseTime: 7200 }),
    shows: "<lease expiry='7200' unit='seconds'/>", label: "dnsmasq restart" },
  { property: "autostart", change: "true → false", args: () => ({ autostart: false }), shows: "<!-- autostart off -->", label: "live" },
  { property: "domain", change: "none → lab.example", args: () => ({ domain: "lab.example" }),
    shows: "<domain name='lab.example'/>", label: "network bounce" },
  { property: "mtu", change: "none → 1400", args: () => ({ mtu: 1400 }), shows: "<mtu size='1400'/>", label: "network bounce" },
  { property: "address6", change: "none → fd00:77::1/64", args: (_, n) => ({ address6: `fd00:77:${n}::1/64` }),
    shows: (n) => `address='fd00:77:${n}::1' prefix='64'`, label: "network bounce" },
  { property: "address", change: ".1 → .2", args: (_, n) => ({ address: `${subnet(n)}.2/24` }),
    shows: (n) => `address='${subnet(n)}.2'`, label: "network bounce" },
  { property: "bridgeName", change: "vb0 → vx0", args: (_, n) => ({ bridgeName: `vx${n}` }), shows: (n) => `<bridge name='vx${n}'`, label: "network bounce" },
  { property: "forwardInterface", change: "none → wan0", args: () => ({ forwardInterface: "wan0" }), shows: "dev='wan0'", label: "network bounce" },
  { property: "bridge", change: "lan0 → lan1", args: () => ({ bridge: "lan1" }), shows: "<bridge name='lan1'", label: "network bounce" },
]; // prettier-ignore
