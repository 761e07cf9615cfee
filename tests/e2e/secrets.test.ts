import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LabHost, down, must, up, useOwnLab } from "../lab/lab";
import { diskOf } from "../lab/state";
import { found, inFiles, inProcesses } from "./searchSecrets";
import { Stack } from "./stack";

/**
 * Every way in which a secret is given, and all that a stack does, with the CLI's logs at their highest level. Afterwards nothing of a secret stands in
 * the state outside its encrypted parts, in what we log, on the host's disk, in an argument or the environment of a process.
 */
const word = () => `S'${randomBytes(9).toString("base64")}"\\é`;
const shellWord = () => `S${randomBytes(12).toString("hex")}`;
/** Credentials: nowhere at all. */
const credentials: Record<string, string> = { password: word(), sudoPassword: word(), passphrase: word() };
/** What is kept of the host, and a secret argument: they are the host's own business too, so not looked for there. */
const texts: Record<string, string> = { kept: shellWord(), address: "10.87.65.1", domain: `d${randomBytes(8).toString("hex")}.example` }; // prettier-ignore

const LOUD = ["--debug", "--logtostderr", "-v=9"];

describe("secrets", () => {
  const dir = mkdtempSync(join(tmpdir(), "kvmnet-secrets-"));
  const log = join(dir, "log");
  const silent = join(dir, "silent");
  const inList = new Set<string>();
  let host: LabHost;
  let stack: Stack;
  let sampler: NodeJS.Timeout;

  beforeAll(async () => {
    useOwnLab("secrets");
    host = await up("kvm1");
    const key = join(dir, "key");
    await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", credentials["passphrase"]!, "-C", "", "-f", key]);
    credentials["privateKey"] = readFileSync(key, "utf8");
    await host.must("cat > /tmp/users; useradd -M -d /home/keyed keyed; useradd -M -d /home/typed typed; chpasswd < /tmp/users; rm /tmp/users; echo 'keyed, typed ALL=(root) ALL' > /etc/sudoers.d/both; chmod 440 /etc/sudoers.d/both; install -d -o keyed /home/keyed /home/keyed/.ssh; install -d -o typed /home/typed", { input: `keyed:${credentials["sudoPassword"]}\ntyped:${credentials["password"]}\n` }); // prettier-ignore
    await host.write("/home/keyed/.ssh/authorized_keys", readFileSync(`${key}.pub`, "utf8"));
    await host.write("/etc/sysctl.d/60-kvmnet-forwarding.conf", `# ${texts["kept"]}\nnet.ipv4.ip_forward = 0\n`);
    stack = await Stack.create({ text: program(credentials, texts, 2) });
    sampler = setInterval(() => inProcesses(credentials).forEach((where) => inList.add(where)), 100);
  });
  afterAll(async () => {
    clearInterval(sampler);
    stack.remove();
    rmSync(dir, { recursive: true });
    await down();
  });

  it("are used: by key and passphrase, by password, by sudo, in an argument; in an up, an update, a refresh, a destroy, and where each fails", async () => {
    expect(await loud("up", "--yes", "--skip-preview")).toBe(0);
    expect(await host.must("virsh -q net-dumpxml secret; cat /etc/sysctl.d/*kvmnet*")).toContain(texts["domain"]);
    stack.program(program(credentials, texts, 3));
    await host.must("virsh -q net-destroy secret; ip link add name taken type bridge; ip addr add 10.87.65.1/24 dev taken");
    expect(await loud("refresh", "--yes", "--skip-preview")).toBe(0);
    expect(await quiet("up", "--yes", "--skip-preview", "--diff")).not.toBe(0);
    await host.must("ip link del taken");
    expect(await loud("up", "--yes", "--skip-preview")).toBe(0);
  }, 180_000); // prettier-ignore

  it("stand in no state but encrypted", async () => {
    const all = { ...credentials, ...texts };
    expect(inFiles(join(stack.dir, ".pulumi-home"), all)).toEqual([]);
    // They are there: whoever has the stack's passphrase reads them.
    const plain = await stack.must("stack", "export", "--show-secrets");
    expect(found(plain, all).sort()).toEqual(Object.keys(all).sort());
  });

  it("come back with destroy; with a wrong password there is an error", async () => {
    stack.program(program({ ...credentials, sudoPassword: "wrong" }, texts, 4));
    expect(await quiet("preview", "--diff")).not.toBe(0);
    expect(readFileSync(silent, "utf8")).toMatch(/sudo does not take the password/);
    expect(await loud("destroy", "--yes", "--skip-preview")).toBe(0);
    expect(await host.read("/etc/sysctl.d/60-kvmnet-forwarding.conf")).toContain(texts["kept"]);
  }, 60_000);

  /** What Pulumi's own SDK and engine write down of each call, secrets and all: with --debug the one, with -v=9 the other. */
  const PULUMIS = /(Unm|M)arshaling property for RPC\[|RegisterResource RPC (prepared|finished): /;

  it("stand in no log but in Pulumi's own of its calls, of the highest level; and in none of an ordinary run", () => {
    expect(readFileSync(silent).length).toBeGreaterThan(1000);
    const lines = readFileSync(silent, "utf8").split("\n");
    expect(lines.filter((line) => finds(line).length > 0)).toEqual([]);
    // The lines of a key, or of XML, belong to the message in which they stand.
    const said = readFileSync(log, "utf8").replace(
      /\n(?=[A-Za-z0-9+/=]{8,76}\n|-----END| {4}(?! *(debug|info|warning|error): ))/g,
      " ",
    );
    const records = said.split("\n");
    const telling = records.filter((record) => finds(record).length > 0);
    process.stdout.write(
      `${records.length} lines of logs, ${telling.length} of Pulumi's with a secret; ${inList.size} finds in process lists\n`,
    );
    expect(telling.filter((record) => !PULUMIS.test(record)).map((record) => record.slice(0, 300))).toEqual([]);
    expect(said).toMatch(/debug: kvm1\.lab: SSH trip/);
  });

  it("stand on no disk of the host, and in no process's arguments or environment", async () => {
    for (const part of ["upper", "home", "root-home"]) expect(inFiles(join(diskOf(host.name), part), credentials)).toEqual([]);
    const volatile = await host.must("tar -cf - -C / run tmp 2>/dev/null | base64 -w0 || :");
    expect(found(Buffer.from(volatile, "base64"), credentials)).toEqual([]);
    expect([...inList]).toEqual([]);
  }); // prettier-ignore

  it("would have been found", async () => {
    const { privateKey, password } = credentials as { privateKey: string; password: string };
    await host.write("/var/tmp/a", Buffer.from(`abcd ${password}`).toString("base64"));
    await host.write("/home/typed/.bash_history", `sudo -S <<< '${password.replaceAll("'", "'\\''")}'\n`);
    expect(inFiles(join(diskOf(host.name), "upper"), credentials)).toEqual([expect.stringMatching(/\/var\/tmp\/a: password$/)]);
    expect(inFiles(join(diskOf(host.name), "home"), credentials)).toEqual([expect.stringMatching(/bash_history: password$/)]);
    appendFileSync(log, JSON.stringify({ line: `x${JSON.stringify({ key: privateKey })}` }));
    expect(finds(readFileSync(log))).toContain("privateKey");
    const child = spawn("sleep", ["60"], { argv0: `sleep ${encodeURIComponent(password)}`, env: { P: credentials["passphrase"]! } });
    expect(inProcesses(credentials).sort()).toEqual(["sleep cmdline: password", "sleep environ: passphrase"]);
    child.kill();
    writeFileSync(join(stack.dir, ".pulumi-home/planted"), `"address": "${texts["address"]}/24"`);
    expect(inFiles(join(stack.dir, ".pulumi-home"), texts)).toEqual([expect.stringMatching(/planted: address$/)]);
  }); // prettier-ignore

  /** Not what is kept of a file that is taken over: its reviewer is shown, line by line, what goes. */
  const finds = (said: Buffer | string) =>
    found(said, { ...credentials, address: texts["address"]!, domain: texts["domain"]! });

  /** What it says is in the file; the exit code is left. */
  const run =
    (file: string, options: readonly string[]) =>
    async (...args: string[]): Promise<number> => {
      const { code, stdout, stderr } = await stack.pulumi(...args, ...options);
      appendFileSync(file, `${stdout}\n${stderr}\n`);
      return code;
    };
  const loud = run(log, LOUD);
  const quiet = run(silent, []);
});

/** The secrets come from a file beside the program, by which no test would see where they go on to. */
const program = (given: Readonly<Record<string, string>>, { address, domain }: Readonly<Record<string, string>>, first: number) => `
import * as kvmnet from "pulumi-kvmnet";
import * as pulumi from "@pulumi/pulumi";
const given = ${JSON.stringify(given)};
const keyed = new kvmnet.Provider("keyed", { host: "kvm1.lab", user: "keyed", privateKey: given.privateKey, passphrase: given.passphrase, password: given.sudoPassword });
const typed = new kvmnet.Provider("typed", { hosts: { kvm1: { host: "kvm1.lab", user: "typed", password: given.password } }, agent: "none" });
export const network = new kvmnet.NatNetwork("secret", {
  address: pulumi.secret("${address}/24"),
  domain: pulumi.secret("${domain}"),
  dhcp: { start: "10.87.65.${first}", end: "10.87.65.99" },
}, { provider: keyed }).networks;
new kvmnet.SysctlForwarding("forwarding", { ipv4: true, adopt: true }, { provider: typed });
`; // prettier-ignore
