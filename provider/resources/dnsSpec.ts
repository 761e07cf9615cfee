import { boolean, domainName, integer, ipAddress, line, oneOf, type Arguments } from "../parse";

/** The network's DNS server. */
export interface DnsSpec {
  readonly enable: boolean | undefined;
  readonly forwardPlainNames: boolean | undefined;
  readonly localOnly: boolean | undefined;
  readonly localPtr: boolean | undefined;
  readonly forwarders:
    | readonly {
        readonly domain: string | undefined;
        readonly address: string | undefined;
        readonly port: number | undefined;
      }[]
    | undefined;
  readonly hosts: readonly { readonly address: string; readonly hostnames: readonly string[] }[] | undefined;
  readonly srv: readonly SrvSpec[] | undefined;
  readonly txt: readonly { readonly name: string; readonly value: string }[] | undefined;
}

interface SrvSpec {
  readonly service: string;
  readonly protocol: string;
  readonly domain: string | undefined;
  readonly target: string | undefined;
  readonly port: number | undefined;
  readonly priority: number | undefined;
  readonly weight: number | undefined;
}

export function parseDns(dns: Arguments): DnsSpec {
  const spec: DnsSpec = {
    enable: dns.optional("enable", boolean),
    forwardPlainNames: dns.optional("forwardPlainNames", boolean),
    localOnly: dns.optional("localOnly", boolean),
    localPtr: dns.optional("localPtr", boolean),
    forwarders: dns.objects("forwarders", (forwarder) => {
      if (!forwarder.has("domain") && !forwarder.has("address"))
        forwarder.problem("address", "is required, or a `domain` that is not forwarded");
      if (forwarder.has("port") && !forwarder.has("address")) forwarder.problem("port", "needs an `address`");
      return {
        domain: forwarder.optional("domain", domainName),
        address: forwarder.optional("address", ipAddress),
        port: forwarder.optional("port", port),
      };
    }),
    hosts: dns.objects("hosts", (host) => {
      const hostnames = host.requiredList("hostnames", domainName);
      if (host.has("hostnames") && hostnames.length === 0) host.problem("hostnames", "is empty: a host needs a name");
      return { address: host.required("address", ipAddress), hostnames };
    }),
    srv: dns.objects("srv", (srv) => {
      for (const key of ["port", "priority", "weight"])
        if (srv.has(key) && !srv.has("target")) srv.problem(key, "needs a `target`");
      return {
        service: srv.required("service", label),
        protocol: srv.required("protocol", oneOf("tcp", "udp")),
        domain: srv.optional("domain", domainName),
        target: srv.optional("target", target),
        port: srv.optional("port", port),
        priority: srv.optional("priority", integer(0, 65535)),
        weight: srv.optional("weight", integer(0, 65535)),
      };
    }),
    txt: dns.objects("txt", (txt) => ({ name: txt.required("name", txtName), value: txt.required("value", line) })),
  };
  once(dns, "hosts", spec.hosts, "address", (host) => host.address);
  once(dns, "txt", spec.txt, "name", (txt) => txt.name);
  return spec;
}

/** Two of one key would be one element to libvirt, or none. */
function once<T>(args: Arguments, list: string, items: readonly T[] | undefined, key: string, of: (item: T) => string) {
  items?.forEach((item, i) => {
    if (item && of(item) && items.findIndex((other) => other && of(other) === of(item)) < i)
      args.problem(`${list}[${i}].${key}`, `${of(item)} stands above already`);
  });
}

const port = integer(1, 65535);

const label = (value: unknown): string => {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]{1,63}$/.test(value))
    throw new Error(`${JSON.stringify(value)} is not the name of a service, as ldap or _http`);
  return value;
};

/** `.`: there is no such service (RFC 2782). */
const target = (value: unknown): string => (value === "." ? "." : domainName(value));

const txtName = (value: unknown): string => {
  const name = line(value);
  if (name === "" || /[ ,]/.test(name)) throw new Error(`${JSON.stringify(name)}: a TXT record's name has neither spaces nor commas`); // prettier-ignore
  return name;
};
