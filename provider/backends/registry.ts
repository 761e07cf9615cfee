import type { Backend, Owner } from "./backend";
import { ifupdown } from "./ifupdown";
import { netplan } from "./netplan";
import { networkd } from "./networkd";
import { runtime } from "./runtime";

export const backends: Readonly<Record<Owner, Backend>> = { ifupdown, netplan, networkd, runtime };
