import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter } from "node:path";
import { parseArgs } from "node:util";
import { ensurePulumi, findPulumi, pulumiEnv } from "../toolchain/pulumi";
import * as lab from "./lab";
import { labOwners } from "./interfaces";
import { hostNames, labId, labPaths } from "./state";

const HELP = `Throw-away KVM hosts on a LAN of their own, 10.0.0.0/24, on this machine (Linux, as root).

  npm run lab -- up kvm1 [--dhcp] [--address 10.0.0.12]     start a host; with --vm a whole emulated Debian 12,
                                                            with --owner somebody else's files configure its network:
                                                            ${labOwners.slice(0, 4).join(", ")},
                                                            ${labOwners.slice(4).join(", ")}
  npm run lab -- shell kvm1 [COMMAND…]                      a shell on it, or one command
  npm run lab -- guest kvm1 web [--bridge br0] [--network default] [--mac 52:54:00:…]
                                                            define and start a guest, without options with no NIC
  npm run lab -- op [COMMAND…]                              a shell as the operator, or one command, such as
                                                            op ssh kvm1.lab, op ping 10.0.0.11, op pulumi up
  npm run lab -- reboot kvm1                                stop it at once (a VM in good order) and boot it anew
  npm run lab -- list
  npm run lab -- down [kvm1]                                end one host, or the whole lab

The operator reaches hosts by name (kvm1.lab), as root or as admin (who may use sudo), with its key or the password "lab".
Several labs side by side: KVMNET_LAB=other npm run lab -- up kvm1. What lasts is told on standard error.
`;

/** A mistake in the command line: told with a hint, not with a stack. */
class Usage extends Error {}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const commands: Record<string, (args: string[]) => Promise<number>> = {
  async up(args) {
    const { values, positionals } = parse(args, {
      dhcp: { type: "boolean" },
      address: { type: "string" },
      vm: { type: "boolean" },
      owner: { type: "string" },
    });
    const [name] = exactly(positionals, 1, "up NAME");
    const owner = labOwners.find((owner) => owner === values.owner);
    if (values.owner !== undefined && !owner) throw new Usage(`--owner is one of ${labOwners.join(", ")}`);
    const started = Date.now();
    endOnSignal(name);
    const host = await lab.up(name, {
      say,
      dhcp: values.dhcp === true,
      vm: values.vm === true,
      ...(owner && { owner }),
      ...(typeof values.address === "string" && { address: values.address }),
    });
    say(`${host.name}.lab is up at ${host.address}${values.dhcp ? " (DHCP)" : ""} after ${seconds(started)}.`);
    return 0;
  },

  async shell([name, ...command]) {
    if (name === undefined) throw new Usage("shell NAME [COMMAND…]");
    lab.find(name);
    return interactive(lab.hostCommand(name, command.length > 0 ? command : ["bash", "-l"]));
  },

  async op(command) {
    requireLan();
    const pulumi = command[0] === "pulumi" ? await ensurePulumi(say) : findPulumi();
    const home = labPaths().home;
    const env = {
      ...lab.operatorEnv(),
      ...pulumiEnv(home),
      ...(pulumi && { PATH: `${pulumi.bin}${delimiter}${process.env.PATH ?? ""}` }),
      PS1: `operator@${labId()}:\\w# `,
    };
    return interactive(lab.operatorCommand(command.length > 0 ? command : ["bash", "--norc", "-i"]), env);
  },

  async guest(args) {
    const { values, positionals } = parse(args, {
      bridge: { type: "string" },
      network: { type: "string" },
      mac: { type: "string" },
    });
    const [hostName, name] = exactly(positionals, 2, "guest HOST NAME [--bridge br0] [--network default]");
    const started = Date.now();
    await lab.guest(lab.find(hostName), name, { say, ...values });
    say(
      `${name} starts on ${hostName} after ${seconds(started)}. It says: npm run lab -- shell ${hostName} cat /var/log/guest-${name}.log`,
    );
    return 0;
  },

  async reboot(args) {
    const [name] = exactly(parse(args, {}).positionals, 1, "reboot NAME");
    const started = Date.now();
    await lab.find(name).reboot();
    say(`${name} is up again after ${seconds(started)}.`);
    return 0;
  },

  async list(args) {
    exactly(parse(args, {}).positionals, 0, "list");
    const hosts = lab.list();
    for (const { name, address, mac } of hosts) console.log(`${name.padEnd(12)} ${address.padEnd(15)} ${mac}`);
    if (hosts.length === 0) say(`No host is up in the lab "${labId()}".`);
    return 0;
  },

  async down(args) {
    const { positionals } = parse(args, {});
    const [name] = positionals.length === 0 ? [] : exactly(positionals, 1, "down [NAME]");
    if (name !== undefined && !hostNames().includes(name))
      throw new Error(`There is no host ${name} in the lab "${labId()}".`);
    const started = Date.now();
    await lab.down(name);
    say(`${name ?? `The lab "${labId()}"`} is down after ${seconds(started)}.`);
    return 0;
  },
};

/** Runs a command with our terminal; Ctrl-C is for the command. */
function interactive([command = "", ...args]: string[], env = process.env): Promise<number> {
  const child = spawn(command, args, { stdio: "inherit", env });
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** Ctrl-C while a host starts takes it down again. */
function endOnSignal(name: string): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      say(`Taking ${name} down again.`);
      const end = (): never => process.exit(128 + constants.signals[signal]);
      lab.down(name).then(end, end);
    });
  }
}

function requireLan(): void {
  if (lab.list().length === 0)
    throw new Usage('There is no operator yet: start a host first ("npm run lab -- up kvm1").');
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

function parse<T extends Options>(args: string[], options: T) {
  try {
    return parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new Usage(error instanceof Error ? error.message : String(error));
  }
}

function exactly(positionals: string[], count: 0, usage: string): [];
function exactly(positionals: string[], count: 1, usage: string): [string];
function exactly(positionals: string[], count: 2, usage: string): [string, string];
function exactly(positionals: string[], count: number, usage: string): string[] {
  if (positionals.length !== count) throw new Usage(usage);
  return positionals;
}

async function main([command, ...args]: string[]): Promise<number> {
  if (command === undefined || ["help", "--help", "-h"].includes(command)) {
    process.stdout.write(HELP);
    return command === undefined ? 2 : 0;
  }
  const action = commands[command];
  if (!action) throw new Usage(`There is no command "${command}".`);
  lab.requireRoot();
  return action(args);
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    if (error instanceof Usage) say("See: npm run lab -- help");
    process.exit(error instanceof Usage ? 2 : 1);
  },
);
