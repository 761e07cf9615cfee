import type { LinkState } from "../hostState";
import { quote } from "../shell";

type Links = Readonly<Record<string, LinkState | null>>;

const ownFile = (link: string, name: string) => `/proc/sys/net/ipv6/conf/${link}/${name}`;

/**
 * Shell lines around the batch, for what ports have of IPv6 by themselves.
 *
 * A port that leaves its bridge has a link-local address of its own again: bridge-utils takes it away at boot (`addrgenmode none`), and only the
 * sysctl makes a new one while the link is up (addrconf_sysctl_addr_gen_mode in net/ipv6/addrconf.c). Not under NetworkManager, which has it so and
 * makes the address itself.
 *
 * ifupdown2 switches IPv6 off on its bridges' ports (handle_ipv6 in bridge.py): one that joins is as it would be after a boot, and one that
 * leaves can have addresses again.
 */
export function portIPv6(desired: Links, observed: Links, isIfupdown2: boolean): { before: string[]; after: string[] } {
  const leaves = Object.entries(desired).filter(([name, want]) => want?.master === null && observed[name]?.master);
  const joins = Object.entries(desired).filter(([name, want]) => want?.master && !observed[name]?.master);
  const set = (link: string, say: string) => {
    const file = quote(ownFile(link, "disable_ipv6"));
    return `[ ! -e ${file} ] || ${say} > ${file}`;
  };
  return {
    before: isIfupdown2 ? leaves.map(([name]) => set(name, `cat ${ownFile("default", "disable_ipv6")}`)) : [],
    after: [
      ...leaves.flatMap(([name, want]) => {
        const file = quote(ownFile(name, "addr_gen_mode"));
        return want!.manager === "NetworkManager" ? [] : [`! grep -qsx 1 ${file} || echo 0 > ${file}`];
      }),
      ...(isIfupdown2 ? joins.map(([name]) => set(name, "echo 1")) : []),
    ],
  };
}
