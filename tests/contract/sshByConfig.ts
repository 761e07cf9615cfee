import { readFileSync } from "node:fs";
import type { Sshd } from "./sshd";
import { out, refused, type By, type Settings, type SshSuite } from "./sshSuite";

/** As `ssh HOST` would, from ~/.ssh/config: nothing but `host` is said to the provider. */
export function byConfig(suite: SshSuite, by: By): void {
  const { shop } = suite;
  const nothing = { port: undefined, privateKey: undefined, hostKey: undefined };
  const host = (name: string, more: Settings = {}, debug?: (line: string) => void) =>
    suite.host(by, { ...nothing, host: name, ...more }, debug);
  const known = (name: string, key = suite.hostKey) => `${name} ${key}`;
  /** A host of the configuration, at an sshd's port. */
  const stanza = (name: string, { port }: Sshd, ...lines: string[]) =>
    [`Host ${name}`, "HostName 127.0.0.1", `Port ${port}`, "User root", `HostKeyAlias ${name}`, ...lines].join("\n  ");
  let forget: () => void = () => undefined;
  const config = (...stanzas: string[]) => (forget = suite.config(`${stanzas.join("\n")}\n`));
  afterEach(() => forget());

  test("alias, port, user, key, HostKeyAlias, ConnectTimeout", async () => {
    const file = suite.known(known("rack7"));
    const own = [`IdentityFile ${suite.key}`, `UserKnownHostsFile ${file}`, "HostKeyAlias rack7", "ConnectTimeout 2"];
    config(`Host kvm1\n  HostName 127.0.0.1\n  Port ${suite.sshd.port}\n  User root\n  ${own.join("\n  ")}`);
    expect(await out(host("kvm1"))).toBe("hello\n");
    await refused(host("kvm1", { port: 1 }).run("true"), "unreachable", "root@kvm1:1");
    const silent = await shop.listen((await import("node:net")).createServer(() => undefined));
    await refused(host("kvm1", { port: silent }).run("true"), "unreachable", "within 2 s");
  });

  test("Match and Include", async () => {
    const included = shop.write(`included-${by}`, `Match host 127.0.0.1 user root\n  IdentityFile ${suite.key}\n`);
    const file = suite.known(known(`[127.0.0.1]:${suite.sshd.port}`));
    config(
      `Include ${included}`,
      `Match exec "test %n = kvm1"\n  HostName 127.0.0.1\n  Port ${suite.sshd.port}`,
      `Host *\n  User root\n  UserKnownHostsFile ${file}`,
    );
    // The Match of the included file sees the name as `canonical` has it only once HostName is known: so it is given.
    expect(await out(host("127.0.0.1", { port: suite.sshd.port }))).toBe("hello\n");
    await refused(host("kvm1").run("true"), "authentication", `root@kvm1:${suite.sshd.port}`);
  });

  test("HostKeyAlgorithms", async () => {
    const file = suite.known(known("kvm1"), known("kvm1", suite.pub("host_rsa")));
    const own = [`IdentityFile ${suite.key}`, `UserKnownHostsFile ${file}`];
    config(stanza("kvm1", suite.sshd, ...own, "HostKeyAlgorithms rsa-sha2-256"));
    expect(await out(host("kvm1"))).toBe("hello\n");
    forget();
    config(stanza("kvm1", suite.sshd, ...own, "HostKeyAlgorithms ecdsa-sha2-nistp256"));
    await refused(host("kvm1").run("true"), "hostKey", /it (shows|is) ecdsa-sha2-nistp256 SHA256:/);
  });

  test("accept-new: a host that nothing is known of is written down, and a changed one is refused all the same", async () => {
    const file = shop.path(`learned-${by}`);
    const own = [`IdentityFile ${suite.key}`, `UserKnownHostsFile ${file}`, "HashKnownHosts yes"];
    config(stanza("kvm1", suite.sshd, ...own, "StrictHostKeyChecking no"));
    await refused(host("kvm1").run("true"), "hostKey", "is unknown");
    forget();
    config(stanza("kvm1", suite.sshd, ...own, "StrictHostKeyChecking accept-new"));
    expect(await out(host("kvm1"))).toBe("hello\n");
    expect(readFileSync(file, "utf8")).toMatch(/^\|1\|\S+ ssh-ed25519 \S+\n/);
    expect(await out(host("kvm1"))).toBe("hello\n");
    const other = await suite.server({ hostKeys: [shop.key(`new-host-${by}`)] });
    forget();
    config(stanza("kvm1", other, ...own, "StrictHostKeyChecking accept-new"));
    await refused(host("kvm1").run("true"), "hostKey", "has changed");
  });

  describe("jump hosts", () => {
    let gates: Sshd[];
    let keys: string[];
    beforeAll(async () => {
      keys = [1, 2].map((i) => shop.key(`gate${i}-${by}`));
      const own = [1, 2].map((i) => shop.key(`gate${i}-login-${by}`));
      gates = await Promise.all([0, 1].map((i) => suite.server({ hostKeys: [keys[i]!], authorized: [own[i]!] })));
    });
    /** Each with a port, a host key and a login of its own. */
    const chain = (file: string, ...target: string[]) => {
      const at = (i: number) =>
        stanza(
          `gate${i + 1}`,
          gates[i]!,
          `IdentityFile ${shop.path(`gate${i + 1}-login-${by}`)}`,
          "IdentitiesOnly yes",
        );
      // What ssh_config says of its own strictness does not hold, for none of them.
      const files = `Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile ${file}`;
      config(at(0), at(1), stanza("kvm1", suite.sshd, `IdentityFile ${suite.key}`, ...target), files);
    };
    const pub = (i: number) => shop.read(`gate${i}-${by}.pub`).split(" ").slice(0, 2).join(" ");
    const all = () => suite.known(known("kvm1"), known("gate1", pub(1)), known("gate2", pub(2)));
    const accepted = () => gates.map((gate) => gate.log().split("Accepted publickey").length - 1);

    test("two in a row, each with its own key, port and login; one connection, kept", async () => {
      chain(all(), "ProxyJump gate1,gate2");
      const log: string[] = [];
      const transport = host("kvm1", {}, (line) => log.push(line));
      const before = accepted();
      const results = await Promise.all([1, 2, 3].map((i) => out(transport, `echo ${i}; sleep 0.1`)));
      expect(results).toEqual(["1\n", "2\n", "3\n"]);
      expect(await out(transport, "echo $SSH_CONNECTION")).toMatch(/^127\.0\.0\.1 /);
      expect(accepted()).toEqual(before.map((count) => count + 1));
      expect(log[0]).toContain(
        ` through root@gate1:${gates[0]!.port} through root@gate2:${gates[1]!.port}, by ${{ ssh2: "ssh2", openssh: "the system's ssh" }[by]}`,
      );
      transport.disconnect();
      expect(await out(transport)).toBe("hello\n");
      expect(accepted()).toEqual(before.map((count) => count + 2));
    });

    test("a jump host with a jump host of its own", async () => {
      chain(all(), "ProxyJump gate2");
      forget();
      const gate2 = stanza("gate2", gates[1]!, `IdentityFile ${shop.path(`gate2-login-${by}`)}`, "ProxyJump gate1");
      const gate1 = stanza("gate1", gates[0]!, `IdentityFile ${shop.path(`gate1-login-${by}`)}`);
      const kvm1 = stanza("kvm1", suite.sshd, `IdentityFile ${suite.key}`, "ProxyJump gate2");
      config(gate1, gate2, kvm1, `Host *\n  UserKnownHostsFile ${all()}`);
      const before = accepted();
      expect(await out(host("kvm1"))).toBe("hello\n");
      expect(accepted()).toEqual(before.map((count) => count + 1));
    });

    test("a jump host's key is unknown or another one: nothing goes further", async () => {
      const reached = () => suite.sshd.log().split("Connection from").length;
      const before = reached();
      chain(suite.known(known("kvm1"), known("gate1", pub(1))), "ProxyJump gate1,gate2");
      await refused(host("kvm1").run("true"), "hostKey", "kvm1's jump host gate2", "is unknown");
      forget();
      chain(suite.known(known("kvm1"), known("gate1", pub(1)), known("gate2", pub(1))), "ProxyJump gate1,gate2");
      await refused(host("kvm1").run("true"), "hostKey", "kvm1's jump host gate2", "has changed");
      expect(reached()).toBe(before);
    });

    test("a jump host lets nobody in, reaches nobody, does not answer", async () => {
      chain(all(), "ProxyJump ghost@gate1");
      await refused(host("kvm1").run("true"), "authentication", "kvm1's jump host gate1");
      forget();
      chain(all(), "ProxyJump gate1");
      await refused(host("kvm1", { port: 1 }).run("true"), "unreachable", /Connection refused/);
      forget();
      chain(all(), "ProxyJump root@127.0.0.1:1");
      await refused(host("kvm1").run("true"), "unreachable", "127.0.0.1", /port 1\b/, /refused/);
    });
  });
}
