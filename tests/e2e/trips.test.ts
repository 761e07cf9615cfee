import { program, report, secondsByVirsh } from "../bench/networks";
import { type LabHost, down, guest, up, useOwnLab } from "../lab/lab";
import { Stack } from "./stack";

const NETWORKS = 40;
/** 50 resources: the networks, a guest's interface in each of 8 of them, and the two of sysctls. */
const fifty = `${program(NETWORKS)}
networks.slice(0, 8).forEach((network, i) => {
  new kvmnet.GuestInterface(\`web\${i}\`, { domain: "web", network: network.name }, on);
});
new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false }, on);
`;

describe("50 resources on one host", () => {
  let host: LabHost;
  let stack: Stack;

  beforeAll(async () => {
    useOwnLab("trips");
    host = await up("kvm1");
    await guest(host, "web", { shutOff: true });
    stack = await Stack.create({ text: fifty });
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  it("cost one trip in the first preview", async () => {
    expect(await tripsOf(stack, "preview")).toEqual({ trips: 1, connections: 1 });
  });

  it("come up in few trips, and not much slower than virsh alone", async () => {
    const seconds = async (work: () => Promise<unknown>) => {
      const began = performance.now();
      await work();
      return (performance.now() - began) / 1000;
    };
    // The engine, the program and SSH take their time, whatever is to be done.
    const nothing = await seconds(() => tripsOf(stack, "preview"));
    const floor = await secondsByVirsh(host, NETWORKS);
    let made = { trips: 0, connections: 0 };
    const took = await seconds(async () => (made = await tripsOf(stack, "up", "--yes", "--skip-preview")));
    process.stdout.write(`up of 50 resources: ${made.trips} trips, ${made.connections} connection(s)\n`);
    process.stdout.write(`${report(NETWORKS, took, floor)} (with 10 other resources)\n`);
    expect(made.connections).toBe(1);
    expect(made.trips).toBeLessThanOrEqual(25);
    expect(took).toBeLessThan(3 * (floor + nothing));
  });

  it("cost one trip in a preview, one in a refresh, and two in an up, which is a preview and an update", async () => {
    expect(await tripsOf(stack, "preview", "--expect-no-changes")).toEqual({ trips: 1, connections: 1 });
    expect(await tripsOf(stack, "up", "--yes", "--expect-no-changes")).toEqual({ trips: 2, connections: 2 });
    expect(await tripsOf(stack, "refresh", "--yes", "--skip-preview", "--expect-no-changes")).toEqual({
      trips: 1,
      connections: 1,
    });
  });

  it("keep no code in the state", async () => {
    const { deployment } = await stack.state();
    const ours = (deployment.resources ?? []).filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic/kvmnet:"));
    expect(ours).toHaveLength(50);
    for (const { inputs, outputs } of ours) {
      for (const properties of [inputs, outputs]) {
        const handler = properties?.["__provider"];
        expect(handler).toMatch(/^exports\.handler=\(\)=>require\("pulumi-kvmnet\/provider"\)\.[a-zA-Z]+;$/);
        expect(Buffer.byteLength(String(handler))).toBeLessThan(100);
      }
    }
  });
});

describe("connections, counted at sshd", () => {
  let host: LabHost;
  let stack: Stack;

  beforeAll(async () => {
    useOwnLab("connections");
    host = await up("kvm1");
    stack = await Stack.create({
      text: `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
new kvmnet.Bridge("br0", { ports: ["eth0"] }, on);
new kvmnet.SysctlForwarding("forwarding", { ipv4: true }, on);
`,
    });
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  const accepted = async () => Number(await host.must("grep -c 'Accepted ' /var/log/sshd.log || :"));

  it.each([
    ["preview", 1],
    ["up --yes --skip-preview", 2], // which has to be confirmed over another one
    ["refresh --yes --skip-preview", 1],
    ["up --yes --skip-preview", 1],
    ["destroy --yes --skip-preview", 2],
  ])("pulumi %s: %i", async (operation, connections) => {
    const before = await accepted();
    await stack.must(...operation.split(" "));
    expect((await accepted()) - before).toBe(connections);
  });
});

describe("a host with 200 networks and 100 guest interfaces that are not of the stack", () => {
  let host: LabHost;
  let stack: Stack;

  beforeAll(async () => {
    useOwnLab("crowd");
    host = await up("kvm1");
    stack = await Stack.create({ text: program(1) });
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  it("costs no more trips for one network than an empty one", async () => {
    const empty = await tripsOf(stack, "up", "--yes", "--skip-preview");
    await stack.destroy();
    const nics = Array.from(
      { length: 25 },
      (_, i) => `<interface type='network'><source network='x${i}'/></interface>`,
    );
    await host.must(`cd /tmp
for i in $(seq 200); do echo "<network><name>x$i</name><ip address='172.16.$i.1' prefix='24'/></network>" > x$i.xml; echo "net-define /tmp/x$i.xml"; done > commands
for d in a b c d; do echo "<domain type='qemu'><name>$d</name><memory>65536</memory><os><type>hvm</type></os><devices>${nics.join("")}</devices></domain>" > $d.xml; echo "define /tmp/$d.xml"; done >> commands
virsh -q < commands > /dev/null`);
    expect(await host.must("virsh -q net-list --all | wc -l; for d in a b c d; do virsh -q domiflist $d; done | grep -c network")).toBe("200\n100\n"); // prettier-ignore
    const crowded = await tripsOf(stack, "up", "--yes", "--skip-preview");
    process.stdout.write(
      `up of one network: ${empty.trips} trips on an empty host, ${crowded.trips} on a crowded one\n`,
    );
    expect(crowded).toEqual(empty);
    await stack.destroy();
  });
});

/** What the debug log counts. */
async function tripsOf(stack: Stack, ...args: string[]): Promise<{ trips: number; connections: number }> {
  const { code, stdout, stderr } = await stack.pulumi(...args, "--debug");
  const said = stdout + stderr;
  if (code !== 0) throw new Error(`pulumi ${args.join(" ")} failed (exit ${code}):\n${said.slice(-5000)}`);
  // Said twice: as it comes, behind its resource's line, and once more in the end, under "Diagnostics".
  const count = (what: string): number =>
    said.match(new RegExp(`^ *debug: kvm1\\.lab: SSH ${what} `, "gm"))?.length ?? 0;
  return { trips: count("trip"), connections: count("connection") };
}
