import type { Column } from "./column";
import { netplan } from "./netplan";
import { metricOf, networkManager } from "./networkManager";

/** /etc/netplan, where NetworkManager has the links, as Ubuntu's desktop has it. */
export const netplanNetworkManager: Column = {
  name: "netplan-networkmanager",
  owner: "netplan",
  commands: ["netplan", "systemctl", "nmcli"],
  manager: "NetworkManager",
  files: (links) =>
    Object.fromEntries(
      Object.entries(netplan.files(links)).map(([path, text]) => [
        path,
        text.replace(/^ {2}version: 2$/m, "$&\n  renderer: NetworkManager"),
      ]),
    ),
  managed: (name, link) => ({
    ...networkManager.managed!(name, link),
    file: `/run/NetworkManager/system-connections/netplan-${name}.nmconnection`,
  }),
  metric: metricOf,
  timesNeedStp: true,
};
