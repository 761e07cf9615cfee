import type * as pulumi from "@pulumi/pulumi";

/** How much may pass in one direction: https://libvirt.org/formatnetwork.html#quality-of-service */
export interface BandwidthRate {
  /** KiB a second in the long run, 1 or more. */
  average: pulumi.Input<number>;
  /** KiB a second at most. Default: no limit but `burst`'s. */
  peak?: pulumi.Input<number | undefined>;
  /** KiB that may pass at `peak` speed at once. Default: the kernel's. */
  burst?: pulumi.Input<number | undefined>;
}

/** Limits of traffic, as the guests see it: https://libvirt.org/formatnetwork.html#quality-of-service */
export interface Bandwidth {
  /** To the guests. Default: no limit. */
  inbound?: pulumi.Input<BandwidthRate | undefined>;
  /** From the guests. Default: no limit. */
  outbound?: pulumi.Input<BandwidthRate | undefined>;
}

/** VLAN tags that the guests' traffic gets on the bridge: https://libvirt.org/formatnetwork.html#setting-vlan-tag-on-supported-network-types-only */
export interface Vlan {
  /** At least one; several make it a trunk. */
  tags: pulumi.Input<pulumi.Input<VlanTag>[]>;
  /** Make a trunk of one tag too. Default: `false`. */
  trunk?: pulumi.Input<boolean | undefined>;
}

/** One tag of a {@link Vlan}. */
export interface VlanTag {
  /** 0 to 4095. */
  id: pulumi.Input<number>;
  /** This is the native VLAN, whose traffic the guest sees `tagged` or `untagged`. Default: no native VLAN. */
  nativeMode?: pulumi.Input<"tagged" | "untagged" | undefined>;
}

/** What a switch that is no Linux bridge has to know of a guest's port: https://libvirt.org/formatdomain.html#elementVirtualPort */
export interface Virtualport {
  /** `openvswitch`: the bridge is one of Open vSwitch. */
  type: pulumi.Input<"openvswitch" | "midonet" | "802.1Qbh">;
  /** UUID. Default: each guest's own. */
  interfaceId?: pulumi.Input<string | undefined>;
  /** Default: none. */
  profileId?: pulumi.Input<string | undefined>;
}

/** A class of guests on a network: https://libvirt.org/formatnetwork.html#portgroups. Guests get its settings when they are plugged in. */
export interface Portgroup {
  /** What a guest's interface names. */
  name: pulumi.Input<string>;
  /** Guests that name none are in this one. Refused for two. Default: `false`. */
  default?: pulumi.Input<boolean | undefined>;
  /** Limits for each guest. Default: none. */
  bandwidth?: pulumi.Input<Bandwidth | undefined>;
}

/** A {@link Portgroup} of a bridge that libvirt did not make. */
export interface BridgedPortgroup extends Portgroup {
  /** Default: the network's. On a Linux bridge it needs libvirt 11.0, on an Open vSwitch any. */
  vlan?: pulumi.Input<Vlan | undefined>;
  /** Default: the network's. */
  virtualport?: pulumi.Input<Virtualport | undefined>;
}

/** A route of the host's to what lies behind a guest: https://libvirt.org/formatnetwork.html#static-routes */
export interface NetworkRoute {
  /** The subnet: `10.9.0.0/16`. Refused with bits behind the prefix, or where it stands twice. */
  to: pulumi.Input<string>;
  /** The guest that leads there. Refused outside the network's subnets. */
  via: pulumi.Input<string>;
  /** Lower is preferred. Default: 1. */
  metric?: pulumi.Input<number | undefined>;
}

/** How guests' packets look outside: `<nat>` in https://libvirt.org/formatnetwork.html#connectivity */
export interface Nat {
  /** IPv4 addresses to choose from, all of them; the host has to have them. Default: that of the device the packets leave by. */
  address?: pulumi.Input<{ start: pulumi.Input<string>; end: pulumi.Input<string> } | undefined>;
  /** Ports to choose from. Default: 1024 to 65535. */
  port?: pulumi.Input<{ start: pulumi.Input<number>; end: pulumi.Input<number> } | undefined>;
  /** Translate IPv6 too, which else is routed. Default: `false`. Needs libvirt 6.5. */
  ipv6?: pulumi.Input<boolean | undefined>;
}
