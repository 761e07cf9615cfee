import type { Observed } from "../../../provider/facts";
import type { LabHost } from "../../lab/lab";

/** Where somebody has put back by hand what was there before a change. */
export const drifts = ["persistent only", "live only", "both"] as const;
export type Drift = (typeof drifts)[number];

/** The host as it is, but with a network, or guest a's domain, as it was before, in the one definition, the other or both. */
export function drifted(before: Observed, after: Observed, drift: Drift, network: string | undefined): Observed {
  const back = <T extends { readonly xml: string; readonly liveXml?: string }>(was: T, is: T): T => ({
    ...is,
    ...(drift !== "live only" && { xml: was.xml }),
    ...(drift !== "persistent only" && was.liveXml !== undefined && { liveXml: was.liveXml }),
  });
  if (network === undefined) {
    const [domains, networks] = [after.domains, after.networks];
    return {
      ...after,
      domains: { ...domains, a: back(before.domains["a"]!, domains["a"]!) },
      networks: { ...networks, home: back(before.networks["home"]!, networks["home"]!) },
    };
  }
  const autostart = (drift === "live only" ? after : before).networks[network]!.autostart;
  return {
    ...after,
    networks: {
      ...after.networks,
      [network]: { ...back(before.networks[network]!, after.networks[network]!), autostart },
    },
  };
}

/** The same on the host, by virsh, of several networks at once. A network that starts anew has no guest's tap on its bridge. */
export async function driftOnHost(
  host: LabHost,
  names: readonly string[],
  before: Observed,
  after: Observed,
  drift: Drift,
): Promise<void> {
  const texts = { was: before.networks, is: after.networks };
  const files = names.flatMap((name) =>
    (["was", "is"] as const).map((which) => `cat > /tmp/${name}.${which} <<'END'\n${texts[which][name]!.xml}\nEND`),
  );
  const commands = names.flatMap((name) => [
    ...(drift === "live only" || drift === "both" ? [`net-destroy ${name}`] : []),
    `net-define /tmp/${name}.was`,
    ...(drift === "live only" || drift === "both" ? [`net-start ${name}`] : []),
    ...(drift === "live only" ? [`net-define /tmp/${name}.is`] : []),
  ]);
  await host.must([...files, `virsh -q '${commands.join("; ")}'`].join("\n"));
}
