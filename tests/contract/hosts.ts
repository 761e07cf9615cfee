import { decode, encode } from "../../provider/bytes";
import { HostError } from "../../provider/errors";
import type { Observed } from "../../provider/facts";
import { observe } from "../../provider/host/observe";
import { probeTransaction } from "../../provider/host/script";
import { parseTranscript } from "../../provider/host/transcript";
import type { RunOptions, RunResult, Transport } from "../../provider/host/transport";
import { hostCommand, LAN, run, up, useOwnLab, type LabHost, type UpOptions } from "../lab/lab";

/** Shells that a host's `sh` may be. With busybox its applets are what scripts find first, but for those that it has not, or that cannot do enough. */
export type Shell = "dash" | "busybox";
export const shells: readonly Shell[] = ["dash", "busybox"];

const APPLETS = "/usr/local/lib/kvmnet-busybox";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** A lab host on which a test's scripts run beside sshd: no SSH, no connection to lose. */
export async function contractHost(name: string, options: UpOptions = {}): Promise<LabHost> {
  useOwnLab("contract");
  const host = await up(name, options);
  // Debian's busybox runs its own applets before all else, and its `ip` has no JSON: it gets another name, so that the host's is found.
  await host.must(
    `mkdir -p ${APPLETS} && sed 's/\\x00ip\\x00ipcalc\\x00/\\x00io\\x00ipcalc\\x00/' "$(command -v busybox)" > ${APPLETS}/busybox && chmod +x ${APPLETS}/busybox
     for applet in $(busybox --list); do [ "$applet" = ip ] || ln -s busybox ${APPLETS}/$applet; done; [ "$(${APPLETS}/sh -c 'command -v ip')" = /usr/sbin/ip ]`,
  );
  return host;
}

const environment = (shell: Shell, address: string): string[] => [
  "env",
  `PATH=${shell === "busybox" ? `${APPLETS}:` : ""}${PATH}`,
  // As sshd sets it: how the host knows which link carries us.
  `SSH_CONNECTION=${LAN.operator} 50000 ${address} 22`,
];

/**
 * The command line that runs a script from its standard input as sshd and sudo would: by a `sh` that has not the session's environment
 * itself, but a parent that has.
 */
export const shellCommand = (host: LabHost, shell: Shell): string[] =>
  hostCommand(host.name, [...environment(shell, host.address), "sh", "-c", "env -u SSH_CONNECTION sh -s; exit $?"]);

export const newNonce = (): string =>
  [...Array<undefined>(32)].map(() => Math.floor(Math.random() * 16).toString(16)).join("");

/** Runs scripts on a lab host. `before` may look at, delay or refuse each; `trips` has their first lines. */
export class LocalTransport implements Transport {
  readonly host: string;
  readonly trips: string[] = [];
  disconnects = 0;
  /** Whether this side is there to hear what has arrived. */
  acknowledges = true;

  constructor(
    private readonly lab: LabHost,
    private readonly shell: Shell = "dash",
    private readonly before: (
      kind: string,
      script: string,
      send: (other?: string) => Promise<RunResult>,
    ) => Promise<RunResult> = (_kind, _script, send) => send(),
  ) {
    this.host = lab.name;
  }

  run(script: string, options: RunOptions = {}): Promise<RunResult> {
    const kind = /^_kvmnet_(\w+)\(/.exec(script)?.[1] ?? "?";
    this.trips.push(kind);
    return this.before(kind, script, (other = script) => this.send(other, options));
  }

  disconnect(): void {
    this.disconnects++;
  }

  private send(script: string, { timeout = 60_000, onProgress, acknowledge }: RunOptions): Promise<RunResult> {
    const onOutput = (text: string, stream: string) => {
      if (stream === "stderr") for (const line of text.split("\n").filter(Boolean)) onProgress?.(line);
    };
    const input = encode(script);
    const reply =
      acknowledge === undefined || !this.acknowledges
        ? {}
        : { reply: { after: `\n${acknowledge}\n`, text: "arrived\n" } };
    const running = run(shellCommand(this.lab, this.shell), {
      input,
      ...reply,
      encoding: "latin1",
      timeoutMs: timeout,
      onOutput,
    });
    return running.then(
      ({ stdout, stderr, code }) => ({ stdout: decode(Buffer.from(stdout, "latin1")), stderr, code }),
      (error: Error) => {
        throw new HostError("interrupted", error.message);
      },
    );
  }
}

/** What the probe sees of a host, through the given shell. */
export async function probe(host: LabHost, shell: Shell = "dash"): Promise<Observed> {
  const nonce = newNonce();
  const { stdout, stderr, code } = await new LocalTransport(host, shell).run(probeTransaction(nonce));
  if (code !== 0) throw new Error(`the probe of ${host.name} ended with ${code}: ${stderr}`);
  return observe(parseTranscript(stdout, nonce));
}

/**
 * Everything of a host that a change could leave behind: files with mode, owner, digest, the kernel's links, addresses, routes and
 * network sysctls, libvirt's definitions, DHCP clients. Two of them are compared by `changed`.
 */
export async function snapshot(host: LabHost): Promise<string> {
  const text = await host.must(SNAPSHOT);
  return text
    .replace(/ (valid_lft|preferred_lft) \S+/g, "")
    .replace(/ tentative| dynamic/g, "")
    .replace(/@if\d+| link-netnsid \d+/g, "")
    .replace(/NO-CARRIER,|,LOWER_UP| state \S+/g, "");
}

/** The lines by which two snapshots differ. */
export function changed(before: string, after: string): string[] {
  const [was, is] = [before.split("\n"), after.split("\n")];
  return [
    ...was.filter((line) => !is.includes(line)).map((line) => `- ${line}`),
    ...is.filter((line) => !was.includes(line)).map((line) => `+ ${line}`),
  ];
}

const SNAPSHOT = `
cd /etc
echo "== files"; find network sysctl.conf sysctl.d udev libvirt modules modules-load.d resolv.conf /run/network -printf '%p %y %m %u:%g %l\\n' | sort
find network sysctl.conf sysctl.d udev libvirt modules-load.d /run/network resolv.conf -type f -print0 | sort -z | xargs -0 sha256sum
echo "== transactions at work"; for t in /run/kvmnet/*/; do [ ! -d "$t" ] || [ -e "$t/done" ] || echo "$t"; done
echo "== links"; ip -o -d link | sed 's/^[0-9]*: //; s/ \\(gc_timer\\|hello_timer\\|tcn_timer\\|topology_change_timer\\|hold_timer\\|message_age_timer\\|forward_delay_timer\\|fdb_n_learned\\) *[0-9.]*//g' | sort
echo "== addresses"; ip -o addr | sed 's/^[0-9]*: //' | grep -v ' fe80::' | sort
echo "== routes"; { ip -4 route show table all; ip -6 route show table all; } | grep -v 'fe80::\\|ff00::\\|proto kernel' | sort
echo "== sysctls"; cd /proc/sys/net; grep -s . ipv4/ip_forward ipv6/conf/all/forwarding bridge/*
echo "== libvirt"; { virsh -q net-list --all --name | sed '/./!d; s/.*/net-dumpxml --inactive "&"; net-info "&"/'
virsh -q list --all --name | sed '/./!d; s/.*/dumpxml --inactive "&"; domiflist "&"/'; } | virsh -q | sed 's/^ vnet[0-9]* //; /^Bridge:/d'
echo "== DHCP clients"; ps -C dhclient -o args= | sort
`;
