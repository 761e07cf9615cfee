import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import {
  type LabHost,
  LAN,
  down,
  guest,
  guestAddress,
  hostCommand,
  operatorCommand,
  operatorEnv,
  up,
  useOwnLab,
} from "../lab/lab";
import { changes } from "./snapshot";
import { Stack } from "./stack";

/** What changes from step to step. */
interface Program {
  readonly bridge: string;
  readonly dhcp: string;
  readonly more: string;
}

const LAN_MAC = "52:54:00:00:00:01";
const NAT_MAC = "52:54:00:00:00:02";
const text = ({ bridge, dhcp, more }: Program) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab", confirmTimeout: 10 }) };
const br0 = new kvmnet.Bridge("br0", { ports: ["eth0"]${bridge} }, on);
const lab = new kvmnet.NatNetwork("lab", { address: "192.168.123.1/24", dhcp: { ${dhcp} } }, on);
new kvmnet.GuestInterface("lan", { domain: "web", mac: "${LAN_MAC}", bridge: br0.name }, on);
new kvmnet.GuestInterface("nat", { domain: "web", mac: "${NAT_MAC}", network: lab.name }, on);
${more}
`;
let program: Program = { bridge: "", dhcp: `start: "192.168.123.100", end: "192.168.123.200"`, more: "" };

const third = (address: string) =>
  `new kvmnet.GuestInterface("third", { domain: "web", network: lab.name, address: ${address} }, on);`;
/** Nothing of this is previewed as a bounce; the bridge's are made by ifupdown's files and one kernel batch. */
const steps: Record<string, Partial<Program>> = {
  "the bridge's MTU, the network's DHCP range and a reservation": {
    bridge: ", mtu: 1400",
    dhcp: `start: "192.168.123.100", end: "192.168.123.220", hosts: [{ mac: "52:54:00:00:00:99", address: "192.168.123.99" }]`,
  },
  "the bridge's STP, a third interface of the guest, forwarding and netfilter": {
    bridge: ", stp: true, forwardDelay: 2",
    more: `${third('"192.168.123.10"')}
