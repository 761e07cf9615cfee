/**
 * The network of a KVM host as code, over SSH.
 *
 * @packageDocumentation
 */
export { Bridge, type BridgeArgs, type BridgeRoute } from "./bridge";
export { BridgeNetfilter, type BridgeNetfilterArgs } from "./bridgeNetfilter";
export { cloudInitNetworkConfig } from "./cloudInit";
export {
  GuestInterface,
  type GuestInterfaceArgs,
  type InterfaceBandwidth,
  type InterfaceFilter,
} from "./guestInterface";
export { HostNetwork, type HostNetworkArgs, type HostNetworkNetwork } from "./hostNetwork";
export { NatNetwork, type NatNetworkArgs } from "./natNetwork";
export { RoutedNetwork, type RoutedNetworkArgs } from "./routedNetwork";
export { OpenNetwork, type OpenNetworkArgs } from "./openNetwork";
export { HostOnlyNetwork, type HostOnlyNetworkArgs } from "./hostOnlyNetwork";
export { IsolatedNetwork, type IsolatedNetworkArgs } from "./isolatedNetwork";
export { BridgedNetwork, type BridgedNetworkArgs } from "./bridgedNetwork";
export type {
  DhcpReservation,
  DhcpReservation6,
  NetworkBootp,
  NetworkDhcp,
  NetworkDhcp6,
  NetworkDhcpRange,
} from "./networkDhcp";
export type { DnsForwarder, DnsHost, DnsSrv, DnsTxt, NetworkDns } from "./networkDns";
export type {
  Bandwidth,
  BandwidthRate,
  BridgedPortgroup,
  Nat,
  NetworkRoute,
  Portgroup,
  Virtualport,
  Vlan,
  VlanTag,
} from "./networkParts";
export { Provider, type ConnectionArgs, type ProviderArgs } from "./provider";
export { SysctlForwarding, type SysctlForwardingArgs } from "./sysctlForwarding";
export type { GuestConfig } from "../provider/resources/guestConfig";
export type { ResourceArgs } from "./resource";
export type { InterfaceState, LinkState, NetworkState, ReservationState } from "../provider/hostState";
