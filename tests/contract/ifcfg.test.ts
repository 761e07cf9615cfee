import { join } from "node:path";
import { readJson, readTree } from "../golden/folder";
import { down, type LabHost } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost } from "./hosts";
import { expectGivenBack, expectWayBack } from "./ownedBridge";
import { expectPowerCuts } from "./powerCuts";

/** NetworkManager's own reader of ifcfg- files (ifcfg-rh; tests/lab/ifcfgRh): reads what is rendered, takes over what the kernel has, and has it back as it was. */
const SCRIPTS = "/etc/sysconfig/network-scripts";
const LOG = "/var/log/NetworkManager.log";

let statically: LabHost;
let dhcp: LabHost;
beforeAll(async () => {
  statically = await contractHost("ifcfg-nm", { owner: "ifcfg-nm" });
  dhcp = await contractHost("ifcfg-dhcp", { owner: "ifcfg-nm", dhcp: true });
  // The first time NetworkManager is built.
}, 600_000);
afterAll(() => down());

const state = `ls -l ${SCRIPTS} | tr -s ' ' | cut -d ' ' -f 1,3,9; cat ${SCRIPTS}/*; nmcli -t device; nmcli -t -f NAME,UUID,FILENAME connection show | grep -v ^lo:
ip -4 -br addr; ip route; cat /sys/class/net/*/address /etc/resolv.conf`;

const FIELDS =
  "ipv4.addresses ipv4.gateway ipv4.routes ipv4.route-metric ipv4.dns ipv4.dns-search ipv4.method ipv6.addresses ipv6.gateway ipv6.routes ipv6.dns ipv6.method bridge.stp bridge.forward-delay bridge.hello-time bridge.max-age bridge.ageing-time bridge.priority bridge.vlan-filtering 802-3-ethernet.mtu 802-3-ethernet.cloned-mac-address".split(
    " ",
  );

/** What a golden says of a bridge, in the words of `nmcli --get-values`. */
function meant(folder: string, below: string): Record<string, unknown> {
  const args = (below.endsWith("then") && readJson(join(folder, "then.json"))) || readJson(join(folder, "args.json"))!;
  const is = { ...readJson(join(folder, below, "inputs.json")), ...args } as Record<string, unknown>;
  const of = (key: string) => (is[key] ?? []) as readonly string[];
  const [v4, v6] = [(it: string) => !it.includes(":"), (it: string) => it.includes(":")];
  const stp = is["stp"] ?? false;
  return {
    addresses: [...of("addresses")].toSorted(),
    dns: of("nameservers"),
    search: of("searchDomains"),
    dhcp4: is["dhcp4"] ?? false,
    dhcp6: is["dhcp6"] ?? false,
    routes: (of("routes") as unknown as readonly { to: string; via: string; metric?: number }[]).map(({ to, via, metric }) => `${to} ${via} ${metric ?? (v4(via) ? 0 : 1024)}`).toSorted(), // prettier-ignore
    isIPv6: of("addresses").some(v6),
    bridge: [stp ? "yes" : "no", ...(stp ? [is["forwardDelay"] ?? 15, is["helloTime"] ?? 2, is["maxAge"] ?? 20, is["priority"] ?? 32768] : []), is["ageingTime"] ?? 300, is["vlanFiltering"] ? "yes" : "no"].map(String), // prettier-ignore
    mtu: String(is["mtu"] ?? "auto"),
    mac: String(is["macAddress"]).toUpperCase(),
  };
}

/** The same, of what NetworkManager made of the file. */
function read(answer: string): Record<string, unknown> {
  const values = answer.split("\n");
  const get = (name: string) => values[FIELDS.indexOf(name)] ?? "";
  const list = (name: string) => get(name).split(/[,;] */).filter(Boolean); // prettier-ignore
  const metric = get("ipv4.route-metric");
  const routes = ([4, 6] as const).flatMap((family) => [
    ...(get(`ipv${family}.gateway`) ? [`default ${get(`ipv${family}.gateway`)} ${metric}`] : []),
    ...list(`ipv${family}.routes`).map((route) => {
      const [to = "", via = "", own = metric] = route.split(" ");
      return `${/^(0\.0\.0\.0|::)\/0$/.test(to) ? "default" : to} ${via} ${own}`;
    }),
  ]);
  const stp = get("bridge.stp");
  const options = stp === "yes" ? ["forward-delay", "hello-time", "max-age", "priority"] : [];
  const addresses = [...list("ipv4.addresses"), ...list("ipv6.addresses")];
  return {
    addresses: addresses.toSorted(),
    dns: [...list("ipv4.dns"), ...list("ipv6.dns")],
    search: list("ipv4.dns-search"),
    dhcp4: get("ipv4.method") === "auto",
    dhcp6: get("ipv6.method") === "auto",
    routes: routes.toSorted(),
    isIPv6: addresses.some((address) => address.includes(":")),
    bridge: [stp, ...options.map((name) => get(`bridge.${name}`)), get("bridge.ageing-time"), get("bridge.vlan-filtering")], // prettier-ignore
    mtu: get("802-3-ethernet.mtu"),
    mac: get("802-3-ethernet.cloned-mac-address"),
  };
}

