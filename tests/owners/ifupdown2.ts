import type { Column } from "./column";
import { ifupdown } from "./ifupdown";

/** The same file, on a host with ifupdown2; what it takes otherwise than it is meant there is the case's. */
export const ifupdown2: Column = {
  ...ifupdown,
  name: "ifupdown2",
  commands: ["ifup", "ifquery", "ifreload", "systemctl", "dhclient"],
  files: (links) => {
    const { "run/network/ifstate": _, ...files } = ifupdown.files(links);
    return files;
  },
};
