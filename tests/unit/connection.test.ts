import { ArgumentError, type ArgumentProblem } from "../../provider/errors";
import { parseConnections } from "../../provider/host/connection";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB7dH8Zcs2Hs2hCq0RHN0mSvBCpZ2Yk1xqZcYw5qkq3F";

/** As Pulumi has it: every value is a text. */
const parse = (config: Record<string, unknown>) =>
  parseConnections((key) => {
    const value = config[key.replace(/^kvmnet:/, "")];
    return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
  });

function problems(work: () => unknown): readonly ArgumentProblem[] {
  try {
    work();
  } catch (error) {
    if (error instanceof ArgumentError) return error.problems;
    throw error;
  }
  return [];
}
const refusals = (config: Record<string, unknown>) =>
  problems(() => parse(config).get()).map(({ property, reason }) => `${property}: ${reason}`);

test("what is not said is left to ssh_config", () => {
  expect(parse({ host: "kvm1.lab" }).get()).toEqual({
    name: "kvm1.lab",
    host: "kvm1.lab",
    confirmTimeout: 60,
  });
});

test("numbers and booleans come as texts", () => {
  const config = { host: "kvm1", port: "2222", user: "admin", connectTimeout: "5", confirmTimeout: "30" };
  expect(parse(config).get()).toMatchObject({ port: 2222, user: "admin", connectTimeout: 5, confirmTimeout: 30 });
  expect(parse({ ...config, sudo: "false" }).get().sudo).toBe(false);
});

test.each([
  ["admin@kvm1", { name: "kvm1", host: "kvm1", user: "admin" }],
  ["ssh://admin@kvm1:2222", { host: "kvm1", user: "admin", port: 2222 }],
  ["ssh://[fd00::11]:2222/", { host: "fd00::11", port: 2222 }],
  ["fd00::11", { host: "fd00::11" }],
  ["fe80::1%eth0", { host: "fe80::1%eth0" }],
  ["root@10.0.0.11", { host: "10.0.0.11", user: "root" }],
])("host %s", (host, expected) => {
  expect(parse({ host }).get()).toMatchObject(expected);
});

test("a fleet: each host's own settings go before those beside `hosts`", () => {
  const fleet = parse({
    hosts: {
      kvm1: {},
      kvm2: { host: "10.0.0.12", user: "root", port: 2222 },
      kvm3: { host: "ops@kvm3.lab", sudo: "false" },
    },
    user: "admin",
    password: "secret",
  });
  expect(fleet.names).toEqual(["kvm1", "kvm2", "kvm3"]);
  expect(fleet.get("kvm1")).toMatchObject({
    name: "kvm1",
    host: "kvm1",
    user: "admin",
    password: "secret",
  });
  expect(fleet.get("kvm2")).toMatchObject({ name: "kvm2", host: "10.0.0.12", user: "root", port: 2222 });
  expect(fleet.get("kvm3")).toMatchObject({ host: "kvm3.lab", user: "ops", sudo: false });
});

test("one bad host of a fleet does not stop the others", () => {
  const fleet = parse({ hosts: { kvm1: { port: 0 }, kvm2: {}, kvm3: "10.0.0.3" } });
  expect(fleet.get("kvm2").host).toBe("kvm2");
  for (const [name, property] of [
    ["kvm1", "kvmnet:hosts.kvm1.port"],
    ["kvm3", "kvmnet:hosts.kvm3"],
  ] as const)
    expect(problems(() => fleet.get(name))).toEqual([expect.objectContaining({ property })]);
});

test("the host of a resource", () => {
  const fleet = parse({ hosts: { kvm1: {}, kvm2: {} } });
  expect(problems(() => fleet.get("kvm9"))).toEqual([
    { property: "host", reason: "names kvm9, the provider has kvm1, kvm2" },
  ]);
  expect(problems(() => fleet.get())).toEqual([
    { property: "host", reason: "is needed, because the provider has several hosts: kvm1, kvm2" },
  ]);
  expect(parse({ hosts: { kvm1: {} } }).get().name).toBe("kvm1");
  expect(parse({ host: "kvm1" }).get("kvm1").name).toBe("kvm1");
});

test.each<[Record<string, unknown>, string]>([
  [{}, "kvmnet:host: is missing: set `host` on the kvmnet.Provider, or `pulumi config set kvmnet:host …`"],
  [{ host: "kvm1:22" }, 'kvmnet:host: "kvm1:22" is not a host\'s name or address; a port goes into `port`'],
  [{ host: "-oProxyCommand=x" }, "kvmnet:host: "],
  [{ host: "kvm1", port: "70000" }, "kvmnet:port: must be a whole number from 1 to 65535"],
  [{ host: "ssh://kvm1:70000" }, "kvmnet:port: must be a whole number from 1 to 65535"],
  [{ host: "kvm1", sudo: "yes" }, "kvmnet:sudo: must be true or false"],
  [{ host: "a@kvm1", user: "b" }, "kvmnet:user: is b, but `host` says a"],
  [{ host: "kvm1", hostKey: "ssh-ed25519 AAAA" }, "kvmnet:hostKey: must be `ssh-ed25519 AAAA…`"],
  [{ host: "kvm1", password: "one\ntwo" }, "kvmnet:password: must be one line"],
  [{ host: "kvm1", hosts: { kvm1: {} } }, "kvmnet:host: is set, and `hosts` too"],
  [{ hosts: "{kvm1" }, "kvmnet:hosts: is not JSON"],
  [{ hosts: "[]" }, "kvmnet:hosts: must be an object of hosts"],
  [{ hosts: { kvm1: "10.0.0.1" } }, "kvmnet:hosts.kvm1: must be an object"],
  [{ hosts: { kvm1: { adress: "x" } } }, "kvmnet:hosts.kvm1.adress: is not known; a host has host, port, user, "],
  [{ hosts: { kvm1: { port: true } } }, "kvmnet:hosts.kvm1.port: must be a whole number"],
])("%j is refused", (config, expected) => {
  expect(refusals(config)).toEqual([expect.stringContaining(expected)]);
});

test("every problem is told, and no secret", () => {
  expect(refusals({ hosts: { kvm1: { port: 0, sudo: "no" } } })).toHaveLength(2);
  expect(refusals({ hosts: { kvm2: { password: "hun\nter2" } } }).join()).not.toContain("ter2");
  expect(refusals({ hosts: '{ "kvm1": { "password": "hunter2" ' }).join()).not.toContain("hunter2");
});

test.each([KEY, `${KEY} root@kvm1`, `kvm1,10.0.0.11 ${KEY}`])("host key %s", (hostKey) => {
  expect(parse({ host: "kvm1", hostKey }).get().hostKey).toBe(KEY);
});

test("a host key's fingerprint", () => {
  const hostKey = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
  expect(parse({ host: "kvm1", hostKey: `${hostKey}=` }).get().hostKey).toBe(hostKey);
});
