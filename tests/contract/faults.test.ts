import { setTimeout as sleep } from "node:timers/promises";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { natNetwork } from "../../provider/resources/networks";
import { sysctlForwarding } from "../../provider/resources/sysctlForwarding";
import { down, type LabHost } from "../lab/lab";
import { urnOf } from "./cases";
import { changed, contractHost, LocalTransport, shells, snapshot, type Shell } from "./hosts";

/**
 * The host does not play along. A change that fails says so, and the host is as before, to the last file and route; with the fault
 * gone, the next try makes it.
 */
let host: LabHost;
beforeEach(async () => (host = await contractHost("faults")));
afterEach(() => host.down());
afterAll(() => down());

interface Resource {
  readonly type: string;
  readonly definition: unknown;
  readonly args: Properties;
}
const br0: Resource = { type: "Bridge", definition: bridge, args: { name: "br0", ports: ["eth0"] } };
const forwarding: Resource = { type: "SysctlForwarding", definition: sysctlForwarding, args: { ipv4: true } };
const lab: Resource = {
  type: "NatNetwork",
  definition: natNetwork,
  args: { name: "lab", address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.99" } },
};

const stackOf = ({ definition, type, args }: Resource, transport = new LocalTransport(host)) => {
  const stack = lifecycle(definition as ResourceDefinition<never>, () => new HostSession(transport, 10));
  const preview = async () => {
    const { inputs, failures } = await stack.check({}, { ...args, __urn: urnOf(type) });
    expect(failures).toBeUndefined();
    return inputs;
  };
  return { ...stack, preview };
};

interface Fault {
  readonly title: string;
  readonly of: Resource;
  /** Makes the host one on which the fault can be had. */
  readonly given?: string;
  readonly fault: string;
  readonly heal: string;
  /** What create says, behind `Unable to create …:`; and delete, where the fault is in its way. */
  readonly create: string;
  readonly remove?: string;
  readonly shell?: Shell;
}

/** The directory is a file system of its own, small enough to be filled. */
const full = (path: string) => ({
  given: `cp -a ${path} /tmp/small && mount -t tmpfs -o size=256k,mode=755 none ${path} && cp -a /tmp/small/. ${path}/`,
  fault: `head -c 1M /dev/zero > ${path}/fill 2>/dev/null || :`,
  heal: `rm ${path}/fill`,
});
const readOnly = (path: string) => ({
  fault: `mount --bind ${path} ${path} && mount -o remount,bind,ro ${path}`,
  heal: `umount -l ${path}`,
});
/** No more than the first lines of a batch are done; the way back (-force) is not hindered. */
const halfway = (lines: number) => ({
  fault: `cat > /usr/local/sbin/ip <<'END'
#!/bin/sh
case " $* " in *" -force "*) ;; *" -batch "*) head -n ${lines} | /usr/sbin/ip -batch -; echo "Command failed -:${lines + 1}" >&2; exit 1 ;; esac
exec /usr/sbin/ip "$@"
END
chmod +x /usr/local/sbin/ip`,
  heal: "rm /usr/local/sbin/ip",
});
const OLD = "\\(rolled back; nothing changed(; the gateway .* and the nameserver .* answer)?\\)";
const failed = (step: string, why: string) => `step "${step}" failed: .*${why}.* ${OLD}`;
const INTERFACES = "write /etc/network/interfaces";
const CONF = "/etc/sysctl.d/60-kvmnet-forwarding.conf";
const [FULL, READ_ONLY] = ["No space left", "Read-only file system"];

const both = (fault: Fault): Fault[] =>
  shells.map((shell) => ({ ...fault, shell, title: `${fault.title} (${shell})` }));
const faults: readonly Fault[] = [
  ...both({ title: "/etc/network is full", of: br0, ...full("/etc/network"), create: failed(INTERFACES, FULL), remove: failed(INTERFACES, FULL) }),
  ...both({ title: "/etc/network is read-only", of: br0, ...readOnly("/etc/network"), create: failed(INTERFACES, READ_ONLY), remove: failed(INTERFACES, READ_ONLY) }),
  { title: "/etc is read-only: a bridge", of: br0, ...readOnly("/etc"), create: failed(INTERFACES, READ_ONLY), remove: failed(INTERFACES, READ_ONLY) },
  { title: "/etc is read-only: forwarding", of: forwarding, ...readOnly("/etc"), create: failed(`write ${CONF}`, READ_ONLY), remove: failed(`remove ${CONF}`, READ_ONLY) },
  // A libvirt that fails to undefine a network has forgotten that it starts by itself.
  { title: "/etc is read-only: a network", of: { ...lab, args: { ...lab.args, autostart: false } }, ...readOnly("/etc"), create: failed("network lab: define", READ_ONLY), remove: failed("network lab: undefine", READ_ONLY) },
  { title: "/etc/sysctl.d is full", of: forwarding, ...full("/etc/sysctl.d"), create: failed(`write ${CONF}`, FULL) },
  { title: "libvirt's directory is full", of: lab, ...full("/etc/libvirt/qemu/networks"), create: failed("network lab: define", FULL) },
  ...[0, 1, 2, 3, 4].map((lines) => ({ title: `ip fails after ${lines} lines of a batch`, of: br0, ...halfway(lines),
    create: failed("ip -batch: br0, eth0", "Command failed"), remove: failed("ip -batch: .*", "Command failed") })),
]; // prettier-ignore

test.each(faults)("$title", async ({ of, given, fault, heal, create, remove, shell }) => {
  const stack = () => stackOf(of, new LocalTransport(host, shell));
  const says = (verb: string, why: string) => new RegExp(`^Unable to ${verb} ${of.type} "x" on faults: ${why}$`, "s");
  await host.must(given ?? ":");
  const inputs = await stack().preview();
  const before = await snapshot(host);

  await host.must(fault);
  await expect(stack().create(inputs)).rejects.toThrow(says("create", create));
  await host.must(heal);
  expect(changed(before, await snapshot(host))).toEqual([]);

  const { id, outs } = await stack().create(inputs);
  const made = await snapshot(host);
  expect(changed(before, made)).not.toEqual([]);

  await host.must(fault);
  if (remove) {
    await expect(stack().delete(id, outs)).rejects.toThrow(says("delete", remove));
    await host.must(heal);
    expect(changed(made, await snapshot(host))).toEqual([]);
    await stack().delete(id, outs);
  } else {
    await stack().delete(id, outs);
    await host.must(heal);
  }
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test.each(shells)("/run is full, with ever more room: old, and it says so, or new (%s)", async (shell) => {
  const stack = () => stackOf(br0, new LocalTransport(host, shell));
  const inputs = await stack().preview();
  const before = await snapshot(host);
  const ended: string[] = [];
  for (let kilobytes = 0; !ended.at(-1)?.includes("new"); kilobytes = kilobytes * 2 || 8) {
    await host.must(
      `rm -rf /run/kvmnet; mount -o remount,size=$(($(df --output=used /run | tail -1) + ${kilobytes}))k /run`,
    );
    const tried = await stack()
      .create(inputs)
      .catch((error: Error) => error);
    await host.must("mount -o remount,size=50% /run");
    const difference = changed(before, await snapshot(host));
    if (tried instanceof Error) {
      expect([tried.message, difference]).toEqual([expect.stringMatching(/nothing was touched|nothing changed/), []]);
      ended.push(`${kilobytes} kB: old`);
      continue;
    }
    expect(difference).not.toEqual([]);
    await stack().delete(tried.id, tried.outs);
    expect(changed(before, await snapshot(host))).toEqual([]);
    ended.push(`${kilobytes} kB: new`);
  }
  expect(ended.length).toBeGreaterThan(5);
});

describe("libvirtd", () => {
  const STOP = "kill $(cat /run/libvirtd.pid); while [ -e /run/libvirtd.pid ]; do sleep 0.02; done";
  const KILL = "kill -9 $(cat /run/libvirtd.pid)";
  const START = "libvirtd -d; until virsh -q list > /dev/null 2>&1; do sleep 0.05; done";
  const RESTART = `${STOP}; ${START}`;
  /** Without it nothing can be taken back, nor asked for: the steps are named. */
  const UNKNOWN =
    "\\(rolled back, but these steps back failed, look at the host: network lab: undefine; network lab: stop\\)";
  const whole = /Active: *yes[\s\S]*Autostart: *yes/;

  /** Between the plan and the transaction. */
  const between = (what: string) => {
    let done = false;
    return new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "transaction" && !done) await host.must(what);
      done ||= kind === "transaction";
      return send();
    });
  };
  /** Within the transaction, once, before virsh does what the word says. */
  const before = (word: string, what: string) =>
    host.must(`cat > /usr/local/sbin/virsh <<'END'
#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
case " $* " in *" ${word} "*) if mkdir /tmp/once 2>/dev/null; then ( ${what} ) > /dev/null 2>&1 < /dev/null 3>&- 9>&-; fi ;; esac
exec virsh "$@"
END
chmod +x /usr/local/sbin/virsh; rm -rf /tmp/once`);

  test.each([
    ["stopped", STOP],
    ["killed", KILL],
  ])("is %s between plan and transaction: old, then new", async (_, what) => {
    const inputs = await stackOf(lab).preview();
    const old = await snapshot(host);
    await expect(stackOf(lab, between(what)).create(inputs)).rejects.toThrow(
      new RegExp(
        `^Unable to create NatNetwork "x" on faults: step "network lab: define" failed: .*libvirt.* ${UNKNOWN}$`,
        "s",
      ),
    );
    await host.must(START);
    expect(changed(old, await snapshot(host))).toEqual([]);
    const { id, outs } = await stackOf(lab).create(inputs);
    const made = await snapshot(host);
    const silent = (verb: string) =>
      new RegExp(
        `^Unable to ${verb} NatNetwork "x" on faults: libvirt of faults does not answer: .* \\(nothing was touched\\)$`,
        "s",
      );
    await expect(stackOf(lab, between(what)).delete(id, outs)).rejects.toThrow(silent("delete"));
    // Nor is it gone because nobody speaks of it.
    await expect(stackOf(lab).read(id, outs)).rejects.toThrow(silent("read"));
    await host.must(START);
    expect(changed(made, await snapshot(host))).toEqual([]);
    await stackOf(lab).delete(id, outs);
    expect(changed(old, await snapshot(host))).toEqual([]);
  });

  test("is restarted between plan and transaction: new", async () => {
    const inputs = await stackOf(lab).preview();
    const old = await snapshot(host);
    const { id, outs } = await stackOf(lab, between(RESTART)).create(inputs);
    expect(await host.must("virsh net-info lab")).toMatch(whole);
    await stackOf(lab, between(RESTART)).delete(id, outs);
    expect(changed(old, await snapshot(host))).toEqual([]);
  });

  const words = ["net-define", "net-start", "net-autostart"];
  test.each(words.flatMap((word) => [
    ["stopped", word, STOP],
    ["killed", word, KILL],
  ]))("is %s for good before %s: it says how the host is, and the next try makes it new", async (_, word, what) => {
    const inputs = await stackOf(lab).preview();
    const old = await snapshot(host);
    await before(word!, what!);
    const error = (await stackOf(lab)
      .create(inputs)
      .catch((error: Error) => error)) as Error;
    await host.must(`rm /usr/local/sbin/virsh; ${START}`);
    expect(error.message).toMatch(
      new RegExp(`^Unable to create NatNetwork "x" on faults: step "network lab: [a-z ]+" failed: .* ${UNKNOWN}$`, "s"),
    );
    const { id, outs } = await stackOf(lab).create(inputs);
    expect(await host.must("virsh net-info lab")).toMatch(whole);
    await stackOf(lab).delete(id, outs);
    expect(changed(old, await snapshot(host))).toEqual([]);
  }); // prettier-ignore

  test.each(words)("is restarted before %s: new", async (word) => {
    const inputs = await stackOf(lab).preview();
    const old = await snapshot(host);
    await before(word, RESTART);
    const { id, outs } = await stackOf(lab).create(inputs);
    await host.must("rm /usr/local/sbin/virsh");
    expect(await host.must("virsh net-info lab")).toMatch(whole);
    await stackOf(lab).delete(id, outs);
    expect(changed(old, await snapshot(host))).toEqual([]);
  });
});

