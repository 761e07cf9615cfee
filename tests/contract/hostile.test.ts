import { encode } from "../../provider/bytes";
import { observe } from "../../provider/host/observe";
import { endTransactions, probeTransaction, startTransaction, type Change } from "../../provider/host/script";
import { HostSession } from "../../provider/host/session";
import { parseTranscript, type Part } from "../../provider/host/transcript";
import type { HostState } from "../../provider/hostState";
import { putFile } from "../../provider/kernel/file";
import { net } from "../../provider/libvirt/operations";
import { childOf, childrenOf, parseXml, printXml } from "../../provider/libvirt/xml";
import { markOf } from "../../provider/mark";
import { plan, type Op } from "../../provider/plan";
import { command } from "../../provider/shell";
import { CANARY, hostileTexts, seed } from "../hostile";
import { down, type LabHost } from "../lab/lab";
import { contractHost, LocalTransport, newNonce, probe, shells, type Shell } from "./hosts";

/** Names and texts that are meant to be run, to break out of their quotes, or to look like our own: what comes out is what went in, byte by byte. */
let host: LabHost;
let count = 0;
beforeAll(async () => (host = await contractHost("hostile")));
afterAll(async () => {
  process.stdout.write(
    `${count} hostile names and texts went through a real sh and came back (HOSTILE_SEED=${seed})\n`,
  );
  await down();
});
afterEach(async () => expect((await host.sh(`ls ${CANARY}`)).code).not.toBe(0));

const withoutNul = (texts: readonly string[]) => texts.map((text) => text.replaceAll("\0", ""));
const noPlan = { guards: [], revert: [], settle: 0 };
const doing = (...ops: Op[]): Change => ({ title: "a test", plan: { ...noPlan, ops } });

/** What was sent, and what came: the first that differs, in hex. */
function expectSame(came: readonly string[], sent: readonly string[]): void {
  const differs = sent.findIndex((text, i) => !encode(text).equals(encode(came[i] ?? "")));
  const shown = (text: string | undefined) => [text, text && encode(text).toString("hex")];
  if (differs >= 0) expect([differs, ...shown(came[differs])]).toEqual([differs, ...shown(sent[differs])]);
  expect(came.length).toBe(sent.length);
  count += sent.length;
}

async function transact(shell: Shell, changes: readonly Change[]): Promise<Part[]> {
  const nonce = newNonce();
  const script = startTransaction(changes, { nonce, who: hostileTexts(1)[0]!.replaceAll("\0", "") });
  const { stdout, stderr, code } = await new LocalTransport(host, shell).run(script);
  if (code !== 0) throw new Error(`sh ended with ${code}: ${stderr.slice(0, 500)}`);
  return parseTranscript(stdout, nonce);
}

const textOf = (parts: readonly Part[], key: string) => parts.find((part) => part.key === key)?.text;

