import type { ArgumentProblem } from "../errors";
import { FORWARDING, sysctlFile } from "../kernel/sysctl";
import { boolean, type Arguments } from "../parse";
import type { Context, Rendered, ResourceDefinition } from "../resource";
import { renderSysctls, sysctlClaims } from "./sysctls";

interface ForwardingSpec {
  readonly ipv4: boolean | undefined;
  readonly ipv6: boolean | undefined;
}

export const SYSCTL_FILE = "/etc/sysctl.d/60-kvmnet-forwarding.conf";

export const sysctlForwarding: ResourceDefinition<ForwardingSpec> = {
  type: "SysctlForwarding",
  args: ["ipv4", "ipv6"],
  renders: ["files", "sections", "sysctls"],
  outputs: [],
  replaceOn: [],

  parse(args: Arguments): ForwardingSpec {
    if (!args.has("ipv4") && !args.has("ipv6")) args.problem("ipv4", "say at least one of ipv4 and ipv6");
    return { ipv4: args.optional("ipv4", boolean), ipv6: args.optional("ipv6", boolean) };
  },

  render(spec: ForwardingSpec, context: Context): Rendered {
    const values = Object.fromEntries(
      (["ipv4", "ipv6"] as const).flatMap((family) =>
        spec[family] === undefined ? [] : [[FORWARDING[family], String(Number(spec[family]))]],
      ),
    );
    const rendered = renderSysctls(values, SYSCTL_FILE, context, (rest) => sysctlFile(context.mark, rest));
    return {
      ...rendered,
      problems: [...(rendered.problems ?? []), ...missingFamily(spec, context)],
      warnings: routerAdvertisements(spec, context),
    };
  },

  id: () => "forwarding",
  claims: sysctlClaims,
  compute: () => ({}),
};

/** A kernel without IPv6 (ipv6.disable=1) has no such key. */
function missingFamily(spec: ForwardingSpec, { observed, host }: Context): ArgumentProblem[] {
  return (["ipv4", "ipv6"] as const)
    .filter((family) => spec[family] !== undefined && observed.sysctls[FORWARDING[family]] === undefined)
    .map((family) => ({
      property: family,
      reason: `${host} has no ${FORWARDING[family]}: its kernel runs without ${family === "ipv6" ? "IPv6" : "IPv4"}`,
    }));
}

/** A router does not listen to routers: with forwarding on, accept_ra=1 means no (docs.kernel.org, ip-sysctl, accept_ra). */
function routerAdvertisements(spec: ForwardingSpec, { observed, host }: Context): string[] {
  if (!spec.ipv6 || observed.sysctls[FORWARDING.ipv6] === "1") return [];
  const links = Object.entries(observed.leased).flatMap(([name, { addresses }]) =>
    addresses.some((words) => words.includes(":")) ? [name] : [],
  );
  return [
    `with net.ipv6.conf.all.forwarding = 1 the kernel stops accepting router advertisements where accept_ra is 1` +
      (links.length > 0
        ? `: ${links.join(", ")} of ${host} ha${links.length > 1 ? "ve" : "s"} addresses from them, which will expire. Set net.ipv6.conf.${links[0]}.accept_ra = 2 to keep them`
        : ""),
  ];
}