test("another holds the lock for longer than the wait: it says who, and touches nothing", async () => {
  const inputs = await stackOf(forwarding).preview();
  const before = await snapshot(host);
  // The clock by which it waits is ours: two minutes are over at once.
  await host.must(
    "mkdir -p /run/kvmnet; echo 'somebody else' > /run/kvmnet/holder; echo 100.00 1 > /tmp/uptime; mount --bind /tmp/uptime /proc/uptime",
  );
  const untilEnough = "flock /run/kvmnet/lock sh -c ': > /tmp/held; until [ -e /tmp/enough ]; do sleep 0.1; done'";
  const holder = host.sh(untilEnough, { timeoutMs: 110_000 });
  await host.must("until [ -e /tmp/held ]; do sleep 0.1; done");
  let over = false;
  const tried = expect(stackOf(forwarding).create(inputs)).rejects.toThrow(
    /^Unable to create SysctlForwarding "x" on faults: another change of faults is at work \(somebody else\); nothing was touched\. Run it again when that is done\.$/,
  );
  void tried.finally(() => (over = true)).catch(() => undefined);
  for (let uptime = 100; !over; uptime += 30) {
    await host.must(`echo ${uptime}.00 1 > /tmp/uptime`);
    await sleep(200);
  }
  await tried;
  await host.must(": > /tmp/enough; umount /proc/uptime");
  await holder;
  expect(changed(before, await snapshot(host))).toEqual([]);
  const { id, outs } = await stackOf(forwarding).create(inputs);
  await stackOf(forwarding).delete(id, outs);
  expect(changed(before, await snapshot(host))).toEqual([]);
});

