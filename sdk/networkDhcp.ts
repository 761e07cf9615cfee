import type * as pulumi from "@pulumi/pulumi";

/** An address that is always leased to the same guest: `<host>` in https://libvirt.org/formatnetwork.html#addressing */
export interface DhcpReservation {
  /** MAC address of the guest's interface: `52:54:00:12:34:56`. Refused where it stands twice. */
  mac: pulumi.Input<string>;
  /** The address to lease, in the network's subnet; it may lie outside the ranges. Refused where it stands twice. */
  address: pulumi.Input<string>;
  /** Host name that the guest is told, and that the network's DNS answers to. Default: none. */
  name?: pulumi.Input<string | undefined>;
  /** Seconds that this guest's lease holds, as {@link NetworkDhcpRange.leaseTime}. Default: the range's. */
  leaseTime?: pulumi.Input<number | undefined>;
}

/** As {@link DhcpReservation}, of IPv6: a guest is known by its DUID, or by the host name that it gives. */
export interface DhcpReservation6 {
  /** DUID of the guest's DHCPv6 client, bytes in hex: `0:3:0:1:52:54:0:12:34:56`. Default: any guest of that `name`. */
  id?: pulumi.Input<string | undefined>;
  /** Host name. Required where there is no `id`. */
  name?: pulumi.Input<string | undefined>;
  /** The address to lease, in the subnet of `address6`. Refused where it stands twice. */
  address: pulumi.Input<string>;
  /** Seconds that this guest's lease holds, as {@link NetworkDhcpRange.leaseTime}. Default: the range's. */
  leaseTime?: pulumi.Input<number | undefined>;
}

/** Addresses to lease: `<range>` in https://libvirt.org/formatnetwork.html#addressing */
export interface NetworkDhcpRange {
  /** First address to lease: `192.168.123.2`. Refused outside the subnet, or after `end`. */
  start: pulumi.Input<string>;
  /** Last address to lease: `192.168.123.254`. Refused outside the subnet. libvirt takes 65536 addresses in a range at most. */
  end: pulumi.Input<string>;
  /**
   * Seconds that a lease holds: at least 120 (the least that dnsmasq(8) takes), 0 for ever. Needs libvirt 6.3.
   * Default: dnsmasq's, one hour.
   */
  leaseTime?: pulumi.Input<number | undefined>;
}

/** What a guest is told to boot from: https://libvirt.org/formatnetwork.html#addressing (`bootp`) */
export interface NetworkBootp {
  /** The boot image on the TFTP server: `pxelinux.0`. */
  file: pulumi.Input<string>;
  /** The TFTP server's address. Default: the host. */
  server?: pulumi.Input<string | undefined>;
}

/** The network's DHCP server for IPv6. Its first range is `start` to `end`. */
export interface NetworkDhcp6 {
  /** First address to lease, as {@link NetworkDhcpRange.start}. Required where there are no `ranges`. */
  start?: pulumi.Input<string | undefined>;
  /** Last address to lease, as {@link NetworkDhcpRange.end}. */
  end?: pulumi.Input<string | undefined>;
  /** Of the first range, as {@link NetworkDhcpRange.leaseTime}. */
  leaseTime?: pulumi.Input<number | undefined>;
  /** Further ranges. Default: none. A change restarts dnsmasq. */
  ranges?: pulumi.Input<pulumi.Input<NetworkDhcpRange>[] | undefined>;
  /** Addresses kept for certain guests. Default: none. A change lets dnsmasq read its tables again. */
  hosts?: pulumi.Input<pulumi.Input<DhcpReservation6>[] | undefined>;
}

/** The network's DHCP server for IPv4: `<dhcp>` in https://libvirt.org/formatnetwork.html#addressing */
export interface NetworkDhcp extends Omit<NetworkDhcp6, "start" | "hosts"> {
  /** First address to lease, as {@link NetworkDhcpRange.start}. Required where there are neither `ranges` nor `hosts`. */
  start?: pulumi.Input<string | undefined>;
  /** Addresses kept for certain guests. A guest's own resource can do it too: `address` of `GuestInterface`. Default: none. */
  hosts?: pulumi.Input<pulumi.Input<DhcpReservation>[] | undefined>;
  /** Folder on the host that dnsmasq serves by TFTP: `/srv/tftp`. Default: no TFTP. A change restarts the network. */
  tftpRoot?: pulumi.Input<string | undefined>;
  /** What guests are told to boot from (PXE). Default: nothing. A change restarts the network. */
  bootp?: pulumi.Input<NetworkBootp | undefined>;
}
