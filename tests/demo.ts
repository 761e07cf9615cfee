import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type LabOwner, labOwners } from "./lab/interfaces";
import * as lab from "./lab/lab";
import { abandonedLabs, labId, labPaths } from "./lab/state";
import { ensurePulumi, pulumiEnv } from "./toolchain/pulumi";

const root = resolve(__dirname, "..");
const HELP = `npm run demo             a KVM host, the quickstart deployed on it, and what came of it; all is taken down in the end
npm run demo -- --keep   the same, and host and stack stay, for you to go on with
npm run demo -- --owner netplan   on a host whose network somebody else than ifupdown has in his files:
                         ${labOwners.slice(1).join(", ")}
`;

/** What the demo says of itself, apart from what its commands print. */
const say = (line: string): void => console.log(line);
const dim = (line: string): string => (process.stdout.isTTY ? `\x1b[2m${line}\x1b[0m` : line);
const bold = (line: string): string => (process.stdout.isTTY ? `\x1b[1m${line}\x1b[0m` : line);
let headings = 0;
const heading = (line: string): void => say(`\n${bold(`── ${++headings}. ${line}`)}\n`);

async function main(keep: boolean, owner: LabOwner): Promise<void> {
  lab.requireRoot();
  await ownLab(keep);
  const began = Date.now();

  heading(`A plain KVM host, kvm1: Debian with a static address (${owner}), libvirt, and a guest without a network`);
  await ensurePulumi(say);
  const host = await lab.up("kvm1", { say, owner });
  await lab.guest(host, "web", { say });
  const pulumi = project(await ensurePulumi(say));
  for (const command of ["ip -br addr", "virsh list --all", "virsh domiflist web"]) await onHost(host, command);

  heading("The review: what Pulumi would make of it");
  say(dim(`# ${join(projectDir(), "index.ts")} is examples/quickstart/index.ts\n`));
  await pulumi(["stack", "init", "dev"], { quiet: true });
  await pulumi(["preview", "--diff"]);

  heading("The change");
  await pulumi(["up", "--yes", "--skip-preview"]);

  heading("The result, as the host sees it");
  const interfaces = await host.must("virsh -q domiflist web");
  const mac = (source: string): string => new RegExp(`${source} +virtio +(\\S+)`).exec(interfaces)?.[1] ?? "none";
  const onLan = await lab.guestAddress(host, "web", { mac: mac("br0") });
  const behindNat = await lab.guestAddress(host, "web", { mac: mac("lab") });
  for (const command of [
    "brctl show",
    "ip -br addr",
    "virsh net-list --all",
    "virsh domiflist web",
    "virsh net-dhcp-leases lab",
  ])
    await onHost(host, command);
  say(dim("# web on br0 has its lease from the LAN's own DHCP server. From the operator's machine:"));
  await show("operator$", `ping -c 3 -i 0.2 ${onLan}`, lab.operatorCommand(["ping", "-c", "3", "-i", "0.2", onLan]));
  say(dim("# web behind NAT has the address that is reserved for it. From the host:"));
  await onHost(host, `ping -c 3 -i 0.2 ${behindNat}`);

  heading("Once more: there is nothing left to do");
  await pulumi(["preview", "--expect-no-changes"]);

  heading(keep ? "Yours to go on with" : "Next steps");
  say(nextSteps(keep));
  if (keep) release();
  else await lab.down();
  say(`\nThe demo took ${Math.round((Date.now() - began) / 1000)} s.${keep ? "" : " Its host is taken down."}`);
}

function nextSteps(keep: boolean): string {
  const pulumi = join(labPaths("demo").dir, "pulumi");
  const command = "KVMNET_LAB=demo npm run -s lab --";
  const steps = [
    ["Break something by hand on the host, and let Pulumi find and heal it:"],
    [`${command} shell kvm1 virsh net-destroy lab`],
    [`${pulumi} refresh --yes`, `${pulumi} preview --diff`, `${pulumi} up --yes`],
    ["Change the program, and see what that means:"],
    [`$EDITOR ${join(labPaths("demo").dir, "quickstart/index.ts")}`, `${pulumi} preview --diff`],
    ["Look around: on the host, and as the operator who reaches it by its name:"],
    [`${command} shell kvm1`, `${command} op ssh kvm1.lab`],
    ["Give the host back as it was found:"],
    [`${pulumi} destroy --yes`],
    ["End the host, and all of the demo:"],
    [`${command} down`],
  ];
  const text = steps.map((lines) => lines.map((line) => (line.endsWith(":") ? line : `    ${line}`)).join("\n"));
  return keep
    ? text.join("\n")
    : ["This host is taken down now. With `npm run demo -- --keep` it stays, and you can go on:", ...text].join("\n");
}

