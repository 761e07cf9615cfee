import { HostError } from "../../provider/errors";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import { down, type LabHost } from "../lab/lab";
import { contractHost, LocalTransport } from "./hosts";

/** NetworkManager by profiles that netplan makes: it takes over what the kernel has, and has it back as it was. */
let statically: LabHost;
let dhcp: LabHost;
beforeAll(async () => {
  statically = await contractHost("npnm", { owner: "netplan-NetworkManager" });
  dhcp = await contractHost("npnm-dhcp", { owner: "netplan-NetworkManager", dhcp: true });
});
afterAll(() => down());

const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";
const MADE = "/run/NetworkManager/system-connections";
const state = `cat /etc/netplan/*; ls ${MADE} | grep -v ^lo; cat ${MADE}/netplan-*; nmcli -t device; nmcli -t -f NAME,UUID,FILENAME connection show | grep -v ^lo:
ls /etc/NetworkManager/system-connections; ip -4 -br addr | sed 's,@if[0-9]*,,'; ip route; cat /sys/class/net/*/address /etc/resolv.conf`;

/** Creates the bridge over eth0; `hook` is called while it waits to be confirmed. */
async function create(host: LabHost, hook: () => Promise<void>) {
  const transport = new LocalTransport(host, "dash", async (kind, _script, send) => {
    if (kind === "follow") await hook();
    return send();
  });
  const resource = lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(transport, 3));
  const { inputs, failures } = await resource.check({}, { ports: ["eth0"], __urn: urn });
  expect(failures).toBeUndefined();
  expect(inputs["owner"]).toBe("netplan");
  return { resource, made: await resource.create(inputs).catch((error: unknown) => error as Error) };
}

test("not confirmed, it comes back by itself, and neither netplan nor the daemon ever heard of it", async () => {
  const before = await statically.must(state);
  const { made } = await create(statically, async () => {
    expect(await statically.must("cat /etc/netplan/*")).not.toContain("br0");
    if ((await statically.sh("test -e /sys/class/net/br0")).code === 0)
      throw new HostError("unreachable", "no route to host");
  });
  expect((made as Error).message).toContain("was not seen over a new connection within 3 s");
  expect((made as Error).message).toContain("(rolled back; nothing changed");
  expect(await statically.must(state)).toBe(before);
});

test.each([
  ["static", () => statically],
  ["DHCP", () => dhcp],
])("confirmed, the daemon has it, with the NIC's metric, also after a boot; deleted, the port as before: %s", async (_, of) => {
  const host = of();
  const before = await host.must(state);
  const { resource, made } = await create(host, () => Promise.resolve());
  if (made instanceof Error) throw made;
  const has = async () => {
    expect(await host.must("nmcli -t device | sort")).toContain(
      "br0:bridge:connected:netplan-br0\neth0:ethernet:connected:netplan-eth0\n",
    );
    const routes = await host.must("ip route");
    expect(routes).toMatch(/^default via 10\.0\.0\.1 dev br0 .*metric 100 $/m);
    expect(routes).toMatch(/^10\.0\.0\.0\/24 dev br0 .*metric 100 $/m);
    return host.must("ip -4 -br addr show dev br0");
  };
  const address = await has();
  const { id, outs } = made as { id: string; outs: Properties };
  expect(outs["currentAddresses"]).toEqual([`${host.address}/24`]);
  await host.reboot();
  expect(await has()).toBe(address);
  await resource.delete(id, outs);
  expect(await host.must(state)).toBe(before);
}); // prettier-ignore
