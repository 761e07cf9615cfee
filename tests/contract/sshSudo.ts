import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LEAST_SUDOERS, PASSWORD } from "./sshd";
import { out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** root, sudo, and the shells that are on hosts. */
export function sudo(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const host = (settings?: Settings, debug?: (line: string) => void) => suite.host(by, settings, debug);

  test("with the password that sudo asks for", async () => {
    const transport = host({ user: "admin", password: PASSWORD });
    const results = await Promise.all(["id -un", "id -un", "cat"].map((script) => transport.run(script)));
    expect(results.map(({ stdout }) => stdout)).toEqual(["root\n", "root\n", ""]);
    // sudo remembers the first one's: nothing of the password comes out of a shell that was never asked for it.
    expect(JSON.stringify(results)).not.toContain("horse");
    expect(results.map(({ stderr }) => stderr.trim())).toEqual(["", "", ""]);
  });

  test("with a password that sudo does not ask for", async () => {
    const result = await host({ user: "free", password: PASSWORD }).run("id -un; cat");
    expect(result).toEqual({ stdout: "root\n", stderr: "", code: 0 });
    expect(await out(host({ user: "free" }), "id -un")).toBe("root\n");
  });

  test("refused: wrong password, none, not in sudoers", async () => {
    const wrong = await refused(
      host({ user: "admin", password: "hunter2" }).run("true"),
      "authentication",
      "sudo does not take the password",
    );
    expect(wrong).not.toContain("hunter2");
    await refused(host({ user: "admin" }).run("true"), "authentication", "a password is required", "NOPASSWD");
  });

  test("not in sudoers for this, no sudo at all", async () => {
    await refused(host({ user: "virsh" }).run("true"), "authentication", "virsh may not become root on 127.0.0.1");
    const { port } = await suite.server({ config: ["SetEnv PATH=/nowhere"] });
    await refused(host({ port, user: "plain" }).run("true"), "authentication", "sudo: not found", "Install sudo");
  });

  test("the least that suffices, as docs/connection.md gives it", async () => {
    expect(readFileSync(join(__dirname, "../../docs/connection.md"), "utf8")).toContain(`\n${LEAST_SUDOERS}\n`);
    expect(await out(host({ user: "kvmnet" }), "id -un")).toBe("root\n");
  });

  test("a password is in no argument and no environment of the host", async () => {
    const script = `for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; tr '\\0' ' ' < $p/environ; echo; done`;
    const said = await out(host({ user: "admin", password: PASSWORD }), `sleep 0.1; ${script}`);
    expect(said).toContain("sudo -S");
    expect(said).not.toContain("horse");
  });

  test.each(["fish", "csh"])("login shell %s", async (user) => {
    const shell = { fish: "/usr/bin/fish", csh: "/bin/tcsh" }[user]!;
    if (!existsSync(shell)) return console.log(`${shell} is not installed: not tried`);
    expect(await out(host({ user, password: PASSWORD }), "id -un")).toBe("root\n");
    expect(await out(host({ user, sudo: false }), "id -un")).toBe(`${user}\n`);
  });

  test("a login shell, and an sshd, that talk before anything else", async () => {
    const { port } = await suite.server({ config: [`Banner ${shop.write("banner", "Authorised use only.\n")}`] });
    const at = { port, user: "talker" };
    const told = await host({ ...at, sudo: false }).run("id -un; echo oops >&2; exit 3");
    // Its word on standard error may come after the shell's first on standard output: it is kept then, as a person would see it.
    expect(told).toEqual({
      stdout: "talker\n",
      stderr: expect.stringMatching(/^(You have mail\.\n)?oops\n$/),
      code: 3,
    });
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("root\n");
  });

  test.each(["dash", "busybox"])("no bash, and %s is sh", async (shell) => {
    const path = { dash: "/usr/bin/dash", busybox: "/usr/bin/busybox" }[shell]!;
    const before = [
      `cp ${path} ${shop.path(`${shell}-${by}`)}`,
      `mount --bind ${shop.path(`${shell}-${by}`)} "$(readlink -f /bin/sh)"`,
      `for b in /bin/bash /usr/bin/bash; do mount --bind /dev/null $b; done`,
    ];
    const { port } = await suite.server({ before });
    const script = `cmp /proc/$$/exe ${path} && [ ! -x /bin/bash ] && id -un`;
    expect(await out(host({ port, user: "plain" }), script)).toBe("root\n");
  });

  test("a host that speaks German", async () => {
    const locales = shop.path("locales");
    mkdirSync(locales, { recursive: true });
    try {
      if (!existsSync(`${locales}/de_DE.utf8`))
        execFileSync("localedef", ["-i", "de_DE", "-f", "UTF-8", `${locales}/de_DE.utf8`], { stdio: "ignore" });
    } catch {
      return console.log("localedef has no de_DE here: not tried");
    }
    const { port } = await suite.server({
      before: [`mount --bind ${locales} /usr/lib/locale`],
      config: ["SetEnv LANG=de_DE.UTF-8 LC_ALL=de_DE.UTF-8"],
    });
    const at = { port, user: "admin" };
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("root\n");
    await refused(host(at).run("true"), "authentication", "Passwort", "NOPASSWD");
    await refused(
      host({ ...at, password: "hunter2" }).run("true"),
      "authentication",
      "sudo does not take the password",
    );
  });
}
