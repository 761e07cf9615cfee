import * as pulumi from "@pulumi/pulumi";
import { HostError } from "../../provider/errors";
import { log } from "../../provider/host/log";
import { discreet, seal } from "../../provider/secret";
import { bridge } from "../../provider/resources/bridge";
import { natNetwork } from "../../provider/resources/networks";
import * as kvmnet from "../../sdk";
import { kvm1, Stack } from "../golden/stack";

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  for (const level of ["info", "warning", "status"] as const)
    jest.spyOn(log, level).mockImplementation((_, message) => Promise.resolve(void said.push(message)));
});

describe("the SDK says that an argument is a secret", () => {
  const dhcp = { start: "10.77.0.2", end: "10.77.0.9" };
  test.each<[string, kvmnet.NatNetworkArgs, true | undefined]>([
    ["none", { address: "10.77.0.1/24", dhcp }, undefined],
    ["at the top", { address: pulumi.secret("10.77.0.1/24"), dhcp }, true],
    ["in an object", { address: "10.77.0.1/24", dhcp: { ...dhcp, end: pulumi.secret("10.77.0.9") } }, true],
    ["made from one", { address: pulumi.interpolate`${pulumi.secret("10.77.0.1")}/24` }, true],
    ["a whole list", { address: "10.77.0.1/24", dhcp: { ...dhcp, hosts: pulumi.secret([]) } }, true],
  ])("%s", async (_, args, expected) => {
    const sent = new Promise<Record<string, unknown>>((resolve) =>
      pulumi.runtime.setMocks({
        newResource: ({ inputs, name }) => {
          resolve(inputs as Record<string, unknown>);
          return { id: name, state: {} };
        },
        call: () => ({}),
      }),
    );
    new kvmnet.NatNetwork("n", args);
    expect((await sent)["__secret"]).toBe(expected);
  });
});

describe("what is made from a secret argument", () => {
  const isSealed = (value: unknown) => JSON.stringify(value).startsWith('{"4dabf18193072939515e22adb298388d":"1b47061264138c4ac30d75fd1eb44270"'); // prettier-ignore
  const props = { __provider: "p", __urn: "u", __found: {}, __desired: {}, __before: {}, address: "a", networks: {}, uuid: "x" }; // prettier-ignore
  const sealedOf = (other: object) => Object.entries(seal({ ...props, ...other }, ["address"])).flatMap(([key, value]) => (isSealed(value) ? [key] : [])); // prettier-ignore

  test("is sealed on its way to the engine, and what is of the host's files is in any case", () => {
    expect(sealedOf({})).toEqual(["__found", "__desired", "__before"]);
    expect(sealedOf({ __secret: true })).toEqual(["__found", "__desired", "__before", "networks", "uuid"]);
  });

  const address = "10.77.0.1/24";
  test("is not said in a preview, nor why it is refused", async () => {
    const stack = new Stack(natNetwork, "lab");
    expect((await stack.check({ address, __secret: true })).failures).toBeUndefined();
    await stack.up({ address, __secret: true });
    expect((await stack.check({ address: "10.77.0.0/24", __secret: true })).failures).toEqual([
      { property: "", reason: "address is refused; why is not said, since an argument of this resource is a secret" },
    ]);
    const guarded = new Stack(bridge, "br0", kvm1);
    await guarded.check({ ports: ["eth0"], addresses: ["10.77.0.1/24"], __secret: true });
    expect(said.join("\n")).toMatch(/not said, since an argument of this resource is a secret/);
    expect(said.join("\n")).not.toMatch(/10\.77|netmask|10\.0\.0/);
  });

  test("is said where none is a secret: the test could fail", async () => {
    await new Stack(natNetwork, "lab").check({ address });
    expect(said.join("\n")).toContain("10.77.0.1");
  });

  test("is not said when a step fails; how the host is now, and what is of the connection, is", async () => {
    const why = 'step "network lab: define" failed: error: 10.77.0.1 (rolled back; nothing changed)';
    expect(discreet(new HostError("failed", why))).toBe(
      "why is not said, since an argument of this resource is a secret (rolled back; nothing changed)",
    );
    expect(discreet(new HostError("unreachable", "kvm1: no route"))).toBe("kvm1: no route");
    const stack = new Stack(natNetwork, "lab");
    stack.host.change = () => Promise.reject(new HostError("failed", why));
    await expect(stack.up({ address, __secret: true })).rejects.toThrow(
      /^Unable to create NatNetwork "lab" on kvm1: why is not said/,
    );
  });

  test("becomes a secret in the state too, when only that it is one has changed", async () => {
    const stack = new Stack(natNetwork, "lab");
    await stack.up({ address });
    const { inputs } = await stack.check({ address, __secret: true });
    expect(await stack.diff(inputs)).toMatchObject({ changes: true, replaces: [] });
  });
});
