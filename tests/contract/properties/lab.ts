import type { ResourceDefinition } from "../../../provider/resource";
import { guestInterface } from "../../../provider/resources/guestInterface";
import * as networks from "../../../provider/resources/networks";
import { guest, type LabHost } from "../../lab/lab";
import { contractHost } from "../hosts";

/** One network of every model, and where a guest's interface in it finds the other guest. */
export const models = Object.values(networks) as unknown as readonly ResourceDefinition<never>[];
export const nic = guestInterface as unknown as ResourceDefinition<never>;

/** The networks' numbers in MACs and addresses; the interface's own is HOME. */
export const HOME = 9;
export const subnet = (n: number) => `10.7${n}.0`;
export const macOf = (guest: "a" | "b", n: number) => `52:54:00:77:0${guest}:0${n}`;
export const peerOf = (n: number) => `${subnet(n)}.12`;
export const numbers = [...models.map((_, n) => n), HOME];

/** What stands in for the world outside: devices to forward to, the host's own bridges, and one wire that a guest's interface stays on whatever it is called. */
const GIVEN = `
for d in wan0 wan1; do ip link add $d type dummy; ip link set $d up; done
for b in lan0 lan1; do ip link add $b type bridge; ip link set $b up; done
cat > /tmp/home.xml <<'END'
<network><name>home</name><forward mode='nat'/><bridge name='home0' stp='off' delay='0'/>
  <ip address='${subnet(HOME)}.1' netmask='255.255.255.0'><dhcp><range start='${subnet(HOME)}.100' end='${subnet(HOME)}.199'/></dhcp></ip>
  <portgroup name='fast'/><portgroup name='slow'/>
</network>
END
echo "<network><name>wire</name><forward mode='bridge'/><bridge name='home0'/></network>" > /tmp/wire.xml
virsh -q 'net-define /tmp/home.xml; net-start home; net-define /tmp/wire.xml; net-start wire'`;

/** A host with two guests that are shut off and have no NIC yet. Guest a, when it has, pings guest b in each network, ten times a second. */
export async function propertiesHost(): Promise<LabHost> {
  const host = await contractHost("properties");
  await host.must(GIVEN);
  for (const name of ["a", "b"] as const)
    await guest(host, name, {
      shutOff: true,
      targets: [],
      fixed: Object.fromEntries(
        numbers.map((n) => [macOf(name, n), name === "a" ? `${subnet(n)}.11/24` : `${peerOf(n)}/24`]),
      ),
      ...(name === "a" && { echo: Object.fromEntries(numbers.map((n) => [macOf(name, n), peerOf(n)])) }),
    });
  return host;
}

/** Gives both guests a NIC in each network, but guest a's at home, which is the resource's; and starts them. */
export async function startGuests(host: LabHost, names: readonly string[]): Promise<void> {
  const element = (mac: string, network: string) =>
    `<interface type='network'><mac address='${mac}'/><source network='${network}'/><model type='virtio'/></interface>`;
  const plugged = (["a", "b"] as const).flatMap((name) => [
    ...names.map((network, n) => ({ name, xml: element(macOf(name, n), network) })),
    ...(name === "b" ? [{ name, xml: element(macOf(name, HOME), "home") }] : []),
  ]);
  const files = plugged.map(({ xml }, i) => `echo "${xml}" > /tmp/nic${i}.xml`).join("\n");
  const attach = plugged.map(({ name }, i) => `attach-device ${name} /tmp/nic${i}.xml --config`).join("; ");
  await host.must(`${files}\nvirsh -q '${attach}; start a; start b'`);
}
