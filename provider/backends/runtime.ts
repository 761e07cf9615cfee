import type { Backend } from "./backend";

/** No owner: the kernel's state is all there is, and is lost at the next reboot. */
export const runtime: Backend = {
  owner: "runtime",
  find: (_name, link) => ({
    dhcp4: link.dhcp4 ?? false,
    dhcp6: link.dhcp6 ?? false,
    addresses: link.addresses ?? [],
    routes: link.routes ?? [],
    nameservers: [],
    searchDomains: [],
    sections: {},
    ...(link.bridge && { bridge: { ...link.bridge } as Record<string, string | number | boolean> }),
  }),
  unsupported({ nameservers, searchDomains, maxWait }) {
    if (nameservers.length + searchDomains.length > 0)
      return "without an owner nobody is told of nameservers and searchDomains: the kernel has none, and the host goes on by its /etc/resolv.conf; leave them out, or name the owner of its files";
    if (maxWait > 0) return "maxWait is ifup(8)'s; the kernel brings the bridge up and waits for nobody";
    return undefined;
  },
  render: () => ({}),
};
