import type { Column } from "./column";

/** Nobody's files: the kernel is all there is. */
export const runtime: Column = { name: "runtime", owner: "runtime", commands: [], files: () => ({}) };
