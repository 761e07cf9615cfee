import { join } from "node:path";
import { HostError } from "../../provider/errors";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { readTree } from "../golden/folder";
import { down, type LabHost } from "../lab/lab";
import { goldens } from "./goldens";
import { contractHost, LocalTransport } from "./hosts";

/** systemd-networkd itself: reads what is rendered, takes over what the kernel has, and has it back as it was where a change goes back. */
let host: LabHost;
beforeAll(async () => (host = await contractHost("networkd", { owner: "networkd" })));
afterAll(() => down());

const FOLDER = "/etc/systemd/network";
/** As the host's init starts it. */
const DAEMON =
  "unshare --mount sh -c 'mount -o remount,bind,ro /sys; exec /lib/systemd/systemd-networkd' > /dev/null 2>&1 & sleep 1";
const LOG = "/var/log/systemd-networkd.log";
const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";
/** Once the daemon has done with eth0, which takes until its link-local address is no duplicate. */
const state = `for i in $(seq 100); do networkctl list --no-legend eth0 | grep -q configured && break; sleep 0.1; done
cat ${FOLDER}/*; networkctl list --no-legend | grep -v lo; ip -4 -br addr; ip route; cat /sys/class/net/*/address`;

test("it reads every golden file without a warning", async () => {
  const isOurs = (path: string) => /^etc\/systemd\/network\/[^/]*\.(network|netdev)$/.test(path);
  const cases = goldens("etc/systemd/network");
  // All at once, under names of their own, of devices too: here it is about the reading.
  const files = cases.flatMap(({ folder, below }, n) =>
    Object.entries(readTree(join(folder, below)))
      .filter(([path]) => isOurs(path))
      .map(([path, text]) => [
        `x${n}-${path.split("/").at(-1)}`,
        text.replace(/^(Name|Bridge)=(.*)$/gm, `$1=x${n}-$2`),
      ]),
  );
  expect(files.length).toBeGreaterThan(60);
  await host.must(`mkdir -p /run/systemd/network; : > ${LOG}`);
  for (const [name, text] of files) await host.write(`/run/systemd/network/${name}`, text!);
  await host.must("chmod 644 /run/systemd/network/*; networkctl reload; sleep 1");
  const made = (await host.must("ls /sys/class/net")).split("\n").filter((name) => /^x\d+-br0$/.test(name));
  expect(made.length).toBeGreaterThan(20);
  const said = await host.must(`grep -E '/run/systemd/network' ${LOG} | grep -v -i 'configuring with' || :`);
  expect(said.replace(/x(\d+)-/g, (_, n: string) => `${cases[Number(n)]!.name}: `)).toBe("");
  await host.must(
    `rm -rf /run/systemd/network; networkctl reload; for l in ${made.join(" ")}; do ip link del $l; done`,
  );
});

/** Creates the bridge over eth0; `hook` is called while it waits to be confirmed. */
async function create(hook: () => Promise<void>) {
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
  const before = await host.must(state);
  const { made } = await create(async () => {
    expect(await host.must(`ls ${FOLDER}`)).toBe("20-lan.network\n");
    if ((await host.sh("test -e /sys/class/net/br0")).code === 0)
      throw new HostError("unreachable", "no route to host");
  });
  expect((made as Error).message).toContain("was not seen over a new connection within 3 s");
  expect((made as Error).message).toContain("(rolled back; nothing changed");
  expect(await host.must(state)).toBe(before);
});

test("where the daemon cannot take over, all comes back, its files too", async () => {
  const before = await host.must(state);
  const { made } = await create(async () => {
    await host.must("pkill -9 systemd-network");
  });
  await host.must(DAEMON);
  expect((made as Error).message).toMatch(/step "systemd-networkd: take over br0, eth0" failed/);
  expect((made as Error).message).toMatch(
    /rolled back, but these steps back failed, look at the host: systemd-networkd/,
  );
  expect(await host.must(state)).toBe(before);
});

test("confirmed, the daemon has it; deleted, it has the port as before", async () => {
  const before = await host.must(state);
  const { resource, made } = await create(() => Promise.resolve());
  expect(await host.must("networkctl list --no-legend | tr -s ' ' | cut -d ' ' -f 3,6")).toMatch(
    /eth0 configured\nbr0 configur/,
  );
  const { id, outs } = made as { id: string; outs: Properties };
  expect(outs["currentAddresses"]).toEqual([`${host.address}/24`]);
  await resource.delete(id, outs);
  expect(await host.must(state)).toBe(before);
});