describe.each(shells)("through %s", (shell) => {
  test("words: whatever they hold, a command gets them", async () => {
    const texts = withoutNul(hostileTexts(10_000));
    const script = `out() { printf '%s\\0' "$@"; }\n${command("out", ...texts)}`;
    const parts = await transact(shell, [doing({ title: "say them", script })]);
    expectSame(textOf(parts, "step 0 0 say them")!.split("\0").slice(0, -1), texts);
    expect(parts.map(({ key }) => key)).toContain("result 0 done");
  });

  test("files, under names like that, hold the very text", async () => {
    const texts = withoutNul(hostileTexts(60));
    const names = texts.map((text, i) => `${i}${encode(text.replaceAll("/", "")).subarray(0, 40).toString("latin1")}`);
    const paths = names.map((name) => `/etc/hostile/${name}/${name}`);
    const ops = texts.map((text, i) => ({ title: `write ${i}`, script: putFile(paths[i]!, text), commit: true }));
    const show = `show() { for f; do cat "$f"; printf '\\0'; done; }\n${command("show", ...paths)}`;
    const parts = await transact(shell, [doing(...ops, { title: "show", script: show, commit: true })]);
    expect(parts.filter(({ key }) => key.startsWith("failed"))).toEqual([]);
    expectSame(textOf(parts, "step 0 60 show")!.split("\0").slice(0, -1), texts);
    expect(await host.must("find /etc/hostile -type f -printf '%m %u:%g\\n' | sort -u; find /etc -name '.kvmnet.*'; rm -rf /etc/hostile")).toBe("644 root:root\n");
  }); // prettier-ignore

  test("titles and what a guard is of: each is one heading, and none is an outcome", async () => {
    const texts = withoutNul(hostileTexts(200));
    const changes = texts.map((text): Change => ({
      title: text,
      plan: { guards: [{ what: text, test: "[ ok = 1 ]" }], ops: [{ title: text, script: "exit 3" }], revert: [], settle: 0 },
    })); // prettier-ignore
    const fine = texts.map((title): Change => ({ title, plan: { ...noPlan, ops: [{ title, script: ":" }] } }));
    const parts = await transact(shell, [...changes, ...fine]);
    const keys = (kind: string) => parts.flatMap(({ key }) => (key.startsWith(kind) ? [key.slice(kind.length)] : []));
    const lines = texts.map((text) => text.replaceAll("\n", " "));
    expectSame(keys("stale "), lines);
    expectSame(keys("step "), lines.map((line, i) => `${i + 200} 0 ${line}`)); // prettier-ignore
    expectSame(keys("result "), texts.flatMap((_, i) => `${i} stale`).concat(texts.map((_, i) => `${i + 200} done`))); // prettier-ignore
  });

  test("what is kept on the host is kept as it is, and forgotten when that text is in the state", async () => {
    const kept = new Map(hostileTexts(40).map((text, i) => [`${i}`.padStart(32, "0"), JSON.stringify({ [text]: text })]));
    const changes = [...kept].map(([name, text]): Change => ({ ...doing({ title: "x", script: ":" }), keep: { name, text } }));
    const observed = observe(await transact(shell, changes));
    expectSame(Object.values(observed.kept!), [...kept.values()]);
    expect(await host.must("stat -c '%a %U:%G' /var/lib/kvmnet; stat -c '%a %U:%G' /var/lib/kvmnet/* | sort -u")).toBe("700 root:root\n600 root:root\n");
    const [[first]] = [...kept] as [[string, string]];
    await new LocalTransport(host, shell).run(endTransactions(new Map(kept).set(first, "somebody else's")));
    expect(await host.must("cd /var/lib/kvmnet && echo *")).toBe(`${first}\n`);
    await new LocalTransport(host, shell).run(endTransactions(kept));
    expect((await host.sh("ls /var/lib/kvmnet")).code).not.toBe(0);
  }); // prettier-ignore

  test("what the state says of a guest's interface is no command", async () => {
    const key = `web/$(touch ${CANARY})`;
    const desired: HostState = { interfaces: { [key]: null } };
    const observed = await probe(host, shell);
    await transact(shell, [{ title: "delete", plan: plan(desired, observed) }]);
  });

  test("links whose names are syntax of ip -batch are changed, given back, or refused; never another one", async () => {
    await host.must("ip link add name x type bridge; ip link add name 'x#y' type bridge; ip link set dev x alias 'a \"b\" #c'");
    const session = new HostSession(new LocalTransport(host, shell), 5);
    const change = (desired: HostState) => session.change({ title: "a test", desired: () => desired });
    await expect(change({ links: { "x#y": { mtu: 1400 } } })).rejects.toThrow(/no device of such a name in a batch/);
    const alias = markOf(`urn:pulumi:prod::of"#\\fice::pulumi-nodejs:dynamic/kvmnet:Bridge::br'#1 $(x) ${"é".repeat(300)}`);
    expect((await change({ links: { x: { alias, mtu: 1400 } } })).links["x"]).toMatchObject({ alias, mtu: 1400 });
    expect((await change({ links: { x: { alias: 'a "b" #c' } } })).links["x"]!.alias).toBe('a "b" #c');
    await host.must("ip link del dev x; ip link del dev 'x#y'");
  }); // prettier-ignore

  test("a DHCP client is root's: a program of somebody else's that is called so is never started again", async () => {
    const clients = async () => (await probe(host, shell)).facts.dhcpClients.map(({ argv }) => argv[0]);
    await host.must("cp /bin/dash /tmp/dhclient");
    const begin = (as: string) => host.must(`${as} /tmp/dhclient -c 'echo $$ > /tmp/dhclient.pid.$(id -u); sleep 60; :' eth0 > /dev/null 2>&1 & sleep 0.3`); // prettier-ignore
    await begin("setpriv --reuid=65534 --regid=65534 --clear-groups");
    expect(await clients()).toEqual([]);
    await begin("");
    expect(await clients()).toEqual(["/tmp/dhclient"]);
    await host.must("kill $(cat /tmp/dhclient.pid.*); rm -f /tmp/dhclient*");
  });

  test("a file of ours is written through no symbolic link, over no directory, pipe or device, and keeps its mode", async () => {
    await host.must("mkdir -p /etc/own/dir; echo kept > /etc/own/target; ln -s target /etc/own/link; ln -s nowhere /etc/own/dangling; mkfifo /etc/own/pipe; mknod /etc/own/null c 1 3; echo old > /etc/own/narrow; chmod 600 /etc/own/narrow; chown 65534 /etc/own/narrow");
    const names = ["link", "dangling", "dir", "pipe", "null"];
    const before = await host.must("cd /etc/own; find . -printf '%p %y %m %u %l %s\\n' | sort");
    const parts = await transact(shell, names.map((name) => doing({ title: name, script: putFile(`/etc/own/${name}`, "ours\n") })));
    expect(names.map((name, i) => [name, textOf(parts, `step ${i} 0 ${name}`)!.trim(), parts.some(({ key }) => key === `failed ${i} 0 1`)])).toEqual(
      names.map((name) => [name, `/etc/own/${name} is ${/link|dang/.test(name) ? "a symbolic link; a file of ours is never written through one" : "no regular file"}`, true]));
    expect(await host.must("cd /etc/own; find . -printf '%p %y %m %u %l %s\\n' | sort; [ $(cat target) = kept ]")).toBe(before);
    await transact(shell, [doing({ title: "x", script: `${putFile("/etc/own/narrow", "ours\n")}; ${putFile("/etc/own/new", "ours\n")}` })]);
    expect(await host.must("cd /etc/own; stat -c '%n %a %u:%g' narrow new; cat narrow new; ls -A; rm -rf /etc/own")).toBe(
      "narrow 600 65534:0\nnew 644 0:0\nours\nours\ndangling\ndir\nlink\nnarrow\nnew\nnull\npipe\ntarget\n");
  }); // prettier-ignore

  test("what a transaction has in /run is root's alone", async () => {
    await host.must("rm -rf /run/kvmnet");
    const script = "stat -c '%A %u:%g' /run/kvmnet \"$dir\" /run/kvmnet/lock \"$dir\"/*; stat -c %a \"$dir/script\"";
    const [run, dir, ...rest] = textOf(await transact(shell, [doing({ title: "look", script })]), "step 0 0 look")!.trim().split("\n");
    expect([run, dir, rest.pop()]).toEqual(["drwx------ 0:0", "drwx------ 0:0", "600"]);
    expect(rest.length).toBeGreaterThan(2);
    for (const line of rest) expect(line).toMatch(/^-rw-(r--r--|------) 0:0$/);
    expect((await host.sh("setpriv --reuid=65534 --regid=65534 --clear-groups ls /run/kvmnet")).code).not.toBe(0);
    expect(await host.must("stat -c '%a %u' /run /var/lib")).toBe("755 0\n755 0\n");
  }); // prettier-ignore
});

