import type { Facts, Observed } from "../../provider/facts";
import type { LinkState } from "../../provider/hostState";
import type { ChangeRequest, HostSession } from "../../provider/host/session";
import { plan, type Plan } from "../../provider/plan";
import { simulate } from "../../provider/simulate";

/**
 * A host that is only what is known of it: it is read as it stands, and a change makes of it what the planner says the change will.
 * It answers as a HostSession does, so the whole lifecycle runs against it without a machine.
 */
export class SimulatedHost {
  readonly host = "kvm1";
  readonly confirmTimeout = 60;
  /** The plan of every change that was made, the last one last. */
  readonly plans: Plan[] = [];
  readonly initial: Observed;
  readonly owed = new Map<string, string>();

  constructor(public observed: Observed) {
    this.initial = observed;
  }

  observe = (): Promise<Observed> => Promise.resolve(this.observed);

  change = async (request: ChangeRequest): Promise<Observed> => {
    const desired = request.desired(this.observed);
    this.plans.push(plan(desired, this.observed));
    this.observed = simulate(this.observed, desired);
    return this.observed;
  };

  /** As the lifecycle knows it; the session's own I/O is the contract tests'. */
  get session(): HostSession {
    return this as unknown as HostSession;
  }
}

/** What a test says of a host: all else is a Debian 12 with libvirt, reached by SSH at 10.0.0.11. */
export interface Described extends Partial<Omit<Observed, "facts" | "links" | "sysctls">> {
  readonly facts?: Partial<Facts>;
  /** `null`: the kernel has no such key. */
  readonly sysctls?: Readonly<Record<string, string | null>>;
  readonly links?: Readonly<Record<string, Partial<LinkState>>>;
}

export function describedHost(described: Described = {}): Observed {
  return {
    files: {},
    leased: {},
    networks: {},
    domains: {},
    ...described,
    facts: {
      hostname: "kvm1",
      os: "Debian GNU/Linux 12 (bookworm)",
      kernel: "6.1.0-18-amd64",
      commands: ["ifup", "ifquery", "ip", "brctl", "virsh", "systemctl", "dhclient"],
      libvirtVersion: "9.0.0",
      bridgeNetfilter: false,
      ssh: { client: "10.0.0.254", server: "10.0.0.11" },
      systemd: true,
      containerRuntimes: [],
      dhcpClients: [],
      ...described.facts,
    },
    links: Object.fromEntries(
      Object.entries({
        lo: { mac: "00:00:00:00:00:00", mtu: 65536, addresses: ["127.0.0.1/8"] },
        ...described.links,
      }).map(([name, link]) => [name, describedLink(link, described.facts?.dhcpClients ?? [], name)]),
    ),
    sysctls: present({ "net.ipv4.ip_forward": "0", "net.ipv6.conf.all.forwarding": "0", ...described.sysctls }),
  };
}

const present = (sysctls: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(sysctls).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));

function describedLink(link: Partial<LinkState>, clients: Facts["dhcpClients"], name: string): LinkState {
  const { addresses = [], routes = [] } = link;
  const runs = (family: 4 | 6) => clients.some((client) => client.link === name && client.family === family);
  return {
    up: true,
    alias: "",
    mtu: 1500,
    master: null,
    dhcp4: runs(4),
    dhcp6: runs(6),
    ...link,
    addresses,
    routes,
    exact: link.exact ?? { addresses, routes: routes.map((route) => `${route} onlink`) },
  };
}
