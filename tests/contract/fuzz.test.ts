import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decode } from "../../provider/bytes";
import { HostError } from "../../provider/errors";
import type { Observed } from "../../provider/facts";
import { observe } from "../../provider/host/observe";
import { parseTranscript } from "../../provider/host/transcript";
import { interfacesOf, interfaceView, mergeInterface, tapOf } from "../../provider/libvirt/interface";
import { mergeNetwork, networkFromXml, networkView, reservations } from "../../provider/libvirt/network";
import { liveUpdate, reservationUpdates } from "../../provider/libvirt/networkUpdate";
import { parseXml, printXml } from "../../provider/libvirt/xml";
import { hostileTexts, seed } from "../hostile";
import { down } from "../lab/lab";
import { thoroughly } from "../toolchain/thoroughly";
import { contractHost, LocalTransport, newNonce } from "./hosts";
import { probeTransaction } from "../../provider/host/script";

/** What a host answers, mangled: it is read, or refused with a HostError; in no more time and memory than any other. */
const TRANSCRIPTS = thoroughly(80_000, 20_000);
const XMLS = thoroughly(21_000, 7_000);
/** A text may take as long as these many megabytes of what is plain, for each megabyte that it begins. */
const SLOWEST = 5;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const heap = () => (collectGarbage(), process.memoryUsage().heapUsed);

/** Milliseconds of the processor: others may be at work on the machine. */
function processorTime(work: () => void): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1000;
}

const MEBIBYTE = 1024 * 1024;
/** No two are the same: what was read once is remembered (libvirt/remember.ts). */
let texts = 0;
const plain = (size: number) =>
  `<network><name>n${texts++}</name>${"<ip address='10.0.0.1' prefix='24'/>".repeat(size / 74)}<x a='${"y".repeat(size / 2)}'/></network>`;
/** The floor that all is measured by, in this run and on this machine: a megabyte of XML that has nothing to it. */
const floor = Math.min(
  ...[1, 2, 3].map(() => {
    const text = plain(MEBIBYTE);
    return processorTime(() => networkFromXml(text));
  }),
);

/** In floors per megabyte begun. */
const slowness = (text: string, read: () => void): number =>
  processorTime(read) / floor / Math.ceil((text.length + 1) / MEBIBYTE);

