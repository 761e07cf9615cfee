import type { Backend, Owner } from "./backend";
import { ifupdown } from "./ifupdown";
import { netplan } from "./netplan";
import { networkManager } from "./networkManager";
import { networkd } from "./networkd";
import { runtime } from "./runtime";

export const backends: Readonly<Record<Owner, Backend>> = {
  ifupdown,
  netplan,
  NetworkManager: networkManager,
  networkd,
  runtime,
};
