import type { Observed } from "../facts";
import { interfaceChanges, interfaceFromXml, interfacesOf, type InterfaceChanges } from "./interface";

/** A guest's interface, in its persistent definition and as it runs. */
export function elementsOf(observed: Observed, domain: string, mac: string) {
  const { xml, liveXml } = observed.domains[domain] ?? {};
  const of = (text: string | undefined) => (text === undefined ? undefined : interfacesOf(text)[mac]);
  return { persistent: of(xml), live: of(liveXml) };
}

/** What of a running guest's interface is not as wanted. */
export function changesOf(observed: Observed, live: string, want: string): InterfaceChanges {
  const { network } = interfaceFromXml(want).source as { network?: string };
  return interfaceChanges(live, want, network === undefined ? undefined : observed.networks[network]?.liveXml);
}