/** Of Tommy Ettinger (mulberry32): the same numbers for the same seed. */
function random(state: number): (below: number) => number {
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Another value for an attribute, an element once more or gone: it is XML still. */
function mangleXml(text: string, pieces: readonly string[], below: (n: number) => number): string {
  const escaped = () =>
    pieces[below(pieces.length)]!.replace(/[<&'"\0-\x1f]/g, (c) => `&#${Math.max(32, c.charCodeAt(0))};`);
  const values = text.match(/='[^']*'|<[^<>]*\/>/g) ?? [];
  const found = values[below(values.length || 1)] ?? "";
  const other = found.startsWith("=") ? `='${below(2) ? escaped() : values[below(values.length)]!.replace(/[<>='/]/g, "")}'` : ["", found + found][below(2)]!; // prettier-ignore
  return text.replace(found, () => other);
}

/** The text with some of it cut, doubled, moved, overwritten by syntax or by any byte. */
function mangle(text: string, pieces: readonly string[], below: (n: number) => number): string {
  for (let times = 1 + below(4); times > 0; times--) {
    const [from, length] = [below(text.length + 1), below(below(8) === 0 ? text.length + 1 : 40)];
    const [before, cut, after] = [text.slice(0, from), text.slice(from, from + length), text.slice(from + length)];
    const put = [
      () => "",
      () => cut + cut,
      () => pieces[below(pieces.length)]!,
      () => cut + pieces[below(pieces.length)]!,
      () => decode(Buffer.from([...Array<undefined>(1 + below(4))].map(() => below(256)))),
      () => String.fromCharCode(below(0x10000)),
      () => [...cut].reverse().join(""),
      () => pieces[below(pieces.length)]!.repeat(below(50)),
    ][below(8)]!();
    text = before + put + (below(20) === 0 ? "" : after);
  }
  return text;
}

/** Feeds `count` mangled texts to `read`. A text that breaks it is in the failure's message. */
function fuzz(
  what: string,
  count: number,
  bases: readonly string[],
  pieces: readonly string[],
  read: (text: string) => void,
): void {
  const below = random(seed);
  const outcome = { read: 0, refused: 0 };
  let slowest = 0;
  let before = 0;
  for (let i = 0; i < count; i++) {
    // The first thousand fill what is remembered (libvirt/remember.ts), and the compiler's own.
    if (i === Math.min(count / 2, 2000)) before = heap();
    const text =
      below(50) === 0
        ? pieces[below(pieces.length)]!
        : (bases[0]!.startsWith("<") && below(3) ? mangleXml : mangle)(bases[i % bases.length]!, pieces, below);
    const slow = slowness(text, () => {
      try {
        read(text);
        outcome.read++;
      } catch (error) {
        if (!(error instanceof HostError))
          throw new Error(`HOSTILE_SEED=${seed}, ${what} ${i}: ${JSON.stringify(text.slice(0, 4000))}`, {
            cause: error,
          });
        outcome.refused++;
      }
    });
    slowest = Math.max(slowest, slow);
  }
  const grown = (heap() - before) / 1024 / 1024;
  process.stdout.write(`${count} ${what}: ${outcome.read} read, ${outcome.refused} refused, slowest ${slowest.toFixed(1)} times what is plain, heap ${grown.toFixed(1)} MiB more (HOSTILE_SEED=${seed})\n`); // prettier-ignore
  expect(slowest).toBeLessThan(SLOWEST);
  expect(grown).toBeLessThan(20);
  // Both were there to be tried.
  expect(Math.min(outcome.read, outcome.refused)).toBeGreaterThan(count / 100);
}

const fixtures = join(__dirname, "../unit/fixtures/libvirt");
const xmls = readdirSync(fixtures).map((name) => readFileSync(join(fixtures, name), "utf8"));
const XML_PIECES = ["<", ">", "/>", "</", "<!--", "-->", "]]>", "<![CDATA[", "<?", "?>", "&", "&amp;", "&#0;", "&#x110000;", "&#xd800;", "<!DOCTYPE", "<!ENTITY a 'b'>",
  "='", "\"", "xmlns='x'", "xmlns:a='b'", "a:b", "<ip address='x' netmask='y'/>", "<ip address='300.1.1.1'/>", "<range start='x' end=''/>", "<mac address=''/>", "<host mac='x' ip='y'/>", "<name/>", "prefix='999'"]; // prettier-ignore

describe("a transcript", () => {
  const nonce = newNonce();
  let real = "";
  beforeAll(async () => {
    const host = await contractHost("fuzz");
    await host.must("echo \"<network><name>n</name><forward mode='nat'/><bridge name='virbr7'/><ip address='192.168.77.1' prefix='24'/></network>\" | virsh -q net-define /dev/stdin; virsh -q net-start n; dhclient -v eth0 > /dev/null 2>&1 & sleep 0.2"); // prettier-ignore
    real = (await new LocalTransport(host).run(probeTransaction(nonce))).stdout;
    await down();
  });

  test("of a real host, mangled, is read or refused", () => {
    expect(Object.keys(observe(parseTranscript(real, nonce)).networks)).toEqual(["n"]);
    const parts = [...new Set(real.match(new RegExp(`@${nonce} [^\\n]*\\n`, "g")))];
    const json = ["[", "]", "{", "}", '"', ",", ":", "null", "[[", '"ifname":null', '"addr_info":[null]', "1e999", "\\u0000", '"local":5', '"flags":"UP"', "[1]"]; // prettier-ignore
    const pieces = [...parts, ...parts.map((part) => `\n${part}`), ...json, ...XML_PIECES, ...hostileTexts(200)];
    // The machine's own files are long, and the same to the parser.
    const bases = [real, real.replaceAll(/(@\w+ file [^\n]*\n)[^@]*/g, "$1x\n\n")];
    fuzz("transcripts", TRANSCRIPTS, [...Array<string>(20).fill(bases[1]!), real], pieces, (text) =>
      use(observe(parseTranscript(text, nonce))),
    );
  }, 120_000);

  test("without end, of one line, or of nothing but headings, takes no longer than so much of what is plain", () => {
    const size = 16 * MEBIBYTE;
    const texts = ["\0".repeat(size), "a".repeat(size), "\n".repeat(size), `\n@${nonce} file x`.repeat(size / 64), `\n@${nonce} addr\n[`.padEnd(size, "["), `\n@${nonce} processes\n1 dhclient `.padEnd(size, "\x01"), `\n@${nonce} sysctl\n`.padEnd(size, ":")]; // prettier-ignore
    for (const text of texts) {
      const read = () => expect(attempt(() => observe(parseTranscript(text, nonce)))).not.toBe("crash");
      expect(slowness(text, read)).toBeLessThan(SLOWEST);
    }
  });
});

/** What the rest of the provider asks of it at once. */
function use({ networks, domains }: Observed): void {
  for (const { xml, liveXml } of Object.values(networks))
    for (const text of [xml, liveXml ?? xml]) networkFromXml(text);
  for (const { xml, liveXml } of Object.values(domains)) for (const text of [xml, liveXml ?? xml]) interfacesOf(text);
}

describe("XML", () => {
  test("of libvirt, mangled, is read or refused, and comes out as it would go in", () => {
    const [network, nic] = [xmls[0]!, "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='n'/></interface>"]; // prettier-ignore
    const wanted =
      "<network>\n  <name>n</name>\n  <forward mode='nat'/>\n  <ip address='10.0.0.1' prefix='24'/>\n</network>";
    const small = xmls.filter((xml) => xml.length < 2500);
    fuzz("XML texts", XMLS, [...small, nic, network.slice(0, 2000)], [...XML_PIECES, ...hostileTexts(200)], (text) => {
      const printed = printXml(parseXml(text));
      expect(printXml(parseXml(printed))).toBe(printed);
      if (text.includes("<interface")) {
        for (const element of Object.values(interfacesOf(text))) {
          tapOf(element);
          interfaceView(element, nic);
          parseXml(mergeInterface(element, nic));
        }
      } else {
        networkFromXml(text);
        reservations(text);
        networkView(text, wanted);
        liveUpdate("n", text, wanted);
        reservationUpdates("n", text, { "52:54:00:00:00:01": { address: "10.0.0.9" } });
        parseXml(mergeNetwork(text, wanted));
      }
    });
  }, 120_000);

  const laughs = ["lol", ..."abcdefghi"].map((name, i, all) => `<!ENTITY ${name} "${i === 0 ? "lol" : `&${all[i - 1]};`.repeat(10)}">`).join(""); // prettier-ignore
  test.each<[string, string]>([
    ["a billion laughs", `<!DOCTYPE network [${laughs}]><network><name>&i;</name></network>`],
    ["an external entity", `<!DOCTYPE network [<!ENTITY x SYSTEM "file:///etc/passwd">]><network><name>&x;</name></network>`],
    ["an external document type", `<!DOCTYPE network SYSTEM "http://127.0.0.1:9/x.dtd"><network/>`],
    ["a parameter entity", `<!DOCTYPE n [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><n/>`],
    ["a document type behind a comment", `<!-- x --><!DOCTYPE n [<!ENTITY x "y">]><n>&x;</n>`],
    ["an entity that nobody defined", `<network><name>&x;</name></network>`],
    ["100 000 elements in each other", `${"<a>".repeat(100_000)}${"</a>".repeat(100_000)}`],
    ["nothing", ""],
    ["bytes", "\0\x01\x02\xff".repeat(100_000)],
    ["no end", `<network>${"<ip>".repeat(1000)}`],
  ])("%s is refused, or means nothing", (_, text) => {
    let outcome = "";
    expect(slowness(text, () => (outcome = attempt(() => printXml(parseXml(text)))))).toBeLessThan(SLOWEST);
    expect(outcome).toMatch(/^(refused|<network>\n {2}<name>&amp;x;<\/name>\n<\/network>)$/);
  }); // prettier-ignore

  test("of eight megabytes takes eight times as long as of one, not its square", () => {
    const text = plain(8 * MEBIBYTE);
    expect(slowness(text, () => networkFromXml(text))).toBeLessThan(SLOWEST);
  });
});

function attempt(work: () => unknown): string {
  try {
    const value = work();
    return typeof value === "string" ? value : "read";
  } catch (error) {
    return error instanceof HostError ? "refused" : "crash";
  }
}
