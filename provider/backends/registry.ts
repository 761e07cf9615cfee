import type { Backend, Owner } from "./backend";
import { ifupdown } from "./ifupdown";
import { runtime } from "./runtime";

export const backends: Readonly<Record<Owner, Backend>> = { ifupdown, runtime };
