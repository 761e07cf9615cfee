/** Differences between cloud-init's files and ours, and why ours are right. */
export interface Reason {
  /** What we say and cloud-init does not. */
  readonly ours?: RegExp;
  /** What cloud-init says and we do not. */
  readonly theirs?: RegExp;
  /** Where it is not the same in all: the cases. */
  readonly in?: readonly string[];
  readonly why: string;
}

const BONDS = ["bond", "bond-later", "vlan-on-bond"];
const VLANS = ["vlan", "vlan-on-bond"];

/** NetworkManager's, whoever writes its profiles. */
const METRIC = "NetworkManager would give the bridge's routes 425: they keep what they had over the NIC";
const GATEWAY = "the route that is asked for has no metric, and a gateway would get the NIC's";

/** netplan's, whoever reads what it makes. */
const ofNetplan: readonly Reason[] = [
  {
    theirs: /^ethernets\.eth\d\.(match\.macaddress|set-name): /,
    why: "how a NIC is found and named is the host's own to say, and stays as it stands",
  },
  {
    ours: /^(bridges\.br0|ethernets\.eth0)\.routes\[\]: /,
    theirs: /^(bridges\.br0|ethernets\.eth0)\.gateway[46]: /,
    why: "gateway4 and gateway6 are deprecated, and netplan warns of them (netplan-yaml(5))",
  },
  {
    ours: /^bridges\.br0\.accept-ra: true$/,
    theirs: /^bridges\.br0\.dhcp6: true$/,
    in: ["router-advertisements"],
    why: "addresses by router advertisements are asked of no DHCPv6 server (RFC 4862)",
  },
];

/** Those of ifcfg- files, whoever reads them. */
const ofScripts: readonly Reason[] = [
  { ours: /^br0 BRIDGING_OPTS=vlan_filtering=1$/, in: ["vlan-filtering"], why: "cloud-init has no word for it" },
  {
    theirs: /^bond0 BONDING_SLAVE\d=/,
    in: BONDS,
    why: "each NIC names its MASTER already, which is what its bond goes by",
  },
  { theirs: /^(eth0|bond0)\.20 PHYSDEV=/, in: VLANS, why: "the name says it, and the file is the host's own" },
];

