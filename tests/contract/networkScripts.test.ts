import { HostError } from "../../provider/errors";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { down, type LabHost } from "../lab/lab";
import { contractHost, LocalTransport } from "./hosts";

/**
 * A host as network-scripts leave it at boot: their files, and dhclient with that distribution's words. The scripts themselves are not in Debian:
 * what they make of the files at the next boot is not shown here.
 */
const SCRIPTS = "/etc/sysconfig/network-scripts";
const client = (link: string) =>
  `/sbin/dhclient -1 -q -lf /var/lib/dhclient/dhclient--${link}.lease -pf /var/run/dhclient-${link}.pid ${link}`;
const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";

let host: LabHost;
beforeAll(async () => {
  host = await contractHost("ifcfg", { dhcp: true });
  await host.must(`pkill -9 dhclient; rm -rf /etc/network /run/network; mkdir -p ${SCRIPTS} /var/lib/dhclient; rm -f /run/dhclient.eth0.pid
    printf 'NETWORKING=yes\\n' > /etc/sysconfig/network; printf 'DEVICE=lo\\nONBOOT=yes\\n' > ${SCRIPTS}/ifcfg-lo
    ip addr flush dev eth0; ${client("eth0")} > /dev/null 2>&1`);
  await host.write(
    `${SCRIPTS}/ifcfg-eth0`,
    `# the LAN\nDEVICE="eth0"\nHWADDR=${host.mac.toUpperCase()}\nTYPE=Ethernet\nONBOOT=yes # at boot\nBOOTPROTO="dhcp"\nPEERDNS=yes\n`,
  );
});
afterAll(() => down());

const state = `ip -br link | sed 's/@if[0-9]*//'; ip -o -4 addr | sed 's/^[0-9]*: //; s/ valid_lft.*//'; ip route; ls /sys/class/net/br0/brif 2>/dev/null
ps -C dhclient -o args=; ls /run/*dhclient* /var/lib/dhclient; cd ${SCRIPTS}; for f in *; do echo "$f"; cat "$f"; done`;

/** `hook` is called while the bridge waits to be confirmed. */
async function create(hook: () => Promise<void>) {
  const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
    if (kind === "follow") await hook();
    return send();
  });
  const resource = lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(transport, 3));
  const { inputs, failures } = await resource.check({}, { ports: ["eth0"], __urn: urn });
  expect(failures).toBeUndefined();
  expect((inputs as Properties)["owner"]).toBe("ifcfg");
  return { resource, made: await resource.create(inputs).catch((error: unknown) => error as Error) };
}

test("not confirmed, it comes back by itself, and no file was written", async () => {
  const before = await host.must(state);
  const { made } = await create(async () => {
    expect(await host.must(`ls ${SCRIPTS}`)).toBe("ifcfg-eth0\nifcfg-lo\n");
    if ((await host.sh("test -e /sys/class/net/br0")).code === 0)
      throw new HostError("unreachable", "no route to host");
  });
  expect((made as Error).message).toContain("was not seen over a new connection within 3 s");
  // A lease file of the bridge's client, which nobody reads any more.
  expect((await host.must(state)).replace("dhclient--br0.lease\n", "")).toBe(before);
});

test("confirmed, the bridge has the NIC's lease, by the client that network-scripts would start; deleted, all is as before", async () => {
  const before = (await host.must(state)).replace("dhclient--br0.lease\n", "");
  const { resource, made } = await create(() => Promise.resolve());
  const { id, outs } = made as { id: string; outs: Properties };
  expect(outs["currentAddresses"]).toEqual([`${host.address}/24`]);
  expect(await host.must("ps -C dhclient -o args=")).toBe(`${client("br0")}\n`);
  expect(await host.must("ls /run | grep dhclient; grep -c 'interface \"br0\"' /var/lib/dhclient/dhclient--br0.lease | sed 's/[1-9].*/some/'")).toBe("dhclient-br0.pid\nsome\n"); // prettier-ignore
  expect(await host.read(`${SCRIPTS}/ifcfg-eth0`)).toBe(
    `# the LAN\nDEVICE="eth0"\nHWADDR=${host.mac.toUpperCase()}\nTYPE=Ethernet\nONBOOT=yes # at boot\nBOOTPROTO=none\nBRIDGE=br0\n`,
  );
  const { inputs } = (await resource.read(id, outs)) as { inputs: Properties };
  expect(await resource.diff(id, outs, inputs)).toMatchObject({ changes: false });
  await resource.delete(id, outs);
  expect((await host.must(state)).replace("dhclient--br0.lease\n", "")).toBe(before);
});
