/** Throw-away KVM hosts on a LAN of their own, for tests, the demo and `npm run lab`. */
export { type LabHost, hostCommand } from "./host";
export { LAN } from "./lan";
export { type UpOptions, down, find, list, requireRoot, up } from "./lifecycle";
export { operator, operatorCommand, operatorEnv } from "./operator";
export { type Result, type RunOptions, must, run } from "./run";
export { useOwnLab } from "./state";
export { type GuestOptions, type GuestWait, guest, guestAddress, guestLog, guestReaches } from "./guest/guest";
export { type VmHost } from "./vm/vm";
