import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** Which host is the right one. */
export function hostKeys(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const host = (settings?: Settings, debug?: (line: string) => void) => suite.host(by, settings, debug);

  const knownBy = (knownHosts: string, more = {}) => host({ hostKey: undefined, knownHosts, ...more });
  const name = () => `[127.0.0.1]:${suite.sshd.port}`;

  test.each(["ed25519", "ecdsa", "rsa"])("known by its %s key alone", async (type) => {
    expect(await out(knownBy(suite.known(`${name()} ${suite.pub(`host_${type}`)}`)))).toBe("hello\n");
  });

  test("plain, hashed by ssh-keygen -H, without the port", async () => {
    expect(await out(knownBy(suite.known(`127.0.0.1 ${suite.hostKey}`)))).toBe("hello\n");
    const hashed = suite.known(`${name()} ${suite.hostKey}`);
    execFileSync("ssh-keygen", ["-q", "-H", "-f", hashed], { stdio: "ignore" });
    expect(readFileSync(hashed, "utf8")).toMatch(/^\|1\|/);
    expect(await out(knownBy(hashed))).toBe("hello\n");
  });

  test("~/.ssh/known_hosts, as ssh itself wrote it", async () => {
    const file = shop.path("operator/.ssh/known_hosts");
    const options = [
      "StrictHostKeyChecking=accept-new",
      `UserKnownHostsFile=${file}`,
      "HashKnownHosts=yes",
      "BatchMode=yes",
    ];
    const words = options.flatMap((option) => ["-o", option]);
    const at = ["-o", "IdentitiesOnly=yes", "-i", suite.key, "-p", `${suite.sshd.port}`, "root@127.0.0.1", "true"];
    execFileSync("ssh", ["-F", "none", ...words, ...at], { stdio: "ignore" });
    expect(await out(host({ hostKey: undefined }))).toBe("hello\n");
    rmSync(file);
  });

  test("unknown: never a silent yes, and how to accept it", async () => {
    const message = await refused(host({ hostKey: undefined }).run("true"), "hostKey");
    const print = execFileSync("ssh-keygen", ["-lf", shop.path("host_ed25519.pub")], { encoding: "utf8" }).split(
      " ",
    )[1];
    // What ssh(1) tells of a key is its fingerprint.
    const pin = { ssh2: `hostKey: "${suite.hostKey}"`, openssh: "`hostKey`" }[by];
    expect(message).toBe(
      `the host key of 127.0.0.1:${suite.sshd.port} is unknown: it shows ssh-ed25519 ${print}, which is not in ~/.ssh/known_hosts. ` +
        "Compare that with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the host itself, " +
        `then log in once with \`ssh -p ${suite.sshd.port} root@127.0.0.1\` and accept it, or set ${pin} on the provider.`,
    );
  });

  test("changed, revoked", async () => {
    const other = shop.key(`other_host-${by}`);
    const { port, log } = await suite.server();
    const name = `[127.0.0.1]:${port}`;
    const changed = suite.known("# a comment", `${name} ${suite.pub(`other_host-${by}`)}`);
    await refused(
      knownBy(changed, { port }).run("true"),
      "hostKey",
      "has changed",
      { ssh2: `${changed}:2 has SHA256:`, openssh: `${changed}:2 has another` }[by],
      `ssh-keygen -f ${changed} -R '${name}'`,
    );
    const revoked = suite.known(`${name} ${suite.hostKey}`, `@revoked * ${suite.hostKey}`);
    await refused(
      knownBy(revoked, { port }).run("true"),
      "hostKey",
      `is revoked by ${revoked}${{ ssh2: ":2", openssh: "" }[by]}`,
    );
    expect(existsSync(other)).toBe(true);
    // Nothing of ours was said to it: no user, no key, no password.
    expect(log()).toContain("Connection from");
    expect(log()).not.toMatch(/root|authenticating|Accepted|Failed|Postponed/);
  });

  test("pinned by its key, of whatever type", async () => {
    for (const type of ["ed25519", "ecdsa", "rsa"])
      expect(await out(host({ hostKey: shop.read(`host_${type}.pub`) }))).toBe("hello\n");
    shop.key(`foreign-${by}`);
    await refused(
      host({ hostKey: suite.pub(`foreign-${by}`) }).run("true"),
      "hostKey",
      "but `hostKey` of the provider is ssh-ed25519 SHA256:",
      { ssh2: suite.hostKey, openssh: "set `hostKey` to it" }[by],
    );
  });

  test("pinned by its fingerprint", async () => {
    const fingerprint = (type: string) =>
      execFileSync("ssh-keygen", ["-lf", shop.path(`host_${type}.pub`)], { encoding: "utf8" }).split(" ")[1]!;
    if (by === "openssh")
      return void (await refused(host({ hostKey: fingerprint("rsa") }).run("true"), "hostKey", "to the whole key"));
    for (const type of ["ed25519", "ecdsa", "rsa"])
      expect(await out(host({ hostKey: fingerprint(type) }))).toBe("hello\n");
    const print = `SHA256:${"A".repeat(43)}`;
    await refused(
      host({ hostKey: print }).run("true"),
      "hostKey",
      `\`hostKey\` of the provider is ${print}`,
      suite.hostKey,
    );
    const { port } = await suite.server({ hostKeys: suite.hostKeys("rsa") });
    expect(await out(host({ port, hostKey: fingerprint("rsa") }))).toBe("hello\n");
    await refused(host({ port, hostKey: print }).run("true"), "hostKey", "is ssh-rsa SHA256:");
  });
}
