import { HostError } from "../../provider/errors";
import { HostSession } from "../../provider/host/session";
import { parseTranscript } from "../../provider/host/transcript";
import { followTransaction, startTransaction } from "../../provider/host/script";
import type { HostState } from "../../provider/hostState";
import { plan } from "../../provider/plan";
import { down, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, newNonce, probe, shells, snapshot, type Shell } from "./hosts";

/** The session of a host: what it does when the host, another operator or the connection does not play along. */
let host: LabHost;
beforeEach(async () => (host = await contractHost("session")));
afterEach(() => host.down());
afterAll(() => down());

const CONF = "/etc/sysctl.d/70-test.conf";
const file = (text: string): HostState => ({ files: { [CONF]: text } });
/** Shell commands that wait for a file. */
const until = (path: string) => `until [ -e ${path} ]; do sleep 0.1; done`;
const change = (session: HostSession, title: string, desired: HostState) =>
  session.change({ title, desired: () => desired });

describe("what the plan stood on has changed", () => {
  test("it is planned again, on what is there now", async () => {
    const planned: (string | undefined)[] = [];
    const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "transaction" && planned.length === 1) await host.write(CONF, "somebody else\n");
      return send();
    });
    const observed = await new HostSession(transport, 5).change({
      title: "a file",
      desired: (now) => {
        planned.push(now.files[CONF]);
        return file(`${now.files[CONF] ?? ""}mine\n`);
      },
    });
    expect(planned).toEqual([undefined, "somebody else\n"]);
    expect(observed.files[CONF]).toBe("somebody else\nmine\n");
    expect(await host.read(CONF)).toBe("somebody else\nmine\n");
    // What the first transaction read when it gave up is what the second was planned on: no probe between.
    expect(transport.trips).toEqual(["probe", "transaction", "transaction"]);
  });

  test("again and again: it says so, and touches nothing", async () => {
    let times = 0;
    const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "transaction") await host.write(CONF, `somebody else, ${++times}\n`);
      return send();
    });
    await expect(change(new HostSession(transport, 5), "a file", file("mine\n"))).rejects.toMatchObject({
      kind: "stale",
      message: `${CONF} changed on session while it was being planned against; nothing was touched. Run it again.`,
    });
    expect(await host.read(CONF)).toBe(`somebody else, ${times}\n`);
    expect(times).toBe(3);
  });

  test.each<[string, string, HostState, string]>([
    ["a file that came", `echo x > ${CONF}`, file("mine\n"), CONF],
    ["a link that came", "ip link add br9 type bridge", { links: { br9: { kind: "bridge", up: true } } }, "link br9"],
    ["a link that got another master", "ip link add br9 type bridge; ip link add e1 type veth peer name e2; ip link set e1 master br9", { links: { e1: { mtu: 1400 } } }, "link e1"],
    ["a sysctl", "echo 1 > /proc/sys/net/ipv4/ip_forward", { sysctls: { "net.ipv4.ip_forward": "1" } }, "sysctl net.ipv4.ip_forward"],
    ["a network that came", "echo '<network><name>n</name></network>' | virsh -q net-define /dev/stdin",
      { networks: { n: { xml: "<network><name>n</name><bridge stp='on' delay='0'/></network>", active: false, autostart: false, live: true } } }, "network n"],
  ])("%s is seen", async (_, between, desired, what) => {
    if (what === "link e1") await host.must("ip link add e1 type veth peer name e2");
    const planned = plan(desired, await probe(host));
    await host.must(what === "link e1" ? between.replace("ip link add e1 type veth peer name e2;", "") : between);
    const before = await snapshot(host);
    const parts = await transact("dash", [{ title: "a test", plan: planned }]);
    expect(parts.map(({ key }) => key).filter((key) => /^(stale|result|step)/.test(key))).toEqual([`stale ${what}`, "result 0 stale"]);
    expect(changed(before, await snapshot(host))).toEqual([]);
  }); // prettier-ignore
});

