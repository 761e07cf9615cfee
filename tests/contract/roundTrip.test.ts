import { interfaceFromXml, interfaceToXml, interfaceView, mergeInterface } from "../../provider/libvirt/interface";
import { mergeNetwork, networkOf, networkToXml, networkView } from "../../provider/libvirt/network";
import { canonical, difference, expectOnly } from "./roundTrip/canonical";
import { interfaceMutations, interfaceTexts, networkMutations, networkTexts } from "./roundTrip/texts";

const [networks, interfaces] = [networkTexts(), interfaceTexts()];

/**
 * What somebody wrote into the XML of a network or of a guest's interface by hand is still there when we change one value. Own texts, one
 * for each element of libvirt's schemas; with KVMNET_ROUNDTRIP=FOLDER those of a folder too, such as libvirt's own tests/networkxml2xmlin.
 */
describe("networks, in text", () => {
  // Each value of each text; and the MTU of each, which most have not.
  const bases = canonical(networks.map(({ text }) => text));
  const cases = networks.flatMap(({ name, text }, i) => {
    const values = networkOf(text);
    return networkMutations(values).map((mutation) => ({
      name,
      base: bases[i]!,
      ...mutation,
      merged: mergeNetwork(text, networkToXml(mutation.values)),
    }));
  });
  const after = canonical(cases.map(({ merged }) => merged));

  test.each(networks)("$name: what is there is no change", ({ text }) => {
    const desired = networkToXml(networkOf(text));
    expect(networkView(text, desired)).toBe(desired);
    expect(canonical([mergeNetwork(text, desired)])).toEqual(canonical([text]));
  });

  test.each(cases.map((row, i) => [`${row.name}: ${row.path}`, row, i] as const))(
    "%s",
    (_, { base, path, values, merged }, i) => {
      const desired = networkToXml(values);
      expect(networkView(merged, desired)).toBe(desired);
      expectOnly(path, difference(base, after[i]!));
    },
  );
});

describe("interfaces, in text", () => {
  const bases = canonical(interfaces.map(({ text }) => text));
  const cases = interfaces.flatMap(({ name, text }, i) => {
    const values = interfaceFromXml(text);
    return interfaceMutations(values).map((mutation) => ({
      name,
      base: bases[i]!,
      text,
      ...mutation,
      merged: mergeInterface(text, interfaceToXml(mutation.values)),
    }));
  });
  const after = canonical(cases.map(({ merged }) => merged));

  test.each(interfaces)("$name: what is there is no change", ({ text }) => {
    const desired = interfaceToXml(interfaceFromXml(text));
    expect(interfaceView(text, desired)).toBe(desired);
    expect(canonical([mergeInterface(text, desired)])).toEqual(canonical([text]));
  });

  test.each(cases.map((row, i) => [`${row.name}: ${row.path}`, row, i] as const))(
    "%s",
    (_, { base, path, values, merged }, i) => {
      const desired = interfaceToXml(values);
      expect(interfaceView(merged, desired)).toBe(desired);
      expectOnly(path, difference(base, after[i]!));
    },
  );
});
