import { join } from "node:path";
import { HostError } from "../../provider/errors";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { folders, readTree } from "../golden/folder";
import { down, type LabHost } from "../lab/lab";
import { contractHost, LocalTransport } from "./hosts";

/** NetworkManager itself: reads what is rendered, takes over what the kernel has, and has it back as it was where a change goes back. */
let statically: LabHost;
let dhcp: LabHost;
beforeAll(async () => {
  statically = await contractHost("nm", { owner: "NetworkManager" });
  dhcp = await contractHost("nm-dhcp", { owner: "NetworkManager", dhcp: true });
});
afterAll(() => down());

const FOLDER = "/etc/NetworkManager/system-connections";
/** As the host's init starts it. */
const DAEMON =
  "unshare --mount sh -c 'mount -o remount,bind,ro /sys; exec NetworkManager --no-daemon' >> /var/log/NetworkManager.log 2>&1 & sleep 1";
const LOG = "/var/log/NetworkManager.log";
const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";
const state = `ls -l ${FOLDER} | tr -s ' ' | cut -d ' ' -f 1,3,9; cat ${FOLDER}/*; nmcli -t device; nmcli -t -f NAME,UUID,FILENAME connection show | grep -v ^lo:
ip -4 -br addr; ip route; cat /sys/class/net/*/address /etc/resolv.conf`;

test("it reads every golden file without a warning", async () => {
  const cases = join(__dirname, "../golden/bridge");
  let files = 0;
  for (const title of folders(cases).filter((title) => title.startsWith("networkmanager-"))) {
    const texts = Object.entries(readTree(join(cases, title, "expected"))).filter(([path]) => path.endsWith(".nmconnection")); // prettier-ignore
    files += texts.length;
    await statically.must(`mkdir -p /tmp/golden; : > ${LOG}`);
    for (const [i, [, text]] of texts.entries())
      // Here it is about the reading: none of them starts, and each has a UUID of its own.
      await statically.write(
        `/run/NetworkManager/system-connections/golden-${i}.nmconnection`,
        text
          .replace(/^(autoconnect|uuid)=.*\n/gm, "")
          .replace(/^\[connection\]$/m, `$&\nautoconnect=false\nuuid=00000000-0000-4000-8000-0000000000${10 + i}`),
      );
    const loaded = await statically.must(
      `cd /run/NetworkManager/system-connections; chmod 600 golden-*; nmcli connection load $PWD/golden-*; nmcli -t -f UUID connection show | grep -c 00000000-0000-4000-8000; grep -E '<(warn|error)>' ${LOG} || :; rm golden-*; nmcli connection reload`,
    );
    expect(`${title}: ${loaded}`).toBe(`${title}: ${texts.length}\n`);
  }
  expect(files).toBeGreaterThan(15);
});

/** Creates the bridge over eth0; `hook` is called while it waits to be confirmed. */
async function create(host: LabHost, hook: () => Promise<void>) {
  const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
    if (kind === "follow") await hook();
    return send();
  });
  const resource = lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(transport, 3));
  const { inputs, failures } = await resource.check({}, { ports: ["eth0"], __urn: urn });
  expect(failures).toBeUndefined();
  return { resource, made: await resource.create(inputs).catch((error: unknown) => error as Error) };
}

test("not confirmed, it comes back by itself, and the daemon never heard of it", async () => {
  const before = await statically.must(state);
  const { made } = await create(statically, async () => {
    expect(await statically.must(`ls ${FOLDER}`)).toBe("lan.nmconnection\n");
    if ((await statically.sh("test -e /sys/class/net/br0")).code === 0)
      throw new HostError("unreachable", "no route to host");
  });
  expect((made as Error).message).toContain("was not seen over a new connection within 3 s");
  expect((made as Error).message).toContain("(rolled back; nothing changed");
  expect(await statically.must(state)).toBe(before);
});

test("where the daemon cannot take over, all comes back, its files too", async () => {
  const before = await statically.must(state);
  const { made } = await create(statically, async () => {
    await statically.must("pkill -9 NetworkManager");
  });
  await statically.must(DAEMON);
  expect((made as Error).message).toMatch(/step "NetworkManager: take over br0, eth0" failed/);
  expect((made as Error).message).toMatch(/rolled back, but these steps back failed, look at the host: NetworkManager/);
  expect(await statically.must(state)).toBe(before);
});

test.each([
  ["static", () => statically],
  ["DHCP", () => dhcp],
])("confirmed, the daemon has it; deleted, it has the port as before: %s", async (_, of) => {
  const host = of();
  const before = await host.must(state);
  const { resource, made } = await create(host, () => Promise.resolve());
  if (made instanceof Error) throw made;
  expect(await host.must("nmcli -t device | sort")).toContain(
    "br0:bridge:connected:br0\neth0:ethernet:connected:lan\n",
  );
  const { id, outs } = made as { id: string; outs: Properties };
  expect(outs["currentAddresses"]).toEqual([`${host.address}/24`]);
  await resource.delete(id, outs);
  expect(await host.must(state)).toBe(before);
});