describe("more than one at a time", () => {
  test("what waits goes as one transaction, each with its own result and way back", async () => {
    const transport = new LocalTransport(host);
    const session = new HostSession(transport, 5);
    const said: string[] = [];
    const results = await Promise.allSettled([
      session.change({ title: "first", desired: () => file("1\n"), onProgress: (line) => void said.push(line) }),
      session.change({ title: "refused", desired: () => { throw new HostError("conflict", "not this one"); } }),
      session.change({ title: "bad", desired: () => ({ sysctls: { "net.ipv4.ip_forward": "no number" }, files: { "/etc/sysctl.d/71.conf": "x" } }) }),
      session.change({ title: "on the first", desired: (now) => file(`${now.files[CONF]}2\n`) }),
      session.change({ title: "nothing to do", desired: () => ({}) }),
    ]); // prettier-ignore
    expect(results.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect((results[2] as PromiseRejectedResult).reason.message).toMatch(
      /^step "sysctl net\.ipv4\.ip_forward = no number" failed: .*\(rolled back; nothing changed\)$/s,
    );
    expect(await host.read(CONF)).toBe("1\n2\n");
    expect((await host.sh("ls /etc/sysctl.d/71.conf")).code).not.toBe(0);
    expect(transport.trips).toEqual(["probe", "transaction"]);
    expect(said).toContain(`write ${CONF}`);
  });

  test.each(shells)("two sessions at once: both are done, one after the other (%s)", async (shell) => {
    const line = (title: string) => ({
      plan: {
        guards: [],
        revert: [],
        settle: 0,
        ops: [1, 2, 3].map((n) => ({ title: `${title}${n}`, script: `echo ${title} >> /tmp/log; sleep 0.1` })),
      },
      title,
    });
    const [a, b] = await Promise.all([transact(shell, [line("a")]), transact(shell, [line("b")])]);
    for (const parts of [a, b]) expect(parts.map(({ key }) => key)).toContain("result 0 done");
    expect((await host.read("/tmp/log")).replaceAll("\n", "")).toMatch(/^(aaabbb|bbbaaa)$/);
    expect(await host.must("ls -d /run/kvmnet/*/ | while read -r d; do [ -e $d/done ] || echo $d; done")).toBe("");
  });

  test("two sessions of one file: the second is planned again on what the first made", async () => {
    const sessions = [
      new HostSession(new LocalTransport(host), 5),
      new HostSession(new LocalTransport(host, "busybox"), 5),
    ];
    await Promise.all(sessions.map((session) => session.observe()));
    await Promise.all(
      sessions.map((session, i) =>
        session.change({ title: `${i}`, desired: (now) => file(`${now.files[CONF] ?? ""}${i}\n`) }),
      ),
    );
    expect((await host.read(CONF)).split("\n").sort()).toEqual(["", "0", "1"]);
  });

  test("who waits too long is told who is at work", async () => {
    const holder = transact("dash", [
      {
        title: "slow",
        plan: {
          guards: [],
          revert: [],
          settle: 0,
          ops: [{ title: "wait", script: `: > /tmp/held; ${until("/tmp/enough")}` }],
        },
      },
    ]);
    await host.must(until("/tmp/held"));
    const parts = await transact(
      "busybox",
      [
        {
          title: "b",
          plan: { guards: [], revert: [], settle: 0, ops: [{ title: "x", script: "echo x > /tmp/never" }] },
        },
      ],
      { lockWait: 1 },
    );
    expect(parts.map(({ key }) => key)).toEqual(["locked", "delivered"]);
    expect(parts[0]!.text.trim()).toBe("a test");
    await host.must(": > /tmp/enough");
    expect((await holder).map(({ key }) => key)).toContain("result 0 done");
    expect((await host.sh("cat /tmp/never")).code).not.toBe(0);
  });
});

describe("the connection breaks", () => {
  test.each(shells)(
    "while the transaction runs: it goes on, and its transcript is fetched over another (%s)",
    async (shell) => {
      const transport = new LocalTransport(host, shell, async (kind, _script, send) => {
        if (kind !== "transaction") return send();
        void send();
        await host.must("until ls /run/kvmnet/*/transcript; do sleep 0.02; done 2>/dev/null");
        throw new HostError("interrupted", "the connection was reset");
      });
      transport.acknowledges = false;
      const observed = await change(new HostSession(transport, 5), "a file", file("mine\n"));
      expect(observed.files[CONF]).toBe("mine\n");
      expect(transport.trips.slice(0, 3)).toEqual(["probe", "transaction", "follow"]);
      expect(await host.must("ls -d /run/kvmnet/*/ | while read -r d; do [ -e $d/done ] || echo $d; done")).toBe("");
    },
  );

  test("before the script arrived whole: nothing was touched, and it says so", async () => {
    const before = await snapshot(host);
    const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "transaction") throw new HostError("interrupted", "the connection was reset");
      return send();
    });
    await expect(change(new HostSession(transport, 1), "a file", file("mine\n"))).rejects.toThrow(
      /nothing was touched/,
    );
    expect(changed(before, await snapshot(host))).toEqual([]);
  });

  test("while the transcript is fetched: it is fetched again", async () => {
    let dropped = 0;
    const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "probe") return send();
      const answer = await send();
      // The host has done it and has sent it; it never came here.
      if (dropped++ < 2) throw new HostError("interrupted", "the connection was reset");
      return answer;
    });
    transport.acknowledges = false;
    const observed = await change(new HostSession(transport, 5), "a file", file("mine\n"));
    expect(observed.files[CONF]).toBe("mine\n");
  });

  test("for good: it says how to see what became of it", async () => {
    const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "probe") return send();
      throw new HostError("unreachable", "no route to host");
    });
    await expect(change(new HostSession(transport, 1), "a file", file("mine\n"))).rejects.toMatchObject({
      kind: "unreachable",
    });
  });

  test("and the shell with it: a killed session does not end the transaction", async () => {
    const nonce = newNonce();
    const slow = {
      guards: [],
      revert: [],
      settle: 0,
      ops: [{ title: "slow", script: ": > /tmp/begun; sleep 1; echo done > /tmp/slow" }],
    };
    const sent = new LocalTransport(host).run(
      startTransaction([{ title: "slow", plan: slow }], { nonce, who: "a test" }),
    );
    await host.must(until("/tmp/begun"));
    await host.must("for p in $(pgrep -f '[s]h -s'); do kill -HUP $p; kill -9 $p || true; done");
    await sent;
    const { stdout } = await new LocalTransport(host).run(followTransaction(nonce, false));
    expect(parseTranscript(stdout, nonce).map(({ key }) => key)).toContain("result 0 done");
    expect(await host.read("/tmp/slow")).toBe("done\n");
  });
});