new kvmnet.SysctlForwarding("forwarding", { ipv4: true, ipv6: true }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false, ip6tables: false }, on);`,
  },
  "the bridge's addresses and ageing time, and the third interface's cable": {
    bridge: `, addresses: ["10.0.0.11/24", "10.1.0.1/24"], ageingTime: 60`,
    more: third(`"192.168.123.11", linkState: "down"`),
  },
};

let host: LabHost;
let stack: Stack;
let echo: ChildProcess;
let talks: Talk[] = [];

beforeAll(async () => {
  useOwnLab("connected");
  host = await up("kvm1", { address: "10.0.0.11" });
  await guest(host, "web");
  stack = await Stack.create({ text: text(program) });
  await host.must("until grep -q GUEST-UP /var/log/guest-web.log; do sleep 0.2; done");
  await stack.up();
  echo = await echoServer();
  // Lab guests answer pings and no more: namespaces, plugged in as guests' taps are, speak TCP.
  await host.must(`plug() {
  ip netns add $1 && ip link add t-$1 type veth peer name eth0 netns $1 && ip link set t-$1 master $2 up
  ip -n $1 addr add $3/24 dev eth0 && ip -n $1 link set eth0 up && ip -n $1 route add default via $4
}
plug on-lan br0 10.0.0.60 ${LAN.gateway}
plug on-nat $(virsh net-info lab | awk '/^Bridge/ { print $2 }') 192.168.123.60 192.168.123.1`);
  const [lan, nat] = [
    await guestAddress(host, "web", { mac: LAN_MAC }),
    await guestAddress(host, "web", { mac: NAT_MAC }),
  ];
  talks = [
    new Connection("TCP of br0's guest", hostCommand("kvm1", ["ip", "netns", "exec", "on-lan", ...client])),
    new Connection("TCP of lab's guest", hostCommand("kvm1", ["ip", "netns", "exec", "on-nat", ...client])),
    new Pings("pings of web on br0", operatorCommand(["ping", "-D", "-n", "-i", "0.05", lan])),
    new Pings("pings of web on lab", hostCommand("kvm1", ["ping", "-D", "-n", "-i", "0.05", nat])),
  ];
});
afterAll(async () => {
  talks.forEach((talk) => talk.end());
  echo.kill();
  stack.remove();
  await down();
});

it.each(Object.keys(steps))("whoever talks to a guest goes on talking while these change: %s", async (what) => {
  program = { ...program, ...steps[what] };
  stack.program(text(program));
  // The same work on this machine, and none on the host: how long an answer may take.
  const [diff, calm] = await longestSilences(() => stack.preview());
  expect(Object.values(changes(diff)).length).toBeGreaterThan(1);
  expect(diff).not.toContain("network bounce");

  const [, busy] = await longestSilences(() => stack.up());
  process.stdout.write(
    talks
      .map(({ name }, i) => `connected: ${name}: silent for ${busy[i]} ms at the most, ${calm[i]} ms in preview\n`)
      .join(""),
  );
  talks.forEach((_, i) => expect(busy[i]).toBeLessThan(3 * calm[i]! + 1000));
});

it("no byte was lost, and the connections are the same", () => {
  for (const talk of talks) if (talk instanceof Connection) talk.expectWhole();
});

async function longestSilences<T>(work: () => Promise<T>): Promise<[T, number[]]> {
  const since = performance.now();
  const result = await work();
  const until = performance.now();
  // A silence at the end is one that ends later.
  for (const talk of talks) await talk.heardAfter(until);
  return [result, talks.map((talk) => talk.longestSilence(since))];
}

/** A program that says something whenever an answer came. */
abstract class Talk {
  private readonly heard: number[] = [];
  protected said = "";
  protected readonly child: ChildProcess;

  constructor(
    readonly name: string,
    [command, ...args]: readonly string[],
  ) {
    this.child = spawn(command!, args, { env: operatorEnv(), stdio: ["pipe", "pipe", "inherit"] });
    this.child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.said += text;
      if (this.isAnswer(text)) this.heard.push(performance.now());
    });
  }

  protected abstract isAnswer(text: string): boolean;

  longestSilence(since: number): number {
    const times = [since, ...this.heard.filter((at) => at > since)];
    return Math.round(Math.max(...times.slice(1).map((at, i) => at - times[i]!)));
  }

  async heardAfter(moment: number): Promise<void> {
    for (let left = 600; !((this.heard.at(-1) ?? 0) > moment); left--) {
      if (left === 0 || this.child.exitCode !== null) throw new Error(`${this.name}: no answer any more`);
      await sleep(50);
    }
  }

  end(): void {
    this.child.kill();
  }
}

class Pings extends Talk {
  protected override isAnswer = (text: string) => text.includes(" bytes from ");
}

/** One TCP connection, over which numbers go to the operator and back. */
class Connection extends Talk {
  private sent = 0;
  private readonly timer = setInterval(() => this.child.stdin!.write(`${++this.sent}\n`), 20);
  protected override isAnswer = () => true;

  expectWhole(): void {
    const lines = this.said.split("\n").slice(0, -1);
    expect(lines.length).toBeGreaterThan(100);
    expect(lines).toEqual(lines.map((_, i) => String(i + 1)));
    expect(this.child.exitCode).toBeNull();
    process.stdout.write(`connected: ${this.name}: ${this.said.length} bytes came back over one connection\n`);
  }

  override end(): void {
    clearInterval(this.timer);
    super.end();
  }
}

const PORT = 7777;
const client = ["bash", "-c", `exec 3<>/dev/tcp/${LAN.operator}/${PORT} && { cat <&3 & exec cat >&3; }`];

async function echoServer(): Promise<ChildProcess> {
  const [command, ...args] = operatorCommand([
    "perl",
    "-MIO::Socket::INET",
    "-e",
    `$SIG{CHLD} = "IGNORE"; $| = 1; $s = IO::Socket::INET->new(LocalPort => ${PORT}, Listen => 2) or die $!; print "ready\\n";
     while ($c = $s->accept) { next if fork; while (sysread $c, $b, 65536) { syswrite $c, $b } exit }`,
  ]);
  const server = spawn(command!, args, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise((resolve) => server.stdout.once("data", resolve));
  return server;
}
