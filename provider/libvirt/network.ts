/** libvirt networks: what we model of their XML, and how it is laid over what a host has. */
export {
  networkFromXml,
  networkToXml,
  type DhcpHost,
  type DhcpRange,
  type ForwardMode,
  type NetworkDefinition,
  type NetworkIp,
} from "./networkDefinition";
export { mergeNetwork } from "./networkMerge";
export { networkView } from "./networkView";
export { parentIndex, reservationElement, reservations, setReservation, type Reservation } from "./reservation";
