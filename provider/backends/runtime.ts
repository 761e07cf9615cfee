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
  unsupported: () => undefined,
  render: () => ({}),
};
