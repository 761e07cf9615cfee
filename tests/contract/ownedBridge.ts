import { HostError } from "../../provider/errors";
import { HostSession } from "../../provider/host/session";
import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { bridge } from "../../provider/resources/bridge";
import type { LabHost } from "../lab/lab";
import { LocalTransport } from "./hosts";

/** What is the same for every owner of a host's network: a bridge over the NIC by which we come. */
const urn = "urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:Bridge::br0";
/** Seconds within which a change has to be confirmed. */
const WINDOW = 3;

type Ask = (
  script: string,
  send: (other?: string) => ReturnType<LocalTransport["run"]>,
) => ReturnType<LocalTransport["run"]>;

/** Creates the bridge over eth0; `follow` is asked when it waits to be confirmed, `first` when it is sent. */
export async function createBridge(
  host: LabHost,
  follow: Ask,
  first: Ask = (_, send) => send(),
  args: Readonly<Record<string, unknown>> = { ports: ["eth0"] },
) {
  const transport = new LocalTransport(host, "dash", (kind, script, send) =>
    (kind === "follow" ? follow : first)(script, send),
  );
  const resource = lifecycle(bridge as ResourceDefinition<never>, () => new HostSession(transport, WINDOW));
  const { inputs, failures } = await resource.check({}, { ...args, __urn: urn });
  expect(failures).toBeUndefined();
  return { resource, made: resource.create(inputs) };
}

/** Nobody confirms: the host goes back by itself, and `files`, the owner's, were never touched. */
export async function expectWayBack(host: LabHost, files: string, state: () => Promise<string>): Promise<void> {
  const [before, written] = [await state(), await host.must(`ls ${files}`)];
  const { made } = await createBridge(host, async (_, send) => {
    expect(await host.must(`ls ${files}`)).toBe(written);
    if ((await host.sh("test -e /sys/class/net/br0")).code === 0)
      throw new HostError("unreachable", "no route to host");
    return send();
  });
  await expect(made).rejects.toThrow(
    new RegExp(`was not seen over a new connection within ${WINDOW} s.*\\(rolled back; nothing changed`, "s"),
  );
  expect(await state()).toBe(before);
}

/** The daemon ends before it is told, and `start` brings it up again: all comes back, its files too. */
export async function expectNoTakeOver(
  host: LabHost,
  daemon: { readonly name: string; readonly command: string; readonly start: string },
  state: () => Promise<string>,
): Promise<void> {
  const before = await state();
  const { made } = await createBridge(host, async (_, send) => {
    await host.must(`pkill -9 ${daemon.command}`);
    return send();
  });
  const said = await made.then(String, (error: Error) => error.message);
  await host.must(daemon.start);
  expect(said).toContain(`step "${daemon.name}: take over br0, eth0" failed`);
  expect(said).toContain(`rolled back, but these steps back failed, look at the host: ${daemon.name}`);
  expect(await state()).toBe(before);
}

/** Confirmed, the bridge has the host's address, and `meanwhile` may look; deleted, all is as before. */
export async function expectGivenBack(
  host: LabHost,
  state: () => Promise<string>,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const before = await state();
  const { resource, made } = await createBridge(host, (_, send) => send());
  const { id, outs } = await made;
  expect(outs["currentAddresses"]).toEqual([`${host.address}/24`]);
  await meanwhile();
  const { inputs } = (await resource.read(id, outs)) as { inputs: Properties };
  expect(await resource.diff(id, outs, inputs)).toMatchObject({ changes: false });
  await resource.delete(id, outs);
  expect(await state()).toBe(before);
}
