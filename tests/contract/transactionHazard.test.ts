import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "../../provider/errors";
import { collections, type HostState } from "../../provider/hostState";
import { HostSession } from "../../provider/host/session";
import { bridge } from "../../provider/resources/bridge";
import { lifecycle } from "../../provider/lifecycle";
import { capture } from "../../provider/project";
import type { ResourceDefinition } from "../../provider/resource";
import { down, operator, type LabHost } from "../lab/lab";
import { changed, contractHost, LocalTransport, probe, shells, snapshot } from "./hosts";

/** A change of the link that the operator comes by: it stays only where the operator was seen again. */
let host: LabHost;
beforeEach(async () => (host = await contractHost("hazard")));
afterEach(() => host.down());
afterAll(() => down());

const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";

async function bridgeOverEth0(): Promise<HostState> {
  const resource = lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(new LocalTransport(host), 10));
  const { inputs } = await resource.check({}, { ports: ["eth0"], __urn: urn });
  return Object.fromEntries(collections.map((key) => [key, inputs[key] ?? {}])) as HostState;
}

const CONFIG = "sha256sum /etc/network/interfaces /run/network/ifstate; ls /etc/network/interfaces.d";

test.each(shells)(
  "not confirmed, it comes back by itself within the window, and /etc is never written (%s)",
  async (shell) => {
    const desired = await bridgeOverEth0();
    const before = await snapshot(host);
    const config = await host.must(CONFIG);
    const seen: string[] = [];
    let pending = 0;
    let looked: ReturnType<typeof probe> | undefined;
    const transport = new LocalTransport(host, shell, async (kind, _script, send) => {
      if (kind !== "follow") {
        const answer = await send();
        if (kind === "transaction") pending = Date.now();
        return answer;
      }
      // The operator cannot reach the host any more: no new connection, until it has gone back.
      if (seen.length === 0) {
        seen.push((await host.sh("ls /sys/class/net/br0/brif")).stdout.trim());
        seen.push(await host.must(CONFIG));
        looked = probe(host, shell);
      }
      if ((await host.sh("test -e /sys/class/net/br0")).code === 0)
        throw new HostError("unreachable", "no route to host");
      return send();
    });
    const session = new HostSession(transport, 2);
    const error = await session.change({ title: "a bridge", desired: () => desired }).catch((error: unknown) => error);
    expect(Date.now() - pending).toBeGreaterThan(1000);
    expect(Date.now() - pending).toBeLessThan(10_000);
    expect(seen).toEqual(["eth0", config]);
    // Who looked at the host meanwhile saw it as it was afterwards.
    expect(Object.keys((await looked!).links)).not.toContain("br0");
    expect((error as Error).message).toMatch(
      /^hazard was not seen over a new connection within 2 s of the change \(eth0 carries this SSH connection \(.*\)\), so the host went back by itself \(rolled back; nothing changed; the gateway \S+ and the nameserver \S+ answer\)$/,
    );
    expect(changed(before, await snapshot(host))).toEqual([]);
  },
);

test.each(shells)("confirmed over a new connection, it is done; taken back the same way (%s)", async (shell) => {
  const desired = await bridgeOverEth0();
  const before = await snapshot(host);
  const transport = new LocalTransport(host, shell);
  const session = new HostSession(transport, 10);
  const first = await session.observe();
  const done = await session.change({ title: "a bridge", desired: () => desired });
  expect(transport.trips).toEqual(["probe", "transaction", "follow"]);
  expect(transport.disconnects).toBe(1);
  expect(done.links).toMatchObject({
    br0: { addresses: [`${host.address}/24`] },
    eth0: { master: "br0", addresses: [] },
  });
  expect(await host.must("cat /etc/network/interfaces")).toContain("bridge_ports eth0");
  expect((await operator(["ping", "-c1", "-W2", host.address])).code).toBe(0);
  // What it read at the end knows, as the first probe did, by which link we come.
  expect(done.facts.ssh).toEqual(first.facts.ssh);
  const back = await session.change({ title: "no bridge", desired: () => capture(first, desired) });
  expect(transport.trips).toEqual(["probe", "transaction", "follow", "transaction", "follow"]);
  expect(back.links["br0"]).toBeUndefined();
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test("the operator keeps what he had open: pings go on, some milliseconds apart", async () => {
  const desired = await bridgeOverEth0();
  const session = new HostSession(new LocalTransport(host), 10);
  const first = await session.observe();
  const ping = operator(["ping", "-i", "0.02", "-c", "150", "-W", "1", host.address], { timeoutMs: 20_000 });
  await sleep(300);
  await session.change({ title: "a bridge", desired: () => desired });
  await session.change({ title: "no bridge", desired: () => capture(first, desired) });
  const lost = 150 - Number(/(\d+) received/.exec((await ping).stdout)?.[1] ?? 0);
  expect(lost).toBeLessThanOrEqual(5);
});

test("a change that has failed before it could cut the line waits for nobody", async () => {
  const desired = await bridgeOverEth0();
  const before = await snapshot(host);
  // The name is taken in a way that no guard sees.
  await host.must("ip link property add dev lo altname br0");
  const session = new HostSession(new LocalTransport(host), 60);
  const began = Date.now();
  await expect(session.change({ title: "a bridge", desired: () => desired })).rejects.toThrow(
    /^step "ip -batch: br0, eth0" failed: .*File exists[\s\S]*\(rolled back; nothing changed; the gateway \S+ and the nameserver \S+ answer\)$/,
  );
  expect(Date.now() - began).toBeLessThan(15_000);
  await host.must("ip link property del dev lo altname br0");
  expect(changed(before, await snapshot(host))).toEqual([]);
});

test("a host of whose line the change knows nothing is no hazard: a bridge without ports needs no confirmation", async () => {
  const transport = new LocalTransport(host);
  const session = new HostSession(transport, 2);
  await session.change({ title: "up", desired: () => ({ links: { br9: { kind: "bridge", up: true } } }) });
  await session.change({ title: "down", desired: () => ({ links: { br9: null } }) });
  expect(transport.trips).toEqual(["probe", "transaction", "transaction"]);
});
