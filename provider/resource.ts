import type { Disruption } from "./disruption";
import type { Observed } from "./facts";
import type { ArgumentProblem } from "./errors";
import type { Collection, HostState } from "./hostState";
import type { Arguments } from "./parse";

/** A resource's inputs, outputs or state, as Pulumi has them: plain JSON. */
export type Properties = Readonly<Record<string, unknown>>;

/** What a resource is rendered against. */
export interface Context {
  readonly host: string;
  readonly observed: Observed;
  /** The resource's URN: unique, the same at every run. */
  readonly urn: string;
  /** One line that says whose a file is; the first line of every file of ours. */
  readonly mark: string;
  /** Take over what exists. */
  readonly adopt: boolean;
  /** What an earlier render found on the host and wants to go by for ever (`Rendered.found`). */
  readonly found: unknown;
}

export interface Rendered {
  readonly desired: HostState;
  /** Arguments completed: defaults that dependents and reviewers want to see. */
  readonly completed: Properties;
  /** What was found and replaced, in a form that renders the same text again: kept in the state as a hidden input. */
  readonly found?: unknown;
  readonly problems?: readonly ArgumentProblem[];
  readonly warnings?: readonly string[];
  /** What the change of what is there disturbs; said in the preview with its label. */
  readonly disruptions?: readonly Disruption[];
  /** Why it is rendered in this way, for the reviewer. */
  readonly because?: string;
}

/** All that is particular to one type of resource. Everything else is lifecycle.ts, written once. */
export interface ResourceDefinition<Spec> {
  readonly type: string;
  /** Names of the arguments. */
  readonly args: readonly string[];
  /** Collections of the host state that `render` fills: unknown as long as an argument is. */
  readonly renders: readonly Collection[];
  /** Outputs that `render` completes: shown in preview. */
  readonly known?: readonly string[];
  /** Outputs beyond the inputs. */
  readonly outputs: readonly string[];
  /** Arguments whose change makes another thing of it. */
  readonly replaceOn: readonly string[];
  /** Arguments → spec, or problems with property paths. `name`: the resource's name in the program. */
  parse(args: Arguments, name: string): Spec;
  render(spec: Spec, context: Context): Rendered;
  id(inputs: Properties): string;
  /** What the resource makes: when it is there already and not ours, that is a conflict. */
  claims(desired: HostState): HostState;
  /** What else changes when libvirt or the kernel does its part, and has to be given back: captured with the rest, never compared. */
  sideEffects?(desired: HostState): HostState;
  /** What has to be there, and another resource may yet make: a warning in preview, an error in create and update. */
  missing?(inputs: Properties, observed: Observed): string[];
  /** Who still uses it, so that it cannot be deleted. */
  users?(desired: HostState, observed: Observed): string[];
  compute(inputs: Properties, observed: Observed): Properties;
}
