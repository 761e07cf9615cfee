import { LAN } from "./lan";
import { type HostRecord } from "./state";

/** /etc/network/interfaces as Debian's installer writes it. */
export function installerInterfaces({ dhcp, address }: HostRecord): string {
  const statically = [
    "iface eth0 inet static",
    `\taddress ${address}/${LAN.prefix}`,
    `\tgateway ${LAN.gateway}`,
    "\t# dns-* options are implemented by the resolvconf package, if installed",
    `\tdns-nameservers ${LAN.gateway}`,
    `\tdns-search ${LAN.domain}`,
  ];
  return `${[
    "# This file describes the network interfaces available on your system",
    "# and how to activate them. For more information, see interfaces(5).",
    "",
    "source /etc/network/interfaces.d/*",
    "",
    "# The loopback network interface",
    "auto lo",
    "iface lo inet loopback",
    "",
    "# The primary network interface",
    "allow-hotplug eth0",
    ...(dhcp ? ["iface eth0 inet dhcp"] : statically),
  ].join("\n")}\n`;
}
