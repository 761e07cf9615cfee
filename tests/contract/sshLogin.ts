import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Server } from "ssh2";
import { PASSWORD } from "./sshd";
import { out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** Keys, agents, passwords. */
export function login(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const host = (settings?: Settings, debug?: (line: string) => void) => suite.host(by, settings, debug);

  test("key as a file, with ~, and as a text", async () => {
    writeFileSync(shop.path("operator/own-key"), readFileSync(suite.key), { mode: 0o600 });
    expect(await out(host({ privateKey: "~/own-key" }))).toBe("hello\n");
    expect(await out(host({ privateKey: shop.read("operator-key").trim().replaceAll("\n", "\r\n") }))).toBe("hello\n");
  });

  test.each(["ecdsa", "rsa"])("%s key", async (type) => {
    const own = shop.key(`own-${type}-${by}`, type);
    const { port, log } = await suite.server({ authorized: [own] });
    expect(await out(host({ port, privateKey: own }))).toBe("hello\n");
    expect(log()).toMatch(new RegExp(`Accepted publickey for root .* ${type.toUpperCase()} SHA256:`));
  });

  test("root@… and ssh://root@…", async () => {
    expect(await out(host({ host: "root@127.0.0.1" }))).toBe("hello\n");
    expect(await out(host({ host: `ssh://root@127.0.0.1:${suite.sshd.port}`, port: undefined }))).toBe("hello\n");
  });

  test("encrypted keys", async () => {
    const secret = shop.key(`secret-key-${by}`, "ecdsa", "sesame");
    const { port } = await shop.sshd({ hostKeys: suite.hostKeys("ed25519"), authorized: [secret] });
    const at = { port, privateKey: secret };
    expect(await out(host({ ...at, passphrase: "sesame" }))).toBe("hello\n");
    await refused(host(at).run("true"), "authentication", `${secret} is encrypted: set \`passphrase\``);
    await refused(host({ ...at, passphrase: "wrong" }).run("true"), "authentication", "`passphrase` does not open it");
  });

  test("agent, also by SSH_AUTH_SOCK, with RSA keys before the right one", async () => {
    const socket = await shop.agent(shop.key(`rsa-key-${by}`, "rsa"), suite.key);
    expect(await out(host({ privateKey: undefined, agent: socket }))).toBe("hello\n");
    process.env["SSH_AUTH_SOCK"] = socket;
    try {
      expect(await out(host({ privateKey: undefined }))).toBe("hello\n");
      await refused(host({ privateKey: undefined, agent: "none" }).run("true"), "authentication", "tried nothing");
    } finally {
      delete process.env["SSH_AUTH_SOCK"];
    }
  });

  test("a chosen key goes before an agent with more keys than sshd takes; without it, that is told", async () => {
    const many = [...Array(7).keys()].map((i) => shop.key(`many-${i}-${by}`));
    const agent = await shop.agent(...many);
    expect(await out(host({ agent }))).toBe("hello\n");
    await refused(
      host({ agent, privateKey: undefined }).run("true"),
      "authentication",
      "MaxAuthTries",
      { ssh2: "7 keys: many-0", openssh: "tried many-0" }[by],
    );
  });

  test("a chosen key that is none is told, and never shown", async () => {
    const broken = shop.read("operator-key").replace(/\n.{10}/, "\nAAAAAAAAAA");
    const message = await refused(
      host({ privateKey: broken }).run("true"),
      "authentication",
      "the key in `privateKey`",
    );
    expect(message).not.toContain(broken.slice(60, 90));
    const headless = shop.read("operator-key").split("\n").slice(1, -2).join("");
    expect(await refused(host({ privateKey: headless }).run("true"), "authentication", "neither")).not.toContain(
      headless.slice(20, 60),
    );
    await refused(
      host({ privateKey: "/nowhere/key" }).run("true"),
      "authentication",
      "/nowhere/key cannot be read: ENOENT",
    );
    await refused(host({ privateKey: `${suite.key}.pub` }).run("true"), "authentication", "is a public key");
  });

  test("a user without a shell", async () => {
    await refused(
      host({ user: "noshell", sudo: false }).run("true"),
      "authentication",
      "noshell has no shell on 127.0.0.1",
      "not available",
    );
  });

  if (by === "openssh") {
    test("a password is for sudo alone, and that is told", async () => {
      const at = { user: "admin", sudo: false, privateKey: undefined };
      await refused(host({ ...at, password: PASSWORD }).run("true"), "authentication", "the system's ssh takes none");
    });
    return;
  }

  test("the user's own keys, less those that cannot be used", async () => {
    const ssh = "operator/.ssh";
    shop.key(`${ssh}/id_ed25519`, "ed25519", "sesame");
    shop.key(`${ssh}/id_ecdsa`, "ecdsa");
    try {
      const message = await refused(
        host({ privateKey: undefined, agent: "/nowhere/agent" }).run("true"),
        "authentication",
      );
      expect(message).toContain(
        `127.0.0.1 does not let us in as root@127.0.0.1:${suite.sshd.port}: tried ~/.ssh/id_ecdsa; could not use agent /nowhere/agent (Failed to connect to agent), ` +
          "~/.ssh/id_ed25519 (is encrypted: set `passphrase`, or add the key to the agent); the host takes publickey, password",
      );
      const { port } = await shop.sshd({
        hostKeys: suite.hostKeys("ed25519"),
        authorized: [shop.path(`${ssh}/id_ecdsa`)],
      });
      expect(await out(host({ port, privateKey: undefined }))).toBe("hello\n");
    } finally {
      for (const name of ["id_ed25519", "id_ecdsa"]) execFileSync("rm", [shop.path(`${ssh}/${name}`)]);
    }
  });

  test("password", async () => {
    const at = { user: "admin", sudo: false, privateKey: undefined };
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("admin\n");
    const message = await refused(
      host({ ...at, password: "hunter2" }).run("true"),
      "authentication",
      "tried password",
      "the host takes publickey, password",
    );
    expect(message).not.toContain("hunter2");
  });

  test("key and password, where the host wants both", async () => {
    const config = ["AuthenticationMethods publickey,password"];
    const { port } = await shop.sshd({ hostKeys: suite.hostKeys("ed25519"), authorized: [suite.key], config });
    const at = { port, user: "admin", sudo: false };
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("admin\n");
    await refused(host(at).run("true"), "authentication", "the host takes password");
  });

  test("keyboard-interactive", async () => {
    const asked: string[] = [];
    const server = new Server({ hostKeys: [shop.read("host_ed25519")] }, (client) =>
      client
        .on("error", () => undefined)
        .on("authentication", (context) => {
          if (context.method !== "keyboard-interactive") return context.reject(["keyboard-interactive"]);
          context.prompt([{ prompt: "Password: ", echo: false }], ([answer]) => {
            asked.push(answer!);
            context.reject(["keyboard-interactive"]);
          });
        }),
    );
    const port = await shop.listen(server);
    const message = await refused(
      host({ port, privateKey: undefined, password: PASSWORD }).run("true"),
      "authentication",
    );
    expect(asked).toEqual([PASSWORD]);
    expect(message).toContain("tried password, keyboard-interactive; the host takes keyboard-interactive");
  });

  test("keyboard-interactive with PAM", async () => {
    const config = ["UsePAM yes", "PasswordAuthentication no", "KbdInteractiveAuthentication yes"];
    const { port, log } = await suite.server({ config });
    const at = { port, user: "admin", sudo: false, privateKey: undefined };
    expect(await out(host({ ...at, password: PASSWORD }), "id -un")).toBe("admin\n");
    expect(log()).toContain("Accepted keyboard-interactive/pam for admin");
    await refused(
      host({ ...at, password: "hunter2" }).run("true"),
      "authentication",
      "tried password, keyboard-interactive",
    );
  });
}