/** By the owner's column. A difference has exactly one reason, and a reason has a difference in each of its cases. */
export const reasons: Readonly<Record<string, readonly Reason[]>> = {
  ifupdown: [
    {
      ours: /^br0 inet: bridge_fd 0$/,
      why: "cloud-init drops what is 0 (eni.py tests the value, not whether there is one): after a boot the bridge would have the kernel's 15 s, and ifup would wait for 32",
    },
    {
      ours: /^br0 inet: bridge_maxwait 0$/,
      why: "without a delay there is nothing to wait for, and bridge-utils waits 2 (delay + 1) s where it is not told",
    },
    {
      ours: /^br0 inet: bridge_vlan_aware yes$/,
      in: ["vlan-filtering"],
      why: "cloud-init has no word for it",
    },
    {
      ours: /^br0 inet: bridge_hw /,
      theirs: /^br0 inet: hwaddress /,
      why: "bridge_hw is the way of bridge-utils-interfaces(5): the bridge has its address before its ports come, whose least one it would take else",
    },
    {
      ours: /^auto eth[01]$/,
      why: "the port's line is the host's own, and does no harm: ifup finds it up, as a port",
    },
    {
      ours: /^eth0 inet6 manual$/,
      in: ["both-families", "router-advertisements", "dhcp-of-both-families"],
      why: "the port's second stanza stays in its place, to be given back, with a method that does nothing",
    },
    {
      ours: /^(br0|eth1) inet: (gateway|metric|up ip route add) /,
      theirs: /^(br0|eth1) inet: (post_up|pre_down) route (add|del) /,
      in: ["routes", "two-nics"],
      why: "interfaces(5) has words for a gateway with a metric, and a route goes with its link: route(8) of net-tools is not on every host, and `|| true` hides that it failed",
    },
    {
      ours: /^bond0 inet: bond_slaves eth\d eth\d$/,
      theirs: /^(eth\d inet: bond_(master|miimon|mode)|bond0 inet: bond_slaves none)/,
      in: BONDS,
      why: "the bond's stanza is the host's own and stays as it stands; ifenslave takes its NICs in both ways",
    },
    {
      ours: /^auto (eth0|bond0)\.20$/,
      in: VLANS,
      why: "the VLAN is up before the bridge: bridge-utils makes one that is not there by itself, and then takes IPv6 from the NIC below it (BRIDGE_DISABLE_LINKLOCAL_IPV6_ALSO_PHYS)",
    },
    {
      theirs: /^(eth0|bond0)\.20 inet: (vlan_raw_device|vlan_id) /,
      in: VLANS,
      why: "the name says it (interfaces(5), VLAN INTERFACES), and the stanza is the host's own",
    },
  ],
  netplan: ofNetplan,
  "netplan-networkmanager": [
    ...ofNetplan,
    {
      ours: /^renderer: NetworkManager$/,
      why: "so says the host's own file; version 1 of cloud-init's words has none for it",
    },
    { ours: /^bridges\.br0\.networkmanager\.passthrough\.ipv[46]\.route-metric: /, why: METRIC },
    {
      ours: /^bridges\.br0\.networkmanager\.passthrough\.bridge\.vlan-filtering: true$/,
      in: ["vlan-filtering"],
      why: "cloud-init has no word for it",
    },
  ],
  networkd: [
    {
      ours: /^br0 netdev /,
      why: "cloud-init's renderer makes no bridge: it leaves out the .netdev, and with it STP, all times and the MAC (networkd.py of 22.4)",
    },
    {
      ours: /^(eth0|bond0|eth0\.20|bond0\.20) network Bridge=br0$/,
      why: "nor does it make the NIC a port",
    },
    {
      ours: /^(bond0|eth0\.20|bond0\.20) netdev |^eth\d network Bond=bond0$|^(eth0|bond0) network VLAN=/,
      in: ["bond", "bond-later", "vlan", "vlan-on-bond"],
      why: "nor bonds and VLANs",
    },
    {
      theirs: /^(br0|eth\d) network \[Match\] MACAddress=/,
      why: "a bridge and its port have the same MAC, by which a file would be for both",
    },
    {
      ours: /^br0 network \[DHCPv4\] IAID=/,
      in: ["dhcp", "dhcp-of-both-families"],
      why: "networkd makes the IAID of the link's name: the bridge would be another client than the NIC was, and get another lease",
    },
    {
      ours: /^br0 network DHCP=yes$/,
      theirs: /^br0 network DHCP=ipv4$/,
      in: ["dhcp-of-both-families"],
      why: "cloud-init loses DHCPv6 beside DHCPv4",
    },
    {
      ours: /^br0 network IPv6AcceptRA=yes$/,
      in: ["router-advertisements"],
      why: "what the host's file says stays, though it is the default while nobody forwards",
    },
    {
      theirs: /^br0 network \[Link\] MTUBytes=9000$/,
      in: ["mtu"],
      why: "the bridge has its MTU when it is made, in its .netdev",
    },
  ],
  networkmanager: [
    {
      ours: /^br0 \[bridge\] (forward-delay|hello-time|max-age|ageing-time)=/,
      why: "cloud-init drops all of a bridge's times for NetworkManager, in silence",
    },
    {
      ours: /^br0 \[ethernet\] cloned-mac-address=/,
      theirs: /^br0 \[bridge\] mac-address=/,
      why: "bridge.mac-address is deprecated, and ethernet.cloned-mac-address has the last word (nm-settings(5))",
    },
    {
      ours: /^br0 \[ipv[46]\] route-metric=/,
      why: METRIC,
    },
    {
      ours: /^(eth\d \[connection\] interface-name=|bond0 \[bond\] miimon=100|(eth0|bond0)\.20 \[vlan\] flags=1)/,
      why: "the NIC's, the bond's and the VLAN's profiles are the host's own, and stay as they stand",
    },
    {
      ours: /^(br0|eth\d|bond0) \[ipv[46]\] method=(ignore|disabled)$/,
      why: "so says the host's own profile; without it NetworkManager would look for routers",
    },
    {
      ours: /^br0 \[ipv6\] method=manual$/,
      theirs: /^br0 \[ipv6\] method=auto$/,
      in: ["both-families", "arguments"],
      why: "the IPv6 addresses are static: with auto there would be a router's, too",
    },
    { theirs: /may-fail=/, why: "the host waits no longer for its network at boot than it did before" },
    {
      ours: /^(br0|eth1) \[ipv4\] route1=0\.0\.0\.0\/0,10\.[01]\.0\.1,\d00$/,
      theirs: /^(br0|eth1) \[ipv4\] route1=0\.0\.0\.0\/0,10\.[01]\.0\.1$/,
      in: ["routes", "two-nics"],
      why: "cloud-init drops a route's metric",
    },
    {
      ours: /^br0 \[ipv4\] route1=0\.0\.0\.0\/0,10\.0\.0\.1,0$/,
      theirs: /^br0 \[ipv4\] gateway=10\.0\.0\.1$/,
      in: ["arguments"],
      why: GATEWAY,
    },
    { ours: /^br0 \[bridge\] vlan-filtering=true$/, in: ["vlan-filtering"], why: "cloud-init has no word for it" },
    { ours: /^br0 \[ethernet\] mtu=9000$/, in: ["mtu"], why: "cloud-init drops a bridge's MTU" },
  ],
  ifcfg: [
    ...ofScripts,
    { ours: /^br0 DELAY=\d$/, why: "cloud-init drops a bridge's forward delay for network-scripts, in silence" },
    {
      ours: /^br0 BRIDGING_OPTS=forward_delay=400 hello_time/,
      theirs: /^br0 (AGEING|PRIO)=/,
      in: ["stp-and-times"],
      why: "so network-scripts set what they have no key for, and the delay where RHEL 8 takes DELAY for hundredths; cloud-init drops hello time and maximum age",
    },
    {
      theirs: /^br0 IPV6_(AUTOCONF|FORCE_ACCEPT_RA)=/,
      in: ["both-families", "router-advertisements", "dhcp-of-both-families", "arguments"],
      why: "whether routers are listened to stays as the host's own files have it",
    },
  ],
  "ifcfg-nm": [
    ...ofScripts,
    {
      theirs: / NM_CONTROLLED=no$/,
      why: "NetworkManager leaves alone whom it names: what cloud-init 22.4 writes is for network-scripts",
    },
    {
      ours: /^(eth\d|bond0)(\.20)? (NAME|UUID|TYPE|PROXY_METHOD|BROWSER_ONLY|IPV4_FAILURE_FATAL|IPV6INIT|IPV4_ROUTE_METRIC)=/,
      why: "the NIC's, the bond's and the VLAN's profiles are the host's own, and stay as they stand",
    },
    {
      ours: /^br0 (PROXY_METHOD=none|BROWSER_ONLY=no|IPV4_FAILURE_FATAL=no|IPV6INIT=no|IPV6_DEFROUTE=yes)$/,
      why: "so says the NIC's own profile, from which the bridge has it",
    },
    { ours: /^br0 IPV[46]_ROUTE_METRIC=/, why: METRIC },
    {
      theirs: /^(br0|eth1) METRIC=\d00$/,
      in: ["routes", "two-nics"],
      why: "NetworkManager does not know the key: its own is IPV4_ROUTE_METRIC",
    },
    {
      ours: /^br0 (DELAY=4|BRIDGING_OPTS=hello_time)/,
      theirs: /^br0 (AGEING|PRIO)=/,
      in: ["stp-and-times"],
      why: "NetworkManager knows neither key, but BRIDGING_OPTS; cloud-init drops the other times",
    },
    {
      ours: /^br0 IPV6_AUTOCONF=yes$/,
      theirs: /^br0 (IPV6_AUTOCONF=no|DHCPV6C=yes)$/,
      in: ["dhcp-of-both-families"],
      why: "the NIC's profile asks for what the router says, DHCPv6 too; theirs would have an address of DHCPv6 and no router",
    },
    {
      theirs: /^br0 IPV6_FORCE_ACCEPT_RA=no$/,
      in: ["both-families", "arguments"],
      why: "NetworkManager does not know the key: IPV6_AUTOCONF=no says it",
    },
    {
      ours: /^br0 route default via 10\.0\.0\.1 metric 0 dev br0$/,
      theirs: /^br0 GATEWAY=10\.0\.0\.1$/,
      in: ["arguments"],
      why: GATEWAY,
    },
  ],
};
