import type { HostState } from "../../provider/hostState";
import { interfaceFromXml, interfaceToXml, interfacesOf } from "../../provider/libvirt/interface";
import { networkOf, networkToXml } from "../../provider/libvirt/network";
import type { Observed } from "../../provider/facts";
import { down, type LabHost } from "../lab/lab";
import { contractHost } from "./hosts";
import { newSession } from "./properties/subject";
import { canonical, difference, expectOnly } from "./roundTrip/canonical";
import { interfaceMutations, interfaceTexts, networkMutations, networkTexts, type Text } from "./roundTrip/texts";

/**
 * As roundTrip.test.ts, on a real libvirt: each text is defined by virsh, taken over and changed in one value by us, and what libvirt has
 * then is what it had, but for that. What this libvirt does not take is left out by what virsh says, and counted.
 */
let host: LabHost;
beforeAll(async () => {
  host = await contractHost("roundtrip");
  await host.must(`for b in lan0 lan1; do ip link add $b type bridge; done; for d in wan0 wan1; do ip link add $d type dummy; done
echo "<network><name>rt-net</name><bridge name='rt-net0'/><portgroup name='guests'/></network>" > /tmp/rt.xml; virsh -q net-define /tmp/rt.xml`);
});
afterAll(() => down());

/** How often each text is changed, each time in another value. */
const ROUNDS = 2;

/** Each under a name of its own, since texts of several sources share theirs. */
const named = ({ text }: Text, i: number) =>
  text
    .replace(/<name>[^]*?<\/name>/, `<name>rt${i}</name>`)
    .replace(/<uuid>[^]*?<\/uuid>/, "")
    .replace(/(<bridge\b[^>]*\bname=)(['"])(?!lan0)[^'"]*\2/, `$1$2rt-b${i}$2`);
const domain = ({ text }: Text, i: number) =>
  `<domain type='qemu'><name>rt${i}</name><memory unit='MiB'>64</memory><os><type arch='x86_64' machine='pc'>hvm</type></os><devices>${text}</devices></domain>`;

test("networks", () =>
  roundTrip(networkTexts().map(named), "net-define", (i, { networks }) => {
    const xml = networks[`rt${i}`]?.xml;
    if (xml === undefined) return undefined;
    const values = networkOf(xml);
    const group = {
      path: "portgroup",
      values: { ...values, portgroup: [...(values.portgroup ?? []), { name: "rt-new" }] },
    };
    return {
      xml,
      changes: [group, ...networkMutations(values)].map(({ path, values }) => ({
        path,
        desired: {
          networks: { [`rt${i}`]: { xml: networkToXml(values), active: false, autostart: false, live: true } },
        },
      })),
    };
  }));

test("interfaces", () =>
  roundTrip(interfaceTexts().map(domain), "define", (i, { domains }) => {
    const xml = domains[`rt${i}`]?.xml;
    if (xml === undefined) return undefined;
    const [[mac, element] = ["", ""]] = Object.entries(interfacesOf(xml));
    return {
      xml,
      changes: interfaceMutations(interfaceFromXml(element)).map(({ path, values }) => ({
        path,
        desired: { interfaces: { [`rt${i}/${mac}`]: { xml: interfaceToXml(values), live: true } } },
      })),
    };
  }));

interface Base {
  readonly xml: string;
  readonly changes: readonly { readonly path: string; readonly desired: HostState }[];
}

async function roundTrip(
  texts: readonly string[],
  define: string,
  find: (i: number, observed: Observed) => Base | undefined,
): Promise<void> {
  const refused = await host.must(
    `mkdir -p /tmp/rt && cd /tmp/rt && rm -f * && cat > all && csplit -sz -f x -n 4 all '/^=====$/' '{*}' && rm all
for f in x*; do sed -i 1d $f; virsh -q ${define} $f 2>&1 | sed -n "s/^error: /$f: /p" | tail -1; done`,
    { input: texts.map((text) => `=====\n${text.trim()}\n`).join("") },
  );
  const said: string[] = refused.split("\n").filter(Boolean);
  const wrong: string[] = [];
  let made = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const session = newSession(host);
    const before = await session.observe();
    const tried = texts.flatMap((_, i) => {
      const base = find(i, before);
      const change = base?.changes[Math.floor((round * base.changes.length) / ROUNDS)];
      return base && change ? [{ i, xml: base.xml, ...change }] : [];
    });
    const results = await Promise.allSettled(
      tried.map(({ desired }, i) => session.change({ title: `change ${i}`, desired: () => desired })),
    );
    const after = await newSession(host).observe();
    const [was, is] = [tried.map(({ xml }) => xml), tried.map(({ i }) => find(i, after)!.xml)].map(canonical);
    tried.forEach(({ i, path }, k) => {
      const result = results[k]!;
      const what = `${texts[i]!.slice(0, 300)}: ${path}`;
      try {
        if (result.status === "rejected") {
          expect(String(result.reason)).toMatch(/failed: .*error: .*rolled back; nothing changed/s);
          said.push(`${what}: ${[...String(result.reason).matchAll(/error: (.*)/g)].at(-1)?.[1]}`);
          expect(is![k]).toEqual(was![k]);
        } else {
          expectOnly(path, difference(was![k]!, is![k]!));
          made++;
        }
      } catch (error) {
        wrong.push(`${what}: ${(error as Error).message}`);
      }
    });
  }
  console.log(`${made} changes; not taken by libvirt, ${said.length}:\n${said.join("\n")}`);
  expect(wrong).toEqual([]);
  expect(made).toBeGreaterThan(ROUNDS * texts.length * 0.5);
}