describe("between preview and up a person", () => {
  const MAIN = "/etc/network/interfaces";
  const edit = (line: string) => host.must(`printf '%s\\n' '${line}' >> ${MAIN}`);

  test("adds a line to the file: it stays, while the bridge is there and after it", async () => {
    const inputs = await stackOf(br0).preview();
    await edit("# see #4711");
    const before = await snapshot(host);
    const { id, outs } = await stackOf(br0).create(inputs);
    expect(await host.read(MAIN)).toMatch(/bridge_ports eth0[\s\S]*# see #4711\n/);
    await stackOf(br0).delete(id, outs);
    expect(changed(before, await snapshot(host))).toEqual([]);
  });

  test("changes the stanza that is replaced: theirs is kept, and comes back", async () => {
    const inputs = await stackOf(br0).preview();
    await host.must(`sed -i 's/^iface eth0 .*/&\\n\\tmetric 7/' ${MAIN}`);
    const before = await snapshot(host);
    const { id, outs } = await stackOf(br0).create(inputs);
    await stackOf(br0).delete(id, outs);
    expect(changed(before, await snapshot(host))).toEqual([]);
  });

  test("makes the file that is to be made: it is named and not overwritten; gone, the next try makes ours", async () => {
    const inputs = await stackOf(forwarding).preview();
    const bare = await snapshot(host);
    await host.write(CONF, "net.ipv4.ip_forward = 0\n");
    const before = await snapshot(host);
    await expect(stackOf(forwarding).create(inputs)).rejects.toThrow(
      /^Unable to create SysctlForwarding "x" on faults: file \S+ exists on faults and is not ours; .* \(nothing was touched\)$/,
    );
    expect(changed(before, await snapshot(host))).toEqual([]);
    await host.must(`rm ${CONF}`);
    const { id, outs } = await stackOf(forwarding).create(inputs);
    await stackOf(forwarding).delete(id, outs);
    expect(changed(bare, await snapshot(host))).toEqual([]);
  });

  test("goes on editing while it runs: it says which file, and touches nothing", async () => {
    const inputs = await stackOf(br0).preview();
    const bare = await snapshot(host);
    let times = 0;
    const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
      if (kind === "transaction") await edit(`# ${++times}`);
      return send();
    });
    await expect(stackOf(br0, transport).create(inputs)).rejects.toThrow(
      /^Unable to create Bridge "x" on faults: \/etc\/network\/interfaces changed on faults while it was being planned against; nothing was touched\. Run it again\.$/,
    );
    await host.must(`sed -i '/^# [0-9]$/d' ${MAIN}`);
    expect([times, changed(bare, await snapshot(host))]).toEqual([3, []]);
    const { id, outs } = await stackOf(br0).create(inputs);
    await stackOf(br0).delete(id, outs);
    expect(changed(bare, await snapshot(host))).toEqual([]);
  });
});
