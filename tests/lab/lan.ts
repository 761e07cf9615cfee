import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ProcessId, identify, inNetworkNamespace, isAlive, kill } from "./process";
import { must, run } from "./run";
import { type HostRecord, labId, labPaths, namespaceFile, namespaceOf } from "./state";

/**
 * The lab's LAN, 10.0.0.0/24: a namespace "sw" with the switch (a bridge, which is also the gateway 10.0.0.1 with DHCP
 * and DNS), and a namespace "op" for the operator, 10.0.0.254. Nothing of it is seen in the machine's own namespace.
 */
export const LAN = { gateway: "10.0.0.1", operator: "10.0.0.254", prefix: 24, domain: "lab" } as const;

/** Makes the LAN where it is not there yet. Call it with the lab's lock held. */
export async function lanUp(): Promise<void> {
  const { lan } = labPaths();
  if (!existsSync(join(lan, "ready")) || !existsSync(namespaceFile("sw")) || !existsSync(namespaceFile("op"))) {
    await lanDown(); // what a killed run left half-made
    await build();
  }
  const server = dnsmasqProcess();
  if (server === undefined || !isAlive(server)) await startDnsmasq();
  writeFileSync(join(lan, "ready"), "");
}

/** Removes the LAN, and ends what still runs in its namespaces. */
export async function lanDown(id = labId()): Promise<void> {
  for (const member of ["op", "sw"]) {
    await kill(inNetworkNamespace(namespaceFile(member, id)));
    await deleteNamespace(member, id);
    rmSync(`/etc/netns/${namespaceOf(member, id)}`, { recursive: true, force: true });
  }
  await run(["rmdir", "--ignore-fail-on-non-empty", "/etc/netns"]);
  for (const directory of [labPaths(id).lan, labPaths(id).home]) rmSync(directory, { recursive: true, force: true });
}

/** Plugs a host's eth0 into the switch: a fresh namespace with a fresh NIC, of the same MAC at every start. */
export async function plug({ name, mac }: HostRecord): Promise<void> {
  await must(["ip", "netns", "add", namespaceOf(name)]);
  await must(["ip", "-n", namespaceOf(name), "link", "set", "lo", "up"]);
  await must([
    ...["ip", "link", "add", "eth0", "address", mac, "netns", namespaceOf(name)],
    ...["type", "veth", "peer", "name", portOf(name), "netns", namespaceOf("sw")],
  ]);
  await must(["ip", "-n", namespaceOf("sw"), "link", "set", portOf(name), "master", "lan", "up"]);
}

/** Ends what runs in a host's namespace and removes it together with its port on the switch. */
export async function unplug(name: string, id = labId()): Promise<void> {
  await kill(inNetworkNamespace(namespaceFile(name, id)));
  await deleteNamespace(name, id);
  // The namespace itself may live on for a while where another holds a copy of its mount: the port goes now.
  await run(["ip", "-n", namespaceOf("sw", id), "link", "del", portOf(name)]);
}

/** Makes a host known to the LAN's DNS and, by its MAC, to its DHCP server: a DHCP host always gets the same address. */
export function announce({ name, address, mac, dhcp }: HostRecord): void {
  const { lan } = labPaths();
  writeFileSync(join(lan, "dns", name), `${address} ${name}.${LAN.domain} ${name}\n`);
  if (dhcp) writeFileSync(join(lan, "dhcp", name), `${mac},${address},${name}\n`);
}

/** Takes a host out of DNS and DHCP. */
export function withdraw(name: string, id = labId()): void {
  for (const directory of ["dns", "dhcp"]) rmSync(join(labPaths(id).lan, directory, name), { force: true });
  const server = dnsmasqProcess(id);
  if (server && isAlive(server)) process.kill(server.pid, "SIGHUP"); // it notices new files by itself, but not removed ones
}

/** A port's name in the switch's namespace; an interface name has at most 15 characters, a host's name 12. */
const portOf = (name: string): string => `p-${name}`;

async function deleteNamespace(member: string, id: string): Promise<void> {
  if (existsSync(namespaceFile(member, id))) await must(["ip", "netns", "del", namespaceOf(member, id)]);
}

