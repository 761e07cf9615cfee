import { absent, collections, differences, equal, overlay, restrict, type HostState } from "../../provider/hostState";

const link = {
  kind: "bridge",
  up: true,
  mtu: 1500,
  bridge: { stp: false, forwardDelay: 0 },
  addresses: ["10.0.0.11/24"],
};

/** States of every collection: whole, overlapping, with nulls, empty. */
const states: readonly HostState[] = [
  {},
  { files: { "/a": "x\n", "/b": null } },
  { files: { "/a": "y\n", "/c": "" }, sysctls: { "net.ipv4.ip_forward": "1" } },
  {
    links: { br0: link, eth0: null, eth1: { master: "br0" } },
    sections: { "/a#iface eth0 inet": "iface eth0 inet manual" },
  },
  {
    links: { br0: { ...link, mtu: 1400 } },
    networks: { lab: { xml: "<network/>", active: true, autostart: true, live: true } },
  },
  { reservations: { "lab/52:54:00:00:00:01": { address: "10.9.0.2" } }, interfaces: { "web/52:54:00:00:00:01": null } },
];
const pairs = states.flatMap((a) => states.map((b) => [a, b] as const));

const keysOf = (state: HostState) =>
  collections.flatMap((collection) => Object.keys(state[collection] ?? {}).map((key) => `${collection} ${key}`));

describe("differences", () => {
  test.each(states)("of a state and itself: none (%#)", (state) => expect(differences(state, state)).toEqual([]));

  test.each(states)("of nothing desired and anything: none (%#)", (state) =>
    expect(differences({}, state)).toEqual([]),
  );

  test("names the field, what is wanted and what was found", () => {
    expect(
      differences(
        { links: { br0: link } },
        { links: { br0: { ...link, mtu: 1400, bridge: { stp: true, forwardDelay: 0 } } } },
      ),
    ).toEqual([
      { path: ["links", "br0", "mtu"], wanted: 1500, found: 1400 },
      { path: ["links", "br0", "bridge", "stp"], wanted: false, found: true },
    ]);
  });

  test("has no opinion on fields that are not desired, and none on undefined ones", () => {
    expect(differences({ links: { br0: { up: true } } }, { links: { br0: link } })).toEqual([]);
    expect(differences({ links: { br0: undefined as never } }, {})).toEqual([]);
  });

  test("null is wanted gone: absent and null both are", () => {
    expect(differences({ files: { "/a": null } }, {})).toEqual([]);
    expect(differences({ files: { "/a": null } }, { files: { "/a": null } })).toEqual([]);
    expect(differences({ files: { "/a": null } }, { files: { "/a": "" } })).toEqual([
      { path: ["files", "/a"], wanted: null, found: "" },
    ]);
    expect(differences({ links: { br0: link } }, {})).toEqual([{ path: ["links", "br0"], wanted: link, found: null }]);
  });

  test("order counts in lists, not among keys", () => {
    expect(
      differences({ links: { e: { addresses: ["a", "b"] } } }, { links: { e: { addresses: ["b", "a"] } } }),
    ).toHaveLength(1);
    expect(differences({ links: { e: { up: true, mtu: 1 } } }, { links: { e: { mtu: 1, up: true } } })).toEqual([]);
  });
});

describe("overlay", () => {
  test.each(pairs)("says what the upper one says, and of the rest what the lower one does (%#)", (lower, upper) => {
    const both = overlay(lower, upper);
    expect(differences(upper, both)).toEqual([]);
    expect(new Set(keysOf(both))).toEqual(new Set([...keysOf(lower), ...keysOf(upper)]));
    for (const collection of collections)
      for (const key of Object.keys(lower[collection] ?? {}))
        if (!(key in (upper[collection] ?? {}))) expect(both[collection]![key]).toBe(lower[collection]![key]);
  });

  test.each(pairs)("over what is to be absent, removes just what is no longer named (%#)", (a, b) => {
    const target = overlay(absent(a), b);
    expect(differences(b, target)).toEqual([]);
    for (const collection of collections)
      for (const key of Object.keys(a[collection] ?? {}))
        if (!(key in (b[collection] ?? {}))) expect(target[collection]![key]).toBeNull();
  });

  test.each(states)("with nothing, or with itself, is itself (%#)", (state) => {
    for (const same of [overlay(state, {}), overlay({}, state), overlay(state, state)])
      expect(equal(same, state)).toBe(true);
  });
});

test.each(states)("absent names the same, and wants all of it gone (%#)", (state) => {
  expect(keysOf(absent(state))).toEqual(keysOf(state));
  expect(differences(absent(state), {})).toEqual([]);
  expect(absent(absent(state))).toEqual(absent(state));
});

test.each(pairs)("restrict keeps what the other one names, null where there is nothing (%#)", (state, like) => {
  const part = restrict(state, like);
  expect(keysOf(part)).toEqual(keysOf(like));
  expect(differences(restrict(state, state), state)).toEqual([]);
  for (const collection of collections)
    for (const key of Object.keys(like[collection] ?? {}))
      expect(part[collection]![key]).toEqual(state[collection]?.[key] ?? null);
});

describe("equal", () => {
  test.each([
    [1, 1, true],
    ["a", "b", false],
    [null, undefined, false],
    [[], {}, false],
    [[1, [2]], [1, [2]], true],
    [{ a: 1, b: undefined }, { a: 1 }, true],
    [{ a: null }, {}, false],
    [{ a: { b: [1] } }, { a: { b: [1] } }, true],
    [{ a: 1 }, { a: 1, b: 2 }, false],
  ])("%j and %j: %s", (a, b, same) => {
    expect(equal(a, b)).toBe(same);
    expect(equal(b, a)).toBe(same);
  });
});