test("it reads every golden file without a warning, and makes of the bridge what was declared", async () => {
  // All at once, each by a name and a UUID of its own; none of them starts.
  const all = goldens(SCRIPTS.slice(1)).filter(({ name }) => /^(owners|bridge)\/ifcfg-nm-/.test(name));
  expect(all.length).toBeGreaterThan(15);
  await statically.must(`: > ${LOG}`);
  const bridges = new Map<string, (typeof all)[number]>();
  for (const [i, golden] of all.entries())
    for (const [path, text] of Object.entries(readTree(join(golden.folder, golden.below)))) {
      const [, kind, link] = /^etc\/sysconfig\/network-scripts\/(ifcfg|route6?)-(.*)$/.exec(path) ?? [];
      if (kind === undefined) continue;
      const name = `${kind}-golden${i}-${link}`;
      const own = kind === "ifcfg" ? `${text.replace(/^(ONBOOT|UUID)=.*\n/gm, "")}ONBOOT=no\n` : text;
      await statically.write(`${SCRIPTS}/${name}`, own);
      if (kind === "ifcfg" && link === "br0") bridges.set(name, golden);
    }
  const warnings = await statically.must(
    `nmcli connection load ${SCRIPTS}/ifcfg-golden*; grep -aE '<(warn|error)>' ${LOG} || :`,
  );
  const answers = await statically.must(
    `nmcli -t -f FILENAME,UUID connection show | grep /ifcfg-golden.*-br0: | while IFS=: read -r f u; do echo "#$f"; nmcli -g ${FIELDS.join(",")} -e no connection show "$u"; done
     nmcli -t -f FILENAME connection show | grep -c /ifcfg-golden; ls ${SCRIPTS} | grep -c ^ifcfg-golden; rm ${SCRIPTS}/*golden*; nmcli connection reload`,
  );
  expect(warnings.replace(/golden(\d+)/g, (_, i: string) => all[Number(i)]!.name)).toBe("");
  const blocks = answers.split("#").slice(1);
  expect(blocks.length).toBe(bridges.size);
  for (const block of blocks) {
    const { name, folder, below } = bridges.get(block.slice(`${SCRIPTS}/`.length, block.indexOf("\n")))!;
    // Adopted, it has what it had, also what the program does not say.
    if (!name.startsWith("bridge/"))
      expect({ name, ...read(block.slice(block.indexOf("\n") + 1)) }).toEqual({ name, ...meant(folder, below) });
  }
  const [read_ = "", written] = answers.trim().split("\n").slice(-2);
  expect(read_).toBe(written);
});

test("what is network-scripts' alone it warns of: times without STP, and in hundredths", async () => {
  const path = `${SCRIPTS}/ifcfg-other`;
  const warned = async (text: string) => {
    await statically.write(path, `DEVICE=other\nTYPE=Bridge\nONBOOT=no\n${text}\n`);
    return statically.must(
      `: > ${LOG}; nmcli connection load ${path}; grep -a '<warn>' ${LOG}; rm ${path}; nmcli connection load ${path}`,
    );
  };
  expect(await warned("STP=no\nDELAY=0")).toContain("'DELAY' invalid when STP is disabled");
  expect(await warned('STP=yes\nBRIDGING_OPTS="max_age=600"')).toContain(
    "invalid max_age value '600': number is out of range",
  );
});

const look = (host: LabHost) => () => host.must(state);

test("not confirmed, it comes back by itself, and the daemon never heard of it", () =>
  expectWayBack(statically, SCRIPTS, look(statically)));

test.each([
  ["static", () => statically],
  ["DHCP", () => dhcp],
])("confirmed, the daemon has it; deleted, it has the port as before: %s", async (_, of) => {
  const host = of();
  await expectGivenBack(host, look(host), async () => {
    expect(await host.must("nmcli -t -f FILENAME,DEVICE connection show --active | sort")).toContain(
      `${SCRIPTS}/ifcfg-br0:br0\n${SCRIPTS}/ifcfg-eth0:eth0\n`,
    );
  });
});

test("the power goes at moments by chance: the next boot has one network or the other, whole", () =>
  expectPowerCuts(statically, SCRIPTS));