/**
 * The demo's lab is of this run, and the next one sweeps it away should this one be killed. A kept one has a fixed name,
 * so that the commands to go on with are always the same; it makes room for the next kept one.
 */
async function ownLab(keep: boolean): Promise<void> {
  process.env.KVMNET_LAB = keep ? "demo" : `demo-${process.pid}`;
  if (existsSync(labPaths().dir)) {
    if (existsSync(ownerFile()) && !abandonedLabs().includes(labId()))
      throw new Error("Another `npm run demo -- --keep` is at work: let it end first.");
    say("Taking down the host of the demo before.");
    await lab.down();
  }
  lab.useOwnLab("demo");
}

const ownerFile = (): string => join(labPaths().dir, "owner.json");
const projectDir = (): string => join(labPaths().dir, "quickstart");

/** The lab outlives this process. */
const release = (): void => rmSync(ownerFile(), { force: true });

type Pulumi = (args: readonly string[], options?: { quiet: boolean }) => Promise<void>;

/** The quickstart as a project of its own, and `pulumi` for it: a script that is the operator's, with all the state in the lab. */
function project({ bin }: { bin: string }): Pulumi {
  const { dir, home } = labPaths();
  cpSync(join(root, "examples/quickstart"), projectDir(), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(projectDir(), "node_modules"));
  mkdirSync(home, { recursive: true });
  const path = [bin, join(root, "node_modules/.bin"), process.env["PATH"]].join(delimiter);
  const env = {
    ...pulumiEnv(home),
    PULUMI_NODEJS_TRANSPILE_ONLY: "true",
    HOME: home,
    USER: "root",
    LOGNAME: "root",
    PATH: path,
  };
  const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
  const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  const script = join(dir, "pulumi");
  const run = lab.operatorCommand(["pulumi", "-C", projectDir()]).map(quote).join(" ");
  writeFileSync(
    script,
    [
      "#!/bin/sh",
      "# Pulumi as the operator of the demo's lab.",
      "unset SSH_AUTH_SOCK",
      ...exports,
      `exec ${run} "$@"`,
      "",
    ].join("\n"),
    { mode: 0o755 },
  );
  return async (args, options) => {
    const argv = [script, ...args];
    if (options?.quiet) await lab.must(argv);
    else await show("operator$", ["pulumi", ...args].join(" "), argv);
  };
}

const onHost = (host: lab.LabHost, command: string): Promise<void> =>
  show("kvm1#", command, lab.hostCommand(host.name, ["sh", "-c", command]));

/** Runs a command before the reader's eyes. */
async function show(prompt: string, command: string, [program = "", ...args]: readonly string[]): Promise<void> {
  say(`${dim(prompt)} ${bold(command)}`);
  const child = spawn(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  const code = await new Promise<number>((done, reject) => {
    child.on("error", reject);
    child.on("exit", (status, signal) => done(status ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
  if (code !== 0) throw new Error(`${command} failed (exit ${code}).`);
  say("");
}

function options() {
  const known = {
    keep: { type: "boolean", default: false },
    owner: { type: "string", default: "ifupdown" },
    help: { type: "boolean", short: "h", default: false },
  } as const;
  try {
    return parseArgs({ options: known }).values;
  } catch {
    return { keep: false, owner: undefined, help: false };
  }
}

let ending = false;

/** Ctrl-C, and whatever goes wrong, leaves nothing behind. */
async function end(code: number, reason: string): Promise<never> {
  ending = true;
  console.error(`\n${reason}\nTaking the demo's host down.`);
  await lab.down().catch((error: unknown) => console.error(String(error)));
  process.exit(code);
}

const { keep, owner: name, help } = options();
const owner = labOwners.find((owner) => owner === name);
if (help || !owner) {
  process.stdout.write(HELP);
  process.exit(help ? 0 : 2);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    if (!ending) void end(128 + constants.signals[signal], "Interrupted.");
  });
}
main(keep, owner).catch((error: unknown) => {
  if (!ending) void end(1, error instanceof Error ? error.message : String(error));
});
