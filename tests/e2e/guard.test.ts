import { setTimeout as sleep } from "node:timers/promises";
import { type LabHost, LAN, down, operator, up, useOwnLab } from "../lab/lab";
import { changes, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

/** Seconds in which a change of the operator's own line has to be confirmed. */
const WINDOW = 5;

const program = (bridge: string, host: string, confirmTimeout = WINDOW) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "${host}", confirmTimeout: ${confirmTimeout} }) };
new kvmnet.Bridge("br0", { ${bridge} }, on);
`;
const overEth0 = (address: string, gateway: string = LAN.gateway) =>
  `ports: ["eth0"], addresses: ["${address}/24"], routes: [{ to: "default", via: "${gateway}" }]`;

/** Why the host goes back: the operator does not reach it any more. */
const unseen = new RegExp(
  `was not seen over a new connection within ${WINDOW} s of the change \\(\\S+ carries this SSH connection \\(\\S+\\)\\), so`,
);

interface Wrong {
  readonly bridge: (host: LabHost) => string;
  readonly because: RegExp;
}
const wrong: Record<string, Wrong> = {
  "in another subnet": { bridge: () => overEth0("10.9.9.11", "10.9.9.1"), because: unseen },
  "of another address": { bridge: () => overEth0("10.0.0.99"), because: unseen },
  "of the address of another machine of the LAN": { bridge: () => overEth0(other.address), because: unseen },
  "with a gateway that does not answer": {
    bridge: ({ address }) => overEth0(address, "10.0.0.77"),
    because: new RegExp(
      `gateway 10\\.0\\.0\\.77 did not answer within ${WINDOW} s of the change, and did before, so the host went back by itself`,
    ),
  },
};
/** Once the bridge carries the line: it moves to a port whose cable is not plugged in. */
const withoutLink: Wrong = {
  bridge: ({ address }) => overEth0(address).replace("eth0", "eth1"),
  because: unseen,
};

let other: LabHost;
beforeAll(async () => {
  useOwnLab("guard");
  other = await up("other");
});
afterAll(() => down());

// Each on a host of its own, at once: most of the time is waiting for windows to end.
it.concurrent.each(Object.keys(wrong))(
  "a bridge %s comes back by itself, new or changed; the right one deploys",
  (what) =>
    onHost(`kvm${Object.keys(wrong).indexOf(what) + 1}`, async (host, stack) => {
      const before = await snapshot(host);
      await isRefusedByTheHost(host, stack, wrong[what]!, "create");
      stack.program(program(overEth0(host.address), `${host.name}.lab`));
      await stack.up();
      await stack.expectNoChanges();
      await isRefusedByTheHost(host, stack, wrong[what]!, "update");
      stack.program(program(overEth0(host.address), `${host.name}.lab`));
      await stack.expectNoChanges();
      await stack.destroy();
      expectAsBefore(await snapshot(host), before);
    }),
);

it.concurrent("a bridge over a port without link comes back by itself; back over its own it has nothing to do", () =>
  onHost("kvm5", async (host, stack) => {
    await host.must("ip link add eth1 type veth peer name eth1p && ip link set eth1 up");
    const before = await snapshot(host);
    stack.program(program(overEth0(host.address), "kvm5.lab"));
    await stack.up();
    await isRefusedByTheHost(host, stack, withoutLink, "update");
    stack.program(program(overEth0(host.address), "kvm5.lab"));
    await stack.expectNoChanges();
    await stack.destroy();
    expectAsBefore(await snapshot(host), before);
  }),
);

it.concurrent("with STP a bridge has the time that it needs until it forwards", () =>
  onHost("kvm6", async (host, stack) => {
    const before = await snapshot(host);
    const bridge = `${overEth0(host.address)}, stp: true, forwardDelay: 15`;
    stack.program(program(bridge, "kvm6.lab", 10));
    expect(await stack.preview()).toMatch(/unless it is seen over a new connection within 40 s/);
    await stack.up();
    await stack.expectNoChanges();
    await stack.destroy();
    expectAsBefore(await snapshot(host), before);
  }),
);

it.concurrent("the host's own address is changed in the steps that the refusal of the one step explains", () =>
  onHost("kvm7", async (host, stack) => {
    const [old, next] = [host.address, "10.0.0.47"];
    const only = (address: string, ...more: string[]) =>
      overEth0(address).replace(`/24"`, [`/24"`, ...more.map((also) => `"${also}/24"`)].join(", "));
    await operator([
      "sh",
      "-c",
      `ssh-keyscan -t ed25519 ${old} 2> /dev/null | sed s/${old}/${next}/ >> ~/.ssh/known_hosts`,
    ]);
    stack.program(program(only(old), old));
    await stack.up();

    const steps = new RegExp(
      `${old}, by which the provider reaches it, would be gone: change it in steps .*add the new address beside the old one, point the provider's \`host\` at the new one, then take the old one out`,
    );
    stack.program(program(only(next), old));
    expect(await stack.preview()).toMatch(steps);
    await isRefusedByTheHost(host, stack, { bridge: () => only(next), because: steps }, "update", old);

    for (const text of [program(only(old, next), old), program(only(old, next), next), program(only(next), next)]) {
      stack.program(text);
      await stack.up();
      await stack.expectNoChanges();
    }
    expect(await host.must("ip -4 -o addr show dev br0 | awk '{ print $4 }'")).toBe(`${next}/24\n`);
    expect(await host.read("/etc/network/interfaces")).not.toContain(old);
  }),
);

