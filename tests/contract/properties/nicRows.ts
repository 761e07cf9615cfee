import { HOME, macOf, subnet } from "./lab";
import type { Row } from "./row";

export const nicRows: readonly Row[] = [
  { property: "address", change: "none → .60", args: () => ({ address: `${subnet(HOME)}.60` }),
    shows: `<host mac='${macOf("a", HOME)}' ip='${subnet(HOME)}.60'/>`, label: "dnsmasq reload" },
  { property: "address", change: ".60 → .61", args: () => ({ address: `${subnet(HOME)}.61` }),
    shows: `<host mac='${macOf("a", HOME)}' ip='${subnet(HOME)}.61'/>`, label: "dnsmasq reload" },
  { property: "address", change: ".61 → none", args: () => ({ address: undefined }),
    shows: "<dhcp><range start='10.79.0.100' end='10.79.0.199'/></dhcp>", label: "dnsmasq reload" },
  { property: "network", change: "home → wire", args: () => ({ network: "wire" }), shows: "network='wire'", label: "live" },
  { property: "bridge", change: "network wire → bridge home0", args: () => ({ network: undefined, bridge: "home0" }), shows: "<interface type='bridge'>", label: "live" },
  { property: "linkState", change: "none → up", args: () => ({ linkState: "up" }), shows: "<link state='up'/>", label: "live" },
]; // prettier-ignore
