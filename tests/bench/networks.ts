import { type LabHost, down, up, useOwnLab } from "../lab/lab";
import { Stack } from "../e2e/stack";

/** `npm run bench`: how long `pulumi up` takes for many networks, beside the same done by virsh alone on the host. */
async function main(count: number): Promise<void> {
  useOwnLab("bench");
  try {
    const host = await up("kvm1");
    const floor = await secondsByVirsh(host, count);
    const stack = await Stack.create({ text: program(count) });
    try {
      const began = performance.now();
      await stack.up();
      const ours = (performance.now() - began) / 1000;
      console.log(report(count, ours, floor));
    } finally {
      stack.remove();
    }
  } finally {
    await down();
  }
}

export const report = (count: number, ours: number, floor: number): string =>
  `${count} networks: pulumi up ${ours.toFixed(1)} s, virsh alone on the host ${floor.toFixed(1)} s, ratio ${(ours / floor).toFixed(2)}`;

/** A program with `count` NAT networks, each with a DHCP range. */
export const program = (count: number): string => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
const networks = Array.from({ length: ${count} }, (_, i) =>
  new kvmnet.NatNetwork(
    \`n\${i}\`,
    { address: \`192.168.\${100 + i}.1/24\`, dhcp: { start: \`192.168.\${100 + i}.2\`, end: \`192.168.\${100 + i}.254\` } },
    on,
  ),
);
`;

/** The floor: the same networks defined, started and autostarted by one virsh process on the host. They are removed again. */
export async function secondsByVirsh(host: LabHost, count: number): Promise<number> {
  const each = (commands: (i: number) => string): string =>
    Array.from({ length: count }, (_, i) => commands(i)).join("");
  await host.must(`mkdir -p /tmp/bench; ${each((i) => `echo ${quoted(xml(i))} > /tmp/bench/${i}.xml; `)}`);
  const began = performance.now();
  await host.must("virsh -q", {
    input: each((i) => `net-define /tmp/bench/${i}.xml\nnet-start n${i}\nnet-autostart n${i}\n`),
    timeoutMs: 300_000,
  });
  const seconds = (performance.now() - began) / 1000;
  await host.must("virsh -q", { input: each((i) => `net-destroy n${i}\nnet-undefine n${i}\n`), timeoutMs: 300_000 });
  return seconds;
}

const xml = (i: number): string =>
  `<network><name>n${i}</name><forward mode="nat"/><bridge stp="on" delay="0"/><ip address="192.168.${100 + i}.1" prefix="24"><dhcp><range start="192.168.${100 + i}.2" end="192.168.${100 + i}.254"/></dhcp></ip></network>`;

const quoted = (text: string): string => `'${text}'`;

if (require.main === module) {
  main(Number(process.argv[2] ?? 50)).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
