import type * as pulumi from "@pulumi/pulumi";

/** Where questions go that the network's DNS server does not answer itself: `<forwarder>`. At least one of `domain` and `address`. */
export interface DnsForwarder {
  /** Questions for this domain and what is below it. Default: all questions. Needs libvirt 2.2. */
  domain?: pulumi.Input<string | undefined>;
  /** The DNS server that is asked. Default: with a `domain` alone, the host's own. */
  address?: pulumi.Input<string | undefined>;
  /** Port of that server. Default: 53. Needs libvirt 12.0. */
  port?: pulumi.Input<number | undefined>;
}

/** Names of an address: `<host>` of `<dns>`. */
export interface DnsHost {
  /** IPv4 or IPv6. Refused where it stands twice. */
  address: pulumi.Input<string>;
  /** At least one. */
  hostnames: pulumi.Input<pulumi.Input<string>[]>;
}

/** A service record (RFC 2782): `<srv>`. */
export interface DnsSrv {
  /** Without the underscore: `ldap`. */
  service: pulumi.Input<string>;
  protocol: pulumi.Input<"tcp" | "udp">;
  /** Default: the network's. */
  domain?: pulumi.Input<string | undefined>;
  /** Host that serves it, or `.` where none does. Default: none. */
  target?: pulumi.Input<string | undefined>;
  /** Port of `target`, 1 to 65535. Default: dnsmasq's, 1. */
  port?: pulumi.Input<number | undefined>;
  /** Lower is asked first; 0 to 65535. Default: 0. Needs a `target`. */
  priority?: pulumi.Input<number | undefined>;
  /** Share among targets of one priority; 0 to 65535. Default: 0. Needs a `target`. */
  weight?: pulumi.Input<number | undefined>;
}

/** A text record: `<txt>`. */
export interface DnsTxt {
  /** Refused with spaces or commas, or where it stands twice. */
  name: pulumi.Input<string>;
  /** A comma parts it in strings (dnsmasq(8), `--txt-record`). */
  value: pulumi.Input<string>;
}

/**
 * The network's DNS server, dnsmasq on the host's addresses in the network: `<dns>` in https://libvirt.org/formatnetwork.html#addressing
 * `hosts` change by a reload of dnsmasq, `txt` and `srv` by its restart, all else with the network's.
 */
export interface NetworkDns {
  /** Whether there is one. Default: `true`. Needs libvirt 2.2. */
  enable?: pulumi.Input<boolean | undefined>;
  /** Ask the host's DNS server also for names without a dot. Default: `true`. */
  forwardPlainNames?: pulumi.Input<boolean | undefined>;
  /** Names in the network's `domain` are answered here alone, never asked of others. Default: `false`. */
  localOnly?: pulumi.Input<boolean | undefined>;
  /** So are the reverse lookups of the network's addresses. Default: `false`. Needs libvirt 3.0. */
  localPtr?: pulumi.Input<boolean | undefined>;
  /** Default: all that is not known here goes to the host's DNS servers. */
  forwarders?: pulumi.Input<pulumi.Input<DnsForwarder>[] | undefined>;
  /** Names beside those of DHCP. Default: none. */
  hosts?: pulumi.Input<pulumi.Input<DnsHost>[] | undefined>;
  /** Default: none. */
  srv?: pulumi.Input<pulumi.Input<DnsSrv>[] | undefined>;
  /** Default: none. */
  txt?: pulumi.Input<pulumi.Input<DnsTxt>[] | undefined>;
}
