import { sysctlFile } from "../kernel/sysctl";
import { boolean, type Arguments } from "../parse";
import type { Context, Rendered, ResourceDefinition } from "../resource";
import { renderSysctls, sysctlClaims } from "./sysctls";

type Family = "iptables" | "ip6tables" | "arptables";
type NetfilterSpec = Readonly<Record<Family, boolean | undefined>>;

const FAMILIES: readonly Family[] = ["iptables", "ip6tables", "arptables"];
export const NETFILTER_FILE = "/etc/sysctl.d/60-kvmnet-bridge-netfilter.conf";
export const UDEV_RULE = "/etc/udev/rules.d/99-kvmnet-bridge-netfilter.rules";

const keyOf = (family: Family) => `net.bridge.bridge-nf-call-${family}`;

export const bridgeNetfilter: ResourceDefinition<NetfilterSpec> = {
  type: "BridgeNetfilter",
  args: [...FAMILIES],
  renders: ["files", "sections", "sysctls"],
  outputs: [],
  replaceOn: [],

  parse(args: Arguments): NetfilterSpec {
    if (!FAMILIES.some((family) => args.has(family)))
      args.problem("iptables", `say at least one of ${FAMILIES.join(", ")}`);
    return {
      iptables: args.optional("iptables", boolean),
      ip6tables: args.optional("ip6tables", boolean),
      arptables: args.optional("arptables", boolean),
    };
  },

  render(spec: NetfilterSpec, context: Context): Rendered {
    const { observed, mark } = context;
    const values = Object.fromEntries(
      FAMILIES.flatMap((family) => (spec[family] === undefined ? [] : [[keyOf(family), String(Number(spec[family]))]])),
    );
    // The keys exist once br_netfilter is loaded, which a firewall rule or a container runtime may do at any time after boot; then
    // sysctl.d was read long ago. So udev applies the file when the module comes (libvirt's wiki, net.bridge.bridge-nf-call and sysctl.conf).
    const rendered = renderSysctls(
      values,
      NETFILTER_FILE,
      context,
      (rest) => sysctlFile(mark, rest, true),
      observed.facts.bridgeNetfilter ? values : {},
    );
    const taken = Object.values(rendered.found.taken);
    const paths = [...new Set([...taken, ...(rendered.desired.files ? [NETFILTER_FILE] : [])])];
    return {
      ...rendered,
      desired: { ...rendered.desired, files: { ...rendered.desired.files, [UDEV_RULE]: udevRule(mark, paths) } },
      warnings: containers(spec, context),
    };
  },

  id: () => "bridge-netfilter",
  claims: sysctlClaims,
  compute: () => ({}),
};

/** `-q`: udev logs what a rule prints. `-e`: keys of other modules may be missing in the file. */
const udevRule = (mark: string, files: readonly string[]) =>
  `# ${mark}\nACTION=="add", SUBSYSTEM=="module", KERNEL=="br_netfilter", RUN+="/sbin/sysctl -q -e -p ${files.join(" ")}"\n`;

function containers(spec: NetfilterSpec, { observed, host }: Context): string[] {
  const off = FAMILIES.filter((family) => spec[family] === false);
  const runtimes = observed.facts.containerRuntimes;
  if (off.length === 0 || runtimes.length === 0) return [];
  return [
    `${runtimes.join(", ")} run${runtimes.length > 1 ? "" : "s"} on ${host}. With bridge-nf-call-${off.join(", bridge-nf-call-")} = 0 their rules no longer see traffic between containers of one bridge: ` +
      "Kubernetes services reached from a pod on the same node break, and Docker's isolation within a network (icc=false) too",
  ];
}
