import { LocalWorkspace } from "@pulumi/pulumi/automation";
import * as kvmnet from "pulumi-kvmnet";

// `npx tsx index.ts`: a canary first, then the rest, five at a time. Each host is a stack of its own, so that one can be rolled out,
// or taken back (`pulumi destroy --stack kvm7`), without the others.
const hosts = process.argv.slice(2);
const [canary, ...rest] = hosts.length > 0 ? hosts : ["kvm1", "kvm2", "kvm3"];
const waves = [canary ? [canary] : [], ...chunks(rest, 5)];

/** What every host of the fleet is to be. */
function network(host: string): { addresses: unknown } {
  const provider = new kvmnet.Provider(host, { host: `${host}.lab` });
  const { bridges } = new kvmnet.HostNetwork(
    host,
    {
      bridges: { br0: { ports: ["eth0"] } },
      forwarding: { ipv4: true },
      netfilter: { iptables: false, ip6tables: false, arptables: false },
    },
    { provider },
  );
  return { addresses: bridges["br0"]?.currentAddresses };
}

async function deploy(host: string): Promise<string> {
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: host, projectName: "kvmnet-fleet-waves", program: () => Promise.resolve(network(host)) },
    { workDir: __dirname },
  );
  const { summary } = await stack.up({
    onOutput: (text) => process.stdout.write(text.replace(/^(?=.)/gm, `${host}: `)),
  });
  return summary.result;
}

async function main(): Promise<void> {
  for (const [i, wave] of waves.entries()) {
    const results = await Promise.allSettled(wave.map(deploy));
    const failed = wave.filter((_, n) => results[n]?.status === "rejected");
    console.log(`wave ${i + 1}: ${wave.length - failed.length} of ${wave.length} deployed`);
    if (failed.length === 0) continue;
    const left = waves.slice(i + 1).flat();
    console.error(`stopped: ${failed.join(", ")} failed; not begun: ${left.join(", ") || "none"}`);
    process.exitCode = 1;
    return;
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return all.length === 0 ? [] : [all.slice(0, size), ...chunks(all.slice(size), size)];
}

void main();
