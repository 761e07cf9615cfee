import type { Backend, Owner } from "./backend";
import { ifcfg } from "./ifcfg";
import { ifupdown } from "./ifupdown";
import { ifupdown2 } from "./ifupdown2";
import { netplan } from "./netplan";
import { networkManager } from "./networkManager";
import { networkd } from "./networkd";
import { runtime } from "./runtime";

export const backends: Readonly<Record<Owner, Backend>> = {
  ifcfg,
  ifupdown,
  netplan,
  NetworkManager: networkManager,
  networkd,
  runtime,
};

/** As the host has it: ifupdown2 takes ifupdown's place, with its files and its commands' names, and has one more. */
export const backendOf = (owner: Owner, has: (command: string) => boolean): Backend =>
  owner === "ifupdown" && has("ifreload") ? ifupdown2 : backends[owner];
