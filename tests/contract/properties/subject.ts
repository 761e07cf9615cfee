import type { Observed } from "../../../provider/facts";
import { collections, differences, type HostState } from "../../../provider/hostState";
import { log } from "../../../provider/host/log";
import { DISRUPTIONS, type DisruptionLabel } from "../../../provider/disruption";
import { HostSession } from "../../../provider/host/session";
import { lifecycle } from "../../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../../provider/resource";
import type { LabHost } from "../../lab/lab";
import { LocalTransport } from "../hosts";

export const newSession = (host: LabHost) => new HostSession(new LocalTransport(host), 10);

/** A resource of the stack, as the engine knows it at the moment. */
export class Subject {
  private id = "";
  private outs: Properties = {};
  inputs: Properties = {};
  args: Properties = {};
  private readonly urn: string;

  constructor(
    readonly definition: ResourceDefinition<never>,
    /** The number of its network. */
    readonly n: number,
  ) {
    this.urn = `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${definition.type}::${definition.type}`;
  }

  get type(): string {
    return this.definition.type;
  }

  async create(session: HostSession, args: Properties): Promise<void> {
    this.args = args;
    this.inputs = await this.check(session, args);
    Object.assign(this, await lifecycle(this.definition, () => session).create({ ...this.inputs }));
  }

  /** What a preview of these arguments says: the worst of its labels, "" where it says none. Nothing is replaced by it. */
  async preview(session: HostSession, args: Properties): Promise<DisruptionLabel | ""> {
    const said: string[] = [];
    const spies = (["warning", "info"] as const).map((how) =>
      jest.spyOn(log, how).mockImplementation((urn, message) => {
        if (urn === this.urn) said.push(message);
        return Promise.resolve();
      }),
    );
    const inputs = await this.check(session, args).finally(() => spies.forEach((spy) => spy.mockRestore()));
    const diff = await lifecycle(this.definition, () => session).diff(this.id, { ...this.outs }, { ...inputs });
    expect(diff).toMatchObject({ changes: true, replaces: [] });
    return DISRUPTIONS.findLast((label) => said.some((message) => message.includes(` (${label}): `))) ?? "";
  }

  async update(session: HostSession, args = this.args): Promise<void> {
    const inputs = await this.check(session, args);
    const { outs } = await lifecycle(this.definition, () => session).update(this.id, { ...this.outs }, { ...inputs });
    Object.assign(this, { args, inputs, outs });
  }

  /** Where a refresh of a host like this finds something else than the program says, in words. */
  async refresh(observed: Observed): Promise<string[]> {
    const session = { host: "properties", observe: () => Promise.resolve(observed) } as unknown as HostSession;
    const { props = {} } = await lifecycle(this.definition, () => session).read(this.id, { ...this.outs });
    return differences(statesOf(this.inputs), statesOf(props)).map(({ path, wanted, found }) => {
      const [is, was] = [found, wanted].map((value) =>
        typeof value === "string" ? value.split("\n") : [JSON.stringify(value)],
      );
      const lines = [...was!.filter((line) => !is!.includes(line)), ...is!.filter((line) => !was!.includes(line))];
      return `${path.join(".")}: ${lines.join(" ")}`;
    });
  }

  private async check(session: HostSession, args: Properties): Promise<Properties> {
    const stack = lifecycle(this.definition, () => session);
    const { inputs, failures } = await stack.check({ ...this.inputs }, { ...args, __urn: this.urn });
    expect(failures).toBeUndefined();
    return inputs;
  }
}

const statesOf = (props: Properties) =>
  Object.fromEntries(collections.flatMap((key) => (props[key] ? [[key, props[key]]] : []))) as HostState;
