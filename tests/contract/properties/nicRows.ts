import { HOME, macOf, subnet } from "./lab";
import type { Row } from "./row";

const MAC = macOf("a", HOME);

export const nicRows: readonly Row[] = [
  { property: "address", change: "none → .60", args: () => ({ address: `${subnet(HOME)}.60` }), shows: `<host mac='${MAC}' ip='${subnet(HOME)}.60'/>`, named: "reservations", label: "dnsmasq reload" },
  { property: "address", change: ".60 → .61", args: () => ({ address: `${subnet(HOME)}.61` }), shows: `<host mac='${MAC}' ip='${subnet(HOME)}.61'/>`, named: "reservations", label: "dnsmasq reload" },
  { property: "isolated", change: "false → true", args: () => ({ isolated: true }), shows: "<port isolated='yes'/>", named: "isolated", label: "live" },
  { property: "filter", change: "none → no-mac-spoofing", args: () => ({ filter: { name: "no-mac-spoofing" } }), shows: "<filterref filter='no-mac-spoofing'/>", named: "filter", label: "live" },
  { property: "linkState", change: "up → down", args: () => ({ linkState: "down" }), shows: "<link state='down'/>", label: "live", cutsOff: true },
  { property: "linkState", change: "down → up", args: () => ({ linkState: "up" }), shows: "<filterref filter='no-mac-spoofing'/><alias", named: "link", label: "live", cutsOff: true },
  { property: "portgroup", change: "none → fast", args: () => ({ portgroup: "fast" }), shows: "portgroup='fast'", named: "source", label: "live" },
  { property: "network", change: "home → wire", args: () => ({ network: "wire", portgroup: undefined, address: undefined }), shows: "network='wire'", named: "source", label: "dnsmasq reload" },
  { property: "bridge", change: "network wire → bridge home0", args: () => ({ network: undefined, bridge: "home0" }), shows: "<source bridge='home0'/>", named: "source", label: "live" },
  { property: "mtu", change: "none → 1400", args: () => ({ mtu: 1400 }), shows: "<mtu size='1400'/>", label: "next start" },
  { property: "queues", change: "none → 2", args: () => ({ queues: 2 }), shows: "queues='2'", label: "next start" },
  { property: "tapName", change: "none → web0", args: () => ({ tapName: "web0" }), shows: "<target dev='web0'/>", label: "next start" },
  { property: "reattach", change: "false → true", args: () => ({ reattach: true }), shows: "<target dev='web0'/>", pending: true, label: "link bounce" },
  { property: "model", change: "virtio → e1000", args: () => ({ model: "e1000", queues: undefined, reattach: undefined }), shows: "<model type='e1000'/>", label: "next start" },
  { property: "user", change: "bridge home0 → slirp", args: () => ({ bridge: undefined, user: "slirp", bandwidth: undefined, isolated: undefined, filter: undefined, mtu: undefined, tapName: undefined }),
    shows: "<interface type='user'>", label: "next start" },
]; // prettier-ignore
