import { type Result, type RunOptions, run } from "./run";
import { type HostRecord, isRunning, loadHost } from "./state";
import { quoted, vmCommand } from "./vm/boot";

/** A throw-away KVM host: a Debian with its own network, sshd, libvirtd and ifupdown, in namespaces of this machine. */
export interface LabHost {
  readonly name: string;
  /** Its address on the LAN; a host with DHCP always gets the same. */
  readonly address: string;
  readonly mac: string;
  /** Runs a bash script inside the host, as root, beside its network: it works whatever the network is like. */
  sh(script: string, options?: RunOptions): Promise<Result>;
  /** As `sh`; throws where the script fails, and returns what it printed. */
  must(script: string, options?: RunOptions): Promise<string>;
  read(path: string): Promise<string>;
  write(path: string, text: string): Promise<void>;
  /** Stops everything at once (a VM in good order) and boots anew from the same disk: /etc stays, /run, /tmp and the kernel's network do not. */
  reboot(): Promise<void>;
  down(): Promise<void>;
}

/** What starts and ends hosts; handed in, as it makes such objects itself. */
interface Control {
  reboot(name: string): Promise<void>;
  down(name: string): Promise<void>;
}

/** The command line that runs `argv` inside a host, with a login's environment. */
export function hostCommand(name: string, argv: readonly string[]): string[] {
  const record = loadHost(name);
  if (!isRunning(record)) throw new Error(`${name} is not up.`);
  const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const namespaces = [
    "--target",
    String(record.init.pid),
    "--mount",
    "--uts",
    "--ipc",
    "--net",
    "--pid",
    "--root",
    "--wd",
  ];
  const environment = [
    "env",
    "--chdir=/root",
    "-i",
    path,
    "HOME=/root",
    "USER=root",
    "LANG=C.UTF-8",
    `TERM=${process.env.TERM ?? "dumb"}`,
  ];
  if (record.vm !== undefined) {
    const words = [...environment, ...argv].map(quoted).join(" ");
    return vmCommand(name, words, argv[0] === "bash" && argv[1] === "-l" && process.stdin.isTTY);
  }
  return ["nsenter", ...namespaces, "--", ...environment, ...argv];
}

/** The host as an object. Its namespaces are looked up at every call, so it stays valid over a reboot. */
export function attach({ name, address, mac }: HostRecord, control: Control): LabHost {
  const sh = (script: string, options?: RunOptions): Promise<Result> =>
    run(hostCommand(name, ["bash", "-c", script]), options);
  const inHost = async (script: string, options?: RunOptions): Promise<string> => {
    const { code, stdout, stderr } = await sh(script, options);
    if (code !== 0) throw new Error(`On ${name}, "${script}" failed (exit ${code}): ${(stderr || stdout).trim()}`);
    return stdout;
  };
  return {
    name,
    address,
    mac,
    sh,
    must: inHost,
    read: (path) => inHost(`cat ${quoted(path)}`),
    write: async (path, input) => {
      await inHost(`mkdir -p "$(dirname ${quoted(path)})" && cat > ${quoted(path)}`, { input });
    },
    reboot: () => control.reboot(name),
    down: () => control.down(name),
  };
}
