import type { DhcpClient, Facts, Observed, ObservedDomain, ObservedNetwork } from "../facts";
import { parseLinks, vlanFiltering } from "../kernel/link";
import type { Manager } from "../hostState";
import { dhcpOf, parseNetworkctl } from "../backends/networkctl";
import { leasesOf, parseNmcli } from "../backends/nmcli";
import type { Part } from "./transcript";

/** Reads the probe's transcript. */
export function observe(parts: readonly Part[]): Observed {
  const text = (key: string) => parts.find((part) => part.key === key)?.text ?? "";
  const named = (kind: string) =>
    record(
      parts
        .filter(({ key }) => key.startsWith(`${kind} `))
        .map(({ key, text }) => [key.slice(kind.length + 1), text] as const),
    );
  const listed = (query: string) => lines(text(`list ${query}`));

  const processes = lines(text("processes"));
  const files = named("file");
  // What a daemon that has ended left behind holds no more.
  const daemons = daemonsOf(processes);
  const managed = record([
    ...Object.entries(daemons.includes("networkd") ? parseNetworkctl(text("networkctl")) : {}),
    ...Object.entries(daemons.includes("NetworkManager") ? parseNmcli(text("nmdevices"), text("nmconnections")) : {}),
  ]);
  const dhcpClients = [
    ...processes.flatMap(dhcpClientsOf),
    ...Object.entries(managed).flatMap(([link, held]) =>
      (held.by === "networkd" ? dhcpOf(held.file, files) : leasesOf(held, files)).map((family): DhcpClient => ({
        pid: 0,
        link,
        family,
        argv: [],
      })),
    ),
  ];
  const { links, leased } = parseLinks(text("addr"), [text("route4"), text("route6")], dhcpClients, managed);

  const live = named("livenetwork");
  const leases = named("leases");
  const autostart = listed("net-list --all --autostart --name");
  const transient = listed("net-list --all --transient --name");
  const networks = mapValues(named("network"), (xml, name): ObservedNetwork => ({
    xml: xml.trim() || (live[name] ?? "").trim(),
    active: name in live,
    autostart: autostart.includes(name),
    persistent: !transient.includes(name),
    ...(live[name] !== undefined && { liveXml: live[name]!.trim() }),
    leases: lines(leases[name] ?? "").flatMap(leaseOf),
  }));
  const running = named("livedomain");
  const transientDomains = listed("list --all --transient --name");
  const domains = mapValues(named("domain"), (xml, name): ObservedDomain => ({
    xml: xml.trim() || (running[name] ?? "").trim(),
    running: name in running,
    persistent: !transientDomains.includes(name),
    ...(running[name] !== undefined && { liveXml: running[name]!.trim() }),
  }));

  return {
    kept: named("kept"),
    facts: {
      hostname: text("hostname").trim(),
      os: /^PRETTY_NAME="?([^"\n]*)/m.exec(text("os"))?.[1] ?? "unknown",
      kernel: text("kernel").trim(),
      commands: lines(text("commands")),
      ...libvirtFacts(
        parts.some(({ key }) => key === "libvirt"),
        text("libvirt"),
        parts.some(({ key }) => key === "list net-list --name"),
      ),
      ...filterFacts(listed("nwfilter-list")),
      ...(vlanFiltering(text("addr")) === false && { vlanFiltering: false }),
      bridgeNetfilter: /bridge-nf-call-iptables/.test(text("sysctl")),
      ...sshFacts(text("ssh").trim()),
      systemd: text("systemd").trim() === "yes",
      containerRuntimes: [
        ...new Set(
          processes.flatMap(
            (line) => /^\d+ (dockerd|containerd|kubelet|kube-proxy|crio|podman)$/.exec(line)?.[1] ?? [],
          ),
        ),
      ],
      dhcpClients,
      daemons,
      managed,
    },
    files,
    links,
    leased,
    sysctls: record(
      lines(text("sysctl"))
        .map((line) => line.split(":"))
        .map(([path = "", value = ""]) => [path.replaceAll("/", "."), value] as const),
    ),
    networks,
    domains,
  };
}

const lines = (text: string) => text.split("\n").filter((line) => line.trim() !== "");

/** By names that a host gives: an object that has none of its own, as `constructor` is. */
const record = <T>(entries: readonly (readonly [string, T])[]): Record<string, T> =>
  Object.assign(Object.create(null) as Record<string, T>, Object.fromEntries(entries));

const mapValues = <T, U>(values: Readonly<Record<string, T>>, of: (value: T, key: string) => U): Record<string, U> =>
  record(Object.entries(values).map(([key, value]) => [key, of(value, key)]));

/** By their processes' names, of which the kernel keeps 15 characters. */
const daemonsOf = (processes: readonly string[]): Manager[] =>
  (
    [
      ["systemd-network", "networkd"],
      ["NetworkManager", "NetworkManager"],
    ] as const
  ).flatMap(([process, name]) => (processes.some((line) => line.endsWith(` ${process}`)) ? [name] : []));

/** `PID COMM ARGV`, the arguments divided by \x01. dhclient and udhcpc serve one family a process, dhcpcd both. */
function dhcpClientsOf(line: string): DhcpClient[] {
  const match = /^(\d+) (dhclient|dhcpcd|udhcpc) (.*)$/.exec(line);
  if (!match) return [];
  const argv = match[3]!.split("\x01").filter(Boolean);
  const option = argv.indexOf("-i");
  const link = match[2] === "udhcpc" && option > 0 ? argv[option + 1] : argv.at(-1);
  if (!link || link.startsWith("-")) return [];
  const families: (4 | 6)[] =
    match[2] === "dhclient" ? (argv.includes("-6") ? [6] : [4]) : match[2] === "dhcpcd" ? [4, 6] : [4];
  return families.map((family) => ({ pid: Number(match[1]), link, family, argv }));
}

/** A row of `net-dhcp-leases`: expiry date and time, MAC, protocol, address with prefix, host name, client id. */
function leaseOf(line: string) {
  const match = /^\s*\S+ \S+\s+(([0-9a-f]{2}:){5}[0-9a-f]{2})\s+ipv[46]\s+(\S+)\/\d+/i.exec(line);
  return match ? [{ mac: match[1]!.toLowerCase(), address: match[3]! }] : [];
}

const sshFacts = (connection: string): Pick<Facts, "ssh"> => {
  const [client, , server] = connection.split(" ");
  return client && server ? { ssh: { client, server } } : {};
};

/** Rows of a UUID and a name. libvirt brings some filters of its own: where there is none, its driver for them is not there. */
function filterFacts(rows: readonly string[]): Pick<Facts, "filters"> {
  const filters = rows.flatMap((row) => /^\s*[0-9a-f-]{36}\s+(\S+)/.exec(row)?.[1] ?? []);
  return filters.length > 0 ? { filters } : {};
}

function libvirtFacts(
  installed: boolean,
  answer: string,
  listed: boolean,
): Pick<Facts, "libvirtVersion" | "libvirtError"> {
  if (!installed)
    return { libvirtError: "virsh is not installed on the host (Debian: libvirt-clients, libvirt-daemon-system)" };
  const error = /^error: (.*)$/m.exec(answer)?.[1];
  if (!listed) return { libvirtError: error ?? "libvirtd does not answer" };
  const version = /Running against daemon: ([\d.]+)/.exec(answer)?.[1];
  return version ? { libvirtVersion: version } : {};
}