test("names that the host gives: libvirt's networks and guests, files of interfaces(5), links and their aliases", async () => {
    const texts = [
      ...[`$(touch ${CANARY})`, `\`touch ${CANARY.replaceAll("/", "_")}\``, `';touch x;'`, `";touch x;"`, "a;b|c&d", "*", "]]>", "<!-- x"],
      ...["--inactive", "-x", "--", "back\\slash", "a'b", 'a"b', " lead", "trail ", "two  blanks", "tab\tname", "#5", "%s"],
      ...["constructor", "__proto__", "toString", "@ffff list list --name", "é\u{1f4a9}", "\u202e", `${"x".repeat(200)}`, "&amp;"],
    ].map((text) => text.replaceAll("/", "_")); // prettier-ignore
    const named = (tag: string, rest: string) =>
      texts.map((text) => {
        const root = parseXml(`<${tag}><name/>${rest}</${tag}>`);
        childOf(root, "name")!.textContent = text;
        return printXml(root);
      });
    await host.must("rm -rf /tmp/names; mkdir -p /tmp/names /etc/network/interfaces.d");
    await define("net-define", named("network", "<bridge name=''/>").map((xml, i) => xml.replace("name=''", `name='hostile${i}'`)));
    await define("define", named("domain", "<memory>65536</memory><os><type>hvm</type></os>").map((xml) => xml.replace("<domain>", "<domain type='qemu'>"))); // prettier-ignore
    const files = texts.filter((text) => text !== "--").concat("new\nline", "\x01\x7f", "\ufffd");
    for (const [i, name] of files.entries()) await host.write(`/etc/network/interfaces.d/${name}`, `# ${i}\n`);
    await host.must("echo 'source /etc/network/interfaces.d/*' >> /etc/network/interfaces");
    const links = texts.filter((text) => encode(text).length <= 15 && !/[\s/:]/.test(text) && !text.startsWith("-") && !/[*%]/.test(text));
    links.push("$(reboot)", "a\x01b");
    for (const [i, name] of links.entries())
      await host.must(command("ip", "link", "add", "name", name, "address", `52:54:00:00:01:${10 + i}`, "type", "bridge") + ` && ${command("ip", "link", "set", "dev", name, "alias", `${name}\x02"'\n\\#`)}`); // prettier-ignore

    const [networks, domains] = [await listed("net-list"), await listed("list")];
    expect(networks.length).toBeGreaterThan(20);
    expect(domains.length).toBeGreaterThan(20);
    for (const shell of shells) {
      const observed = await probe(host, shell);
      expect(Object.keys(observed.networks).sort()).toEqual(networks);
      expect(Object.keys(observed.domains).sort()).toEqual(domains);
      for (const things of [observed.networks, observed.domains])
        for (const [name, { xml }] of Object.entries(things)) expect(childOf(parseXml(xml), "name")!.textContent).toBe(name);
      for (const [i, name] of files.entries()) expect(observed.files[`/etc/network/interfaces.d/${name.replaceAll("\n", "?")}`]).toBe(`# ${i}\n`);
      for (const name of links) expect(observed.links[name]?.alias).toBe(`${name}\x02"'\n\\#`);
      count += networks.length + domains.length + files.length + 2 * links.length;
    }

    async function define(how: string, xmls: readonly string[]): Promise<void> {
      for (const [i, xml] of xmls.entries()) await host.write(`/tmp/names/${how}${i}.xml`, xml);
      // Some are not to libvirt's liking.
      await host.sh(`for f in /tmp/names/${how}*.xml; do echo "${how} $f"; done | virsh -q`);
    }
    async function listed(how: string): Promise<string[]> {
      return (await host.must(`virsh -q ${how} --all --name`)).split("\n").filter((name) => name !== "").sort();
    }
  }, 60_000); // prettier-ignore

test("texts in a network's XML go to libvirt and come back", async () => {
  const legal = /[^\t\n\x20-\ud7ff\ue000-\uef7f\uf000-\ufffd\u{10000}-\u{10ffff}]/gu;
  const texts = hostileTexts(2000).map((text) => text.replace(legal, "").trim());
  const root = parseXml("<network><name>texts</name><metadata><k:texts xmlns:k='https://kvmnet.test'/></metadata><bridge name='virbr9'/></network>");
  const holder = childOf(childOf(root, "metadata")!, "k:texts")!;
  for (const text of texts) {
    const element = root.ownerDocument!.createElement("k:text");
    element.setAttribute("a", text);
    element.textContent = text;
    holder.appendChild(element);
  }
  const parts = await transact("dash", [doing({ title: "define", script: net.define(printXml(root)) })]);
  expect(textOf(parts, "step 0 0 define")).toBe("");
  const { stdout } = await new LocalTransport(host).run(probeTransaction("f".repeat(32)));
  const { xml } = observe(parseTranscript(stdout, "f".repeat(32))).networks["texts"]!;
  const came = childrenOf(childOf(childOf(parseXml(xml), "metadata")!, "k:texts")!, "k:text");
  expectSame(came.map((element) => element.textContent?.trim() ?? ""), texts);
  expectSame(came.map((element) => element.getAttribute("a") ?? ""), texts);
}); // prettier-ignore
