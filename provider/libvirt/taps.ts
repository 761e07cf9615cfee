import type { Observed } from "../facts";
import { interfaceFromXml, interfacesOf, pluggedInto } from "./interface";
import { networkFromXml } from "./network";

/** Where a running guest's tap belongs. */
interface Plug {
  readonly tap: string;
  readonly network?: string | undefined;
  readonly bridge: string | undefined;
  readonly isolated: boolean;
}

/**
 * Taps of running guests on that network or bridge. Where it is made anew, by us or by hand, libvirt does not put them back
 * (virNetworkCreate knows of no guest): the guest keeps its address and reaches nobody. One that is isolated from others is `vnet3/isolated`: the
 * kernel forgets that with the bridge.
 */
export const tapsOn = (
  observed: Observed,
  source: { readonly network: string } | { readonly bridge: string },
): string[] =>
  Object.values(observed.domains)
    .flatMap(({ liveXml }) => (liveXml === undefined ? [] : Object.values(interfacesOf(liveXml))))
    .flatMap((element) => plug(observed, element) ?? [])
    .filter((found) => ("network" in source ? found.network === source.network : found.bridge === source.bridge))
    .map(word);

/** `nic_plug` takes it so; a device's name has no slash. */
const word = ({ tap, isolated }: Plug) => (isolated ? `${tap}/isolated` : tap);

/** The tap of a running guest's interface and its bridge, where both are there and the one is not plugged into the other as it should be. */
export function unplugged(observed: Observed, element: string): { tap: string; bridge: string } | undefined {
  const found = plug(observed, element);
  const link = found && observed.links[found.tap];
  if (!found?.bridge || !link || !observed.links[found.bridge]) return undefined;
  const isPlugged = link.master === found.bridge && !(found.isolated && link.isolated === false);
  return isPlugged ? undefined : { tap: word(found), bridge: found.bridge };
}

function plug(observed: Observed, element: string): Plug | undefined {
  const { tap, source } = pluggedInto(element);
  if (tap === undefined) return undefined;
  const { network, bridge } = source;
  const live = network === undefined ? undefined : (observed.networks[network]?.liveXml ?? "");
  const isolated = interfaceFromXml(element).isolated === true;
  return { tap, network, bridge: live ? networkFromXml(live).bridge?.name : bridge, isolated };
}
