import { randomInt } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { must, type LabHost } from "../lab/lab";
import { diskOf, loadHost } from "../lab/state";
import { generator } from "../toolchain/random";
import { thoroughly } from "../toolchain/thoroughly";
import { createBridge } from "./ownedBridge";

/** KVMNET_SEED chooses the moments of an earlier run again. */
const seed = Number(process.env.KVMNET_SEED ?? randomInt(1 << 30));
const CUTS = thoroughly(Infinity, 5);

const CONFIRMED = "it is confirmed";
const ENDED = "it has ended";
/** What a boot has seconds for; it waits no longer than it has to. */
const BOOT = 20_000;

/** At a moment the change waits until somebody has looked. */
const WAIT =
  "moment() { echo $* > /tmp/moment.new; mv /tmp/moment.new /tmp/moment; while [ -e /tmp/moment ]; do sleep 0.02; done; }";
/** Where in its script the moments are: all between which something on the disk, or in who knows of it, may change. */
const MOMENTS: readonly (readonly [at: RegExp, then: string])[] = [
  [/^trap '' HUP PIPE INT TERM$/m, `$&\n${WAIT}`],
  [/^change_0\(\) \{$/m, "$&\nmoment the script is there"],
  [/to_disk "\$kvmnet_kept\.new" && /, "$&moment what it found is beside && "],
  [/^: > "\$dir\/begun\.0"$/m, "$&\nmoment it has begun"],
  [/^step\(\) \{\n.*$/m, '$&\n  moment "before the step $4"'],
  [/^ {2}: > "\$dir\/pending"$/m, "$&\n  moment it waits to be confirmed"],
  [/^(?=\[ "\$ok" = 0 \] \|\| : > "\$dir\/committing\.0"$)/m, `moment ${CONFIRMED}\n`],
  [/^put_file\(\) \{$/m, '$&\n  moment "before $1 is written"'],
  [/^remove_file\(\) \{ /m, '$&moment "before $1 is removed"; '],
  [/(?=mv -f "\$kvmnet_new" "\$1")/, 'moment "$1 is beside" && '],
  [/^result\(\) \{ /m, `$&moment ${ENDED}; `],
];

type Kind = "old" | "new";
/** A host's network as it is written, and as it runs. */
interface Network {
  readonly files: string;
  readonly links: string;
}
type Networks = Readonly<Record<Kind, Network>>;

interface Moment {
  readonly title: string;
  /** What the next boot may have. */
  readonly may: readonly Kind[];
  /** The disk as it is without another moment of power. */
  readonly disk: string;
  /** The same where nothing has changed on it. */
  readonly digest: string;
}

/**
 * The power goes while the bridge is made, and given back: the next boot has the old network or the new one, whole. It goes as far as a host in
 * namespaces has it: no process is left and nothing of /run, and on its disk is what was written, also what was not synced; that is for whole
 * machines (e2e/powerCut.test.ts). `files`: the owner's. Of a `second` port, over which nothing is reached, a file of its own may be the old one yet.
 */
export async function expectPowerCuts(host: LabHost, files: string, second?: string): Promise<void> {
  const old = await networkOf(host, files);
  const { resource, made } = await createBridge(
    host,
    (_, send) => send(),
    (script, send) => send(withMoments(script)),
    { ports: [...(second ? [second] : []), "eth0"] },
  );
  const creating = await momentsOf(host, "create", made, ["old", "new"]);
  const networks = { old, new: await networkOf(host, files) };
  expect(networks.new.links).not.toBe(old.links);
  const { id, outs } = await made;
  const deleting = await momentsOf(host, "delete", resource.delete(id, outs), ["new", "old"]);
  expect(await networkOf(host, files)).toEqual(old);

  const moments = [...creating, ...deleting];
  const outcomes: string[] = [];
  for (const moment of chosen(moments)) {
    await must(["mv", moment.disk, join(diskOf(host.name), "next")]);
    await host.reboot();
    const kind = await untilWhole(host, files, networks, moment, second);
    outcomes.push(`power cut: ${host.name}, ${moment.title}: ${kind}`);
  }
  process.stdout.write(
    `${outcomes.join("\n")}\npower cut: ${host.name}, ${outcomes.length} of ${moments.length} moments, seed ${seed}\n`,
  );
}

/** Of the disks that differ some by chance, each at one of its moments. */
function chosen(moments: readonly Moment[]): Moment[] {
  const random = generator(seed);
  const shuffled = moments.map((moment) => ({ ...moment, rank: random() })).toSorted((a, b) => a.rank - b.rank);
  return [...new Map(shuffled.map((moment) => [moment.digest, moment])).values()].slice(0, CUTS);
}

/** A change is made, to its end; at each of its moments the disk is copied. */
async function momentsOf(
  host: LabHost,
  verb: string,
  change: Promise<unknown>,
  [from, to]: readonly [Kind, Kind],
): Promise<Moment[]> {
  const seen: Omit<Moment, "may">[] = [];
  let isOver = false;
  const over = change.finally(() => (isOver = true));
  const file = `/proc/${loadHost(host.name)!.init!.pid}/root/tmp/moment`;
  for (; !isOver; await sleep(10)) {
    if (!existsSync(file)) continue;
    const title = readFileSync(file, "utf8").trim();
    const disk = join(diskOf(host.name), `${verb}-${seen.length}`);
    const copy = `cp -a "$0/upper" "$1"; cd "$1"; find etc var/lib/kvmnet -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum`;
    seen.push({
      title: `${verb}, ${title}`,
      disk,
      digest: await must(["sh", "-e", "-c", copy, diskOf(host.name), disk]),
    });
    rmSync(file);
  }
  await over;
  const [confirmed, ended] = [CONFIRMED, ENDED].map((when) => seen.findIndex(({ title }) => title.endsWith(when)));
  expect(confirmed).toBeGreaterThan(3);
  expect(ended! - confirmed!).toBeGreaterThan(2);
  // What nobody has confirmed is forgotten, and what the operator was told of is there.
  return seen.map((moment, n) => ({ ...moment, may: n <= confirmed! ? [from] : n < ended! ? [from, to] : [to] }));
}

function withMoments(script: string): string {
  if (!script.startsWith("_kvmnet_transaction")) return script;
  const [body = ""] = /^\|[^]*?(?=\nKVMNET_)/m.exec(script) ?? [];
  const waiting = MOMENTS.reduce(
    (text, [at, then]) => {
      expect(text).toMatch(at);
      return text.replace(at, then);
    },
    body.replace(/^\|/gm, ""),
  );
  return script.replace(body, () => waiting.replace(/^/gm, "|"));
}

/** What the next boot begins with, and what the kernel has: not who set a route, nor a bridge without ports and addresses, which bears nothing. */
async function networkOf(host: LabHost, files: string): Promise<Network> {
  return {
    files: await host.must(
      `find ${files} -type f ! -name '.kvmnet.*' -exec stat -c '%n %a %U' {} + -exec sha256sum {} + | sort`,
    ),
    links: await host.must(
      `cd /sys/class/net; for l in *; do
  [ -d $l/bridge ] && [ -z "$(ls $l/brif; ip -o addr show $l scope global)" ] && continue
  ip -br link show $l; grep -s . $l/brif/*/state $l/bridge/stp_state $l/bridge/forward_delay
done | sed 's/@[^ ]*//; s/ \\+/ /g'
ip -o addr show scope global | awk '{ print $2, $4 }'; { ip route; ip -6 route | grep -v ^fe80; } | sed 's/ proto [a-z]*\\| onlink//g; s/ *$//'; cat /etc/resolv.conf`,
    ),
  };
}

/** A boot is not over when the host is up; and what is whole has to stay so. */
async function untilWhole(
  host: LabHost,
  files: string,
  networks: Networks,
  { title, may }: Moment,
  second: string | undefined,
): Promise<Kind> {
  let before: Kind | undefined;
  for (const deadline = Date.now() + BOOT; ; await sleep(500)) {
    const network = await networkOf(host, files);
    // Of an owner with several files some may be new.
    const written = (["old", "new"] as const).find((is) => network.files === networks[is].files);
    const carried = (links: string) =>
      written || !second ? links : links.replace(new RegExp(`^.*\\b${second}\\b.*\\n`, "gm"), "");
    const kind = may.find((is) => carried(network.links) === carried(networks[is].links) && (written ?? is) === is);
    if (kind && kind === before) return kind;
    before = kind;
    if (Date.now() > deadline) expect({ title, ...network }).toEqual({ title, ...networks[written ?? may[0]!] });
  }
}