async function build(): Promise<void> {
  const { lan, home } = labPaths();
  for (const directory of ["dns", "dhcp"]) mkdirSync(join(lan, directory), { recursive: true });
  writeFileSync(join(lan, "dns", "gw"), `${LAN.gateway} gw.${LAN.domain}\n`);
  const [sw, op] = [namespaceOf("sw"), namespaceOf("op")];
  await must(["ip", "netns", "add", sw]);
  await must(["ip", "netns", "add", op]);
  await must(["ip", "link", "add", "eth0", "netns", op, "type", "veth", "peer", "name", "p-op", "netns", sw]);
  await batch(sw, [
    "link set lo up",
    // A bridge without a MAC of its own takes its ports' lowest: a host that comes or goes would change the gateway's.
    "link add lan address 02:00:0a:00:00:01 type bridge",
    `addr add ${LAN.gateway}/24 dev lan`,
    "link set lan up",
  ]);
  await batch(sw, ["link set p-op master lan up"]);
  await batch(op, ["link set lo up", `addr add ${LAN.operator}/24 dev eth0`, "link set eth0 up"]);
  await batch(op, [`route add default via ${LAN.gateway}`]);
  await operatorFiles(op, home);
}

/**
 * The operator's own files: `ip netns exec` mounts what is in /etc/netns/NAME over /etc. OpenSSH takes the home
 * directory from passwd and not from HOME, so passwd names the lab's home directory too.
 */
async function operatorFiles(op: string, home: string): Promise<void> {
  mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  await must([
    "ssh-keygen",
    "-q",
    "-t",
    "ed25519",
    "-N",
    "",
    "-C",
    "operator@lab",
    "-f",
    join(home, ".ssh/id_ed25519"),
  ]);
  writeFileSync(join(home, ".ssh/known_hosts"), "");
  const etc = `/etc/netns/${op}`;
  mkdirSync(etc, { recursive: true });
  writeFileSync(join(etc, "resolv.conf"), `nameserver ${LAN.gateway}\nsearch ${LAN.domain}\n`);
  writeFileSync(
    join(etc, "hosts"),
    `127.0.0.1 localhost\n::1 localhost\n${LAN.operator} operator.${LAN.domain} operator\n`,
  );
  const passwd = readFileSync("/etc/passwd", "utf8");
  writeFileSync(join(etc, "passwd"), passwd.replace(/^root:.*$/m, `root:x:0:0:root:${home}:/bin/bash`));
}

const batch = (namespace: string, commands: string[]): Promise<string> =>
  must(["ip", "-n", namespace, "-batch", "-"], { input: commands.join("\n") + "\n" });

const pidFile = (id?: string): string => join(labPaths(id).lan, "dnsmasq.json");

function dnsmasqProcess(id?: string): ProcessId | undefined {
  return existsSync(pidFile(id)) ? (JSON.parse(readFileSync(pidFile(id), "utf8")) as ProcessId) : undefined;
}

async function startDnsmasq(): Promise<void> {
  const { lan } = labPaths();
  const log = openSync(join(lan, "dnsmasq.log"), "a");
  const child = spawn(
    "ip",
    [
      ...[
        "netns",
        "exec",
        namespaceOf("sw"),
        "dnsmasq",
        "--keep-in-foreground",
        "--conf-file=/dev/null",
        "--user=root",
      ],
      ...["--log-facility=-", "--log-dhcp", "--no-hosts", "--no-resolv", `--hostsdir=${join(lan, "dns")}`],
      ...[`--domain=${LAN.domain}`, `--local=/${LAN.domain}/`, "--interface=lan", "--bind-interfaces", "--pid-file"],
      // no-ping: else every offer waits 3 s for an answer from the address it is about to offer
      ...["--no-ping", "--dhcp-authoritative", "--dhcp-range=10.0.0.100,10.0.0.199,255.255.255.0,1h"],
      ...[`--dhcp-leasefile=${join(lan, "leases")}`, `--dhcp-hostsdir=${join(lan, "dhcp")}`],
    ],
    { detached: true, stdio: ["ignore", log, log] },
  );
  child.unref();
  const deadline = Date.now() + 5000;
  while (!readFileSync(join(lan, "dnsmasq.log"), "utf8").includes("started, version")) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`Unable to start the lab's dnsmasq: ${readFileSync(join(lan, "dnsmasq.log"), "utf8").trim()}`);
    }
    await sleep(10);
  }
  writeFileSync(pidFile(), JSON.stringify(identify(child.pid ?? 0)));
}