describe("the host has no room", () => {
  test.each<[Shell, string, string]>(shells.flatMap((shell): [Shell, string, string][] => [
    [shell, "read-only", "mkdir -p /run/kvmnet; mount -t tmpfs -o ro none /run/kvmnet"],
    [shell, "full", "mkdir -p /run/kvmnet; mount -t tmpfs -o size=4k none /run/kvmnet; head -c 5000 /dev/zero > /run/kvmnet/zero"],
    [shell, "nearly full", "mkdir -p /run/kvmnet; mount -t tmpfs -o size=12k none /run/kvmnet; head -c 4096 /dev/zero > /run/kvmnet/zero"],
  ]))("%s: /run/kvmnet is %s: it says so, and touches nothing", async (shell, _, make) => {
    const before = await snapshot(host);
    await host.sh(make);
    const session = new HostSession(new LocalTransport(host, shell), 5);
    await expect(change(session, "a file", file("mine\n"))).rejects.toThrow(/^cannot a file on session: .*(cannot make|cannot write) \/run\/kvmnet\/\w+(\/script)? \(is \/run full/s);
    await host.must("umount /run/kvmnet && rmdir /run/kvmnet");
    expect(changed(before, await snapshot(host))).toEqual([]);
  }, 30_000); // prettier-ignore

  test("/etc is full: the step fails, what was there stays, no temporary file is left", async () => {
    await host.must(
      "mkdir -p /etc/small && mount -t tmpfs -o size=8k none /etc/small && echo old > /etc/small/a && head -c 4096 /dev/zero > /etc/small/b",
    );
    const session = new HostSession(new LocalTransport(host), 5);
    const { files } = await session.observe();
    expect(files["/etc/small/a"]).toBeUndefined();
    await expect(change(session, "a file", { files: { "/etc/small/new": "x".repeat(9000) } })).rejects.toThrow(
      /^step "write \/etc\/small\/new" failed: .*No space left/s,
    );
    expect((await host.must("ls -A /etc/small; cat /etc/small/a")).split("\n")).toEqual(["a", "b", "old", ""]);
  });
});

describe("the probe", () => {
  test("reads the same through dash and busybox", async () => {
    await host.must(
      "mkdir -p /etc/netplan; echo x > /etc/netplan/a.yaml; printf 'no newline' > /etc/sysctl.d/80.conf; printf 'source more/*\\n' >> /etc/network/interfaces; mkdir -p /etc/network/more; echo 'iface x inet manual' > /etc/network/more/x; ln -s /etc/passwd /etc/sysctl.d/90.conf",
    );
    const [dash, busybox] = [await probe(host, "dash"), await probe(host, "busybox")];
    const comparable = ({ facts, ...rest }: typeof dash) => ({ ...rest, facts: { ...facts, commands: [] } });
    expect(comparable(busybox)).toEqual(comparable(dash));
    expect(dash.files).toMatchObject({
      "/etc/sysctl.d/80.conf": "no newline",
      "/etc/network/more/x": "iface x inet manual\n",
      "/etc/netplan/a.yaml": "x\n",
    });
    expect(dash.files["/etc/sysctl.d/90.conf"]).toBeUndefined();
    expect(dash.facts.ssh).toEqual({ client: "10.0.0.254", server: host.address });
  });

  test("a file that is not UTF-8 is kept byte for byte", async () => {
    await host.must("printf '# B\\374ro\\nauto lo\\niface lo inet loopback\\n' > /etc/network/interfaces");
    const before = await snapshot(host);
    const session = new HostSession(new LocalTransport(host), 5);
    const add = (text: string | null): HostState => ({ sections: { "/etc/network/interfaces#iface br7 inet": text } });
    await change(session, "a section", add("iface br7 inet manual"));
    expect(await host.must("tr -d '\\n' < /etc/network/interfaces | od -An -c | head -1")).toContain("374");
    await change(session, "no section", add(null));
    expect(changed(before, await snapshot(host))).toEqual([]);
  });

  test("with an ip(8) that cannot answer, it says so: a host always has links", async () => {
    await host.must(
      "mkdir -p /usr/local/sbin; printf '#!/bin/sh\\necho \"Option -j is unknown\" >&2\\nexit 255\\n' > /usr/local/sbin/ip; chmod +x /usr/local/sbin/ip",
    );
    await expect(new HostSession(new LocalTransport(host), 5).observe()).rejects.toThrow(/ip.*Option -j is unknown/s);
  });
});

async function transact(
  shell: Shell,
  changes: Parameters<typeof startTransaction>[0],
  options: { lockWait?: number } = {},
) {
  const nonce = newNonce();
  const { stdout } = await new LocalTransport(host, shell).run(
    startTransaction(changes, { nonce, who: "a test", ...options }),
  );
  return parseTranscript(stdout, nonce);
}
