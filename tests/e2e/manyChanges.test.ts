import { type LabHost, LAN, down, guest, guestAddress, guestLog, up, useOwnLab } from "../lab/lab";
import { Stack } from "./stack";

const MANY = 20;
const GATEWAY = "192.168.123.1";
/** Two guests, one that pings the operator through the network's NAT, one the host. */
const guests = { a: { mac: "52:54:00:00:00:0a", to: LAN.operator }, b: { mac: "52:54:00:00:00:0b", to: GATEWAY } };

const numbers = Array.from({ length: MANY }, (_, i) => i);
/** The first `changed` reservations have other addresses, and the first DNS hosts other names. */
const reservations = (changed: number) =>
  numbers.map((i) => ({
    mac: `52:54:00:00:01:${String(10 + i)}`,
    address: `192.168.123.${(i < changed ? 50 : 10) + i}`,
  }));
const dnsHosts = (changed: number) =>
  numbers.map((i) => ({ address: `192.168.123.${10 + i}`, hostnames: [`${i < changed ? "new" : "old"}${i}`] }));
const text = (changed: number) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab" }) };
new kvmnet.NatNetwork("lab", {
  address: "${GATEWAY}/24",
  dhcp: { start: "192.168.123.100", end: "192.168.123.200", hosts: ${JSON.stringify(reservations(changed))} },
  dns: { hosts: ${JSON.stringify(dnsHosts(changed))} },
}, on);
`;

describe("20 DHCP reservations and 20 DNS hosts of a network with running guests", () => {
  let host: LabHost;
  let stack: Stack;

  beforeAll(async () => {
    useOwnLab("many");
    host = await up("kvm1");
    // Each virsh says that it was there, and goes on.
    await host.must(
      `printf '#!/bin/sh\\necho "$$" >> /var/log/virsh.log\\nexec /usr/bin/virsh "$@"\\n' > /usr/local/bin/virsh && chmod +x /usr/local/bin/virsh`,
    );
    stack = await Stack.create({ text: text(0) });
    await stack.up();
    const each = Object.entries(guests);
    for (const [name, { mac, to }] of each)
      await guest(host, name, { network: "lab", mac, targets: [], echo: { [mac]: to } });
    await Promise.all(each.map(([name, { mac }]) => guestAddress(host, name, { mac })));
    await heard();
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  it("are changed by as many virsh as one of each is, and no guest loses a ping", async () => {
    const one = await change(1);
    const all = await change(MANY);
    for (const { what, virsh, seconds, lost } of [one, all])
      process.stdout.write(`${what} changed: ${virsh} virsh, ${seconds.toFixed(1)} s, pings lost: ${JSON.stringify(lost)}\n`); // prettier-ignore
    expect(all.virsh).toBe(one.virsh);
    expect([one.lost, all.lost]).toEqual([{ a: 0, b: 0 }, { a: 0, b: 0 }]); // prettier-ignore
  });

  it("are so in both definitions, and dnsmasq goes by them", async () => {
    for (const which of ["", "--inactive"]) {
      const xml = await host.must(`virsh -q net-dumpxml lab ${which}`);
      for (const { mac, address } of reservations(MANY)) expect(xml).toContain(`<host mac='${mac}' ip='${address}'/>`);
      for (const { hostnames } of dnsHosts(MANY)) expect(xml).toContain(`<hostname>${hostnames[0]}</hostname>`);
    }
    expect(await resolve(`new${MANY - 1}`)).toBe(`192.168.123.${10 + MANY - 1}`);
  });

  /** As a guest would ask. */
  const resolve = (name: string) =>
    host.must(
      `perl -MSocket -e 'socket(S, PF_INET, SOCK_DGRAM, 0); $q = pack("n6", 1, 256, 1, 0, 0, 0).pack("C/a*", $ARGV[1]).pack("Cn2", 0, 1, 1);
         send(S, $q, 0, sockaddr_in(53, inet_aton($ARGV[0]))); alarm 10; recv(S, $r, 512, 0); print inet_ntoa(substr($r, -4)) if unpack("x6n", $r)' ${GATEWAY} ${name}`,
    );

  async function change(changed: number) {
    stack.program(text(changed));
    await host.must(": > /var/log/virsh.log");
    const before = await heard();
    const began = performance.now();
    await stack.up();
    const seconds = (performance.now() - began) / 1000;
    const virsh = Number(await host.must("wc -l < /var/log/virsh.log"));
    const after = await heard();
    const lost = Object.fromEntries(Object.keys(guests).map((name) => [name, gaps(after[name]!, before[name]!)]));
    return { what: `${changed} + ${changed}`, virsh, seconds, lost };
  }

  /** The sequence numbers of all answers that each guest has had, once it has had another one. */
  async function heard(): Promise<Record<string, number[]>> {
    const all = async () =>
      Object.fromEntries(
        await Promise.all(
          Object.keys(guests).map(async (name) => {
            const lines = await guestLog(host, name);
            // A ping that is told that there is no way begins anew.
            return [name, [...lines.matchAll(/^(?:PING |64 bytes from \S+ seq=(\d+))/gm)].map(([, seq]) => Number(seq ?? -1))] as const; // prettier-ignore
          }),
        ),
      );
    const before = await all();
    for (let left = 600; left > 0; left--) {
      const now = await all();
      if (Object.keys(guests).every((name) => now[name]!.length > before[name]!.length + 2)) return now;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error(`a guest hears nothing any more: ${(await guestLog(host, "a")).slice(-500)}`);
  }
});

/** How many numbers are missing in what came after `before`. */
function gaps(all: readonly number[], before: readonly number[]): number {
  return all
    .slice(before.length)
    .reduce((lost, seq, i) => lost + Math.max(0, Math.abs(seq - all[before.length + i - 1]!) - 1), 0);
}
