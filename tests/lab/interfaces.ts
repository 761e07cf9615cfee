import { LAN } from "./lan";
import { type HostRecord } from "./state";

/** /etc/network/interfaces as Debian's installer writes it. */
export function installerInterfaces({ dhcp, address, owner = "ifupdown" }: HostRecord): string {
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
    ...(/^ifupdown/.test(owner)
      ? ["# The primary network interface", "allow-hotplug eth0", ...(dhcp ? ["iface eth0 inet dhcp"] : statically)]
      : []),
  ].join("\n")}\n`;
}

/** Who configures a lab host's eth0. */
export const labOwners = [
  "ifupdown",
  "ifupdown2",
  "networkd",
  "netplan",
  "netplan-NetworkManager",
  "NetworkManager",
  "ifcfg-nm",
] as const;
export type LabOwner = (typeof labOwners)[number];

/** The file by which another owner than ifupdown configures eth0, as a person would write it. */
export function ownerFile({ owner, dhcp, address }: HostRecord): { path: string; text: string } | undefined {
  const statically = [`Address=${address}/${LAN.prefix}`, `Gateway=${LAN.gateway}`, `DNS=${LAN.gateway}`];
  if (owner === "networkd")
    return {
      path: "/etc/systemd/network/20-lan.network",
      text: `${[
        "# The LAN",
        "[Match]",
        "Name=eth0",
        "",
        "[Network]",
        ...(dhcp ? ["DHCP=ipv4"] : statically),
        `Domains=${LAN.domain}`,
        "# No router of this LAN advertises IPv6.",
        "IPv6AcceptRA=no",
      ].join("\n")}\n`,
    };
  if (owner === "NetworkManager")
    return {
      path: "/etc/NetworkManager/system-connections/lan.nmconnection",
      text: `${[
        "# The LAN",
        "[connection]",
        "id=lan",
        "uuid=6a1a2d5f-5a0e-4d5c-8f2e-0d7b8c1f3a11",
        "type=ethernet",
        "interface-name=eth0",
        "",
        "[ethernet]",
        "",
        "[ipv4]",
        ...(dhcp
          ? ["method=auto"]
          : [`address1=${address}/${LAN.prefix},${LAN.gateway}`, `dns=${LAN.gateway};`, "method=manual"]),
        `dns-search=${LAN.domain};`,
        "",
        "[ipv6]",
        "# No router of this LAN advertises IPv6.",
        "method=disabled",
      ].join("\n")}\n`,
    };
  if (owner === "ifcfg-nm")
    return {
      path: "/etc/sysconfig/network-scripts/ifcfg-eth0",
      text: `${[
        "# The LAN",
        "TYPE=Ethernet",
        "PROXY_METHOD=none",
        "BROWSER_ONLY=no",
        `BOOTPROTO=${dhcp ? "dhcp" : "none"}`,
        "DEFROUTE=yes",
        "IPV4_FAILURE_FATAL=no",
        "IPV6INIT=no",
        'NAME="eth0"',
        "UUID=6a1a2d5f-5a0e-4d5c-8f2e-0d7b8c1f3a11",
        "DEVICE=eth0",
        "ONBOOT=yes",
        ...(dhcp ? [] : [`IPADDR=${address}`, `PREFIX=${LAN.prefix}`, `GATEWAY=${LAN.gateway}`, `DNS1=${LAN.gateway}`]),
        `DOMAIN=${LAN.domain}`,
      ].join("\n")}\n`,
    };
  if (owner === "netplan" || owner === "netplan-NetworkManager")
    return {
      path: "/etc/netplan/50-cloud-init.yaml",
      text: `${[
        "# As an installer writes it",
        "network:",
        "  version: 2",
        ...(owner === "netplan" ? [] : ["  renderer: NetworkManager"]),
        "  ethernets:",
        "    eth0:",
        ...(dhcp
          ? ["      dhcp4: true"]
          : [
              `      addresses: [${address}/${LAN.prefix}] # the office`,
              "      routes:",
              "        - to: default",
              `          via: ${LAN.gateway}`,
              "      nameservers:",
              `        addresses: [${LAN.gateway}]`,
              `        search: [${LAN.domain}]`,
            ]),
        "      accept-ra: false",
      ].join("\n")}\n`,
    };
  return undefined;
}
