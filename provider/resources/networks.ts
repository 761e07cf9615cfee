import { bridged, hostOnly, isolated, nat, open, routed } from "./networkModels";
import { networkResource } from "./networkResource";

export const natNetwork = networkResource(nat);
export const routedNetwork = networkResource(routed);
export const openNetwork = networkResource(open);
export const hostOnlyNetwork = networkResource(hostOnly);
export const isolatedNetwork = networkResource(isolated);
export const bridgedNetwork = networkResource(bridged);