async function onHost(name: string, work: (host: LabHost, stack: Stack) => Promise<void>): Promise<void> {
  // Each has an address of its own: the operator remembers for a while whose MAC an address was.
  const host = await up(name, { address: `10.0.0.${name.replace("kvm", "2")}` });
  const stack = await Stack.create({ text: "" });
  try {
    await work(host, stack);
  } finally {
    stack.remove();
    await host.down();
  }
}

/** The change is made, not confirmed, and gone: the message says so, the operator is in again, /etc was never touched. */
async function isRefusedByTheHost(
  host: LabHost,
  stack: Stack,
  { bridge, because }: Wrong,
  verb: "create" | "update",
  reachedAs = `${host.name}.lab`,
): Promise<void> {
  stack.program(program(bridge(host), reachedAs));
  const [found, written] = [await snapshot(host), await writes(host)];

  const seconds = secondsUntilReached(host);
  const { code, stdout, stderr } = await stack.pulumi("up", "--yes", "--skip-preview");
  const said = stdout + stderr;
  expect(code).not.toBe(0);
  expect(said).toContain(`Unable to ${verb} Bridge "br0" on ${reachedAs}: `);
  expect(said).toMatch(because);
  expect(said).toMatch(
    new RegExp(
      `so the host went back by itself.*\\(rolled back; nothing changed; the gateway ${LAN.gateway} and the nameserver ${LAN.gateway} answer\\)`,
    ),
  );

  const reached = await seconds;
  process.stdout.write(
    `guard: ${host.name} was reached again ${reached.toFixed(1)} s after the change, window ${WINDOW} s\n`,
  );
  expect(reached).toBeLessThan(WINDOW + 10);
  // Once none of those beside us has its address any more, and the operator asks for it: who was seen to have it is believed for up to a minute.
  const otherIsReached = async () => {
    await operator(["ip", "neigh", "flush", other.address]);
    return operatorReaches(other);
  };
  expect(await secondsUntil(otherIsReached)).toBeLessThan(WINDOW + 30);
  expectAsBefore(await snapshot(host), found);
  expect(await writes(host)).toBe(written);
  expect(changes(await stack.preview())).toMatchObject({ br0: verb });
}

/** From when the change stands until a new SSH connection comes through. */
async function secondsUntilReached(host: LabHost): Promise<number> {
  await host.must("for i in $(seq 1200); do ls /run/kvmnet/*/pending 2> /dev/null && exit; sleep 0.05; done; exit 1", {
    timeoutMs: 90_000,
  });
  return secondsUntil(() => operatorReaches(host));
}

async function secondsUntil(holds: () => Promise<boolean>): Promise<number> {
  const began = performance.now();
  while (!(await holds()) && performance.now() - began < 60_000) await sleep(100);
  return (performance.now() - began) / 1000;
}

const operatorReaches = async ({ name }: LabHost) =>
  (await operator(["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=1", `root@${name}.lab`, "true"])).code === 0;

/** Files that were written, or replaced by others of the same text, show here. */
const writes = (host: LabHost) => host.must(`find /etc -path /etc/netns -prune -o -printf '%p %i %T@ %C@\\n' | sort`);
