import { lifecycle } from "../../provider/lifecycle";
import type { Properties, ResourceDefinition } from "../../provider/resource";
import { describedHost, SimulatedHost, type Described } from "./simulatedHost";

export const MAIN = "/etc/network/interfaces";
const interfaces =
  "source /etc/network/interfaces.d/*\n\nauto eth0\niface eth0 inet static\n\taddress 10.0.0.11/24\n\tgateway 10.0.0.1\n";
/** A host with a static NIC, as Debian's installer leaves it. */
export const kvm1: Described = {
  files: { [MAIN]: interfaces, "/run/network/ifstate": "lo=lo\neth0=eth0\n" },
  links: { eth0: { mac: "52:54:00:aa:00:01", addresses: ["10.0.0.11/24"], routes: ["default via 10.0.0.1"] } },
};

export const resourceOf = (definition: unknown, host: SimulatedHost) =>
  lifecycle(definition as ResourceDefinition<never>, () => host.session);
export const urnOf = (definition: unknown, name: string) =>
  `urn:pulumi:prod::office::pulumi-nodejs:dynamic/kvmnet:${(definition as { type: string }).type}::${name}`;

/** A resource in a stack: what the engine would do with it, and what it keeps. */
export class Stack {
  readonly host: SimulatedHost;
  readonly resource: ReturnType<typeof lifecycle>;
  private readonly urn: string;
  id = "";
  inputs: Properties = {};
  outs: Properties = {};

  constructor(definition: unknown, name: string, host: Described | SimulatedHost = kvm1) {
    this.host = host instanceof SimulatedHost ? host : new SimulatedHost(describedHost(host));
    this.resource = resourceOf(definition, this.host);
    this.urn = urnOf(definition, name);
  }

  check = (args: Properties) => this.resource.check(this.inputs, { ...args, __urn: this.urn });

  async up(args: Properties): Promise<Properties> {
    const { inputs, failures } = await this.check(args);
    if (failures) throw new Error(failures.map(({ property, reason }) => `${property}: ${reason}`).join("\n"));
    const withHandler = { ...inputs, __provider: "handler" };
    if (this.id) this.outs = (await this.resource.update(this.id, this.outs, withHandler)).outs;
    else ({ id: this.id, outs: this.outs } = await this.resource.create(withHandler));
    this.inputs = inputs;
    return this.outs;
  }

  read = () =>
    this.resource.read(this.id, this.outs) as Promise<{ id?: string; props: Properties; inputs: Properties }>;
  diff = (news: Properties) => this.resource.diff(this.id, this.outs, news);
  destroy = () => this.resource.delete(this.id, this.outs);
}
