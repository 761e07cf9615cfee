import type { Manager } from "../hostState";
import type { Backend, Owner } from "./backend";
import type { Facts } from "./detect";
import { ifcfg } from "./ifcfg";
import { ifcfgNm } from "./ifcfgNm";
import { ifupdown } from "./ifupdown";
import { ifupdown2 } from "./ifupdown2";
import { netplan } from "./netplan";
import { devicesOf, rendererOf } from "./netplanDevices";
import { netplanNetworkManager } from "./netplanNetworkManager";
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

/**
 * As the host has it: ifupdown2 takes ifupdown's place, with its files and its commands' names, and has one more. netplan hands links to one
 * daemon or another: a bridge goes to the one that has its first port. `reader`: the daemon that reads the files of network-scripts, where one does.
 */
export function backendOf(
  owner: Owner,
  links: readonly string[],
  { files, has, macs }: Facts,
  reader?: Manager,
): Backend {
  if (owner === "ifcfg" && reader === "NetworkManager") return ifcfgNm;
  if (owner === "ifupdown" && has("ifreload")) return ifupdown2;
  const isNetworkManagers = () => {
    const [first = ""] = links;
    return rendererOf(files, devicesOf(files, first, macs?.(first))[0]) === "NetworkManager";
  };
  return owner === "netplan" && isNetworkManagers() ? netplanNetworkManager : backends[owner];
}
