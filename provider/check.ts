import { conflicts } from "./conflicts";
import { disturbs, sayDisruption } from "./disruption";
import { ArgumentError, HostError, type ArgumentProblem } from "./errors";
import type { Observed } from "./facts";
import { hazardWarning } from "./hazard";
import { log } from "./host/log";
import type { HostSession } from "./host/session";
import { equal, type HostState } from "./hostState";
import { isMarked, keptOf, markOf, nameOf } from "./mark";
import { Arguments, hasUnknown, UNKNOWN } from "./parse";
import type { Context, Properties, ResourceDefinition } from "./resource";
import { review } from "./review";
import { discreet, SECRET, unsaid } from "./secret";
import { clean, FOUND, pick, UNREACHED, URN, type Props } from "./stateProperties";

/** What Pulumi asks first: whether the arguments are good, and what comes of them on the host as it is now, which the review says. */
export function checkOf<Spec>(
  definition: ResourceDefinition<Spec>,
  sessions: (host: string | undefined) => HostSession,
) {
  const argNames = argNamesOf(definition);
  const made = [...definition.renders, ...(definition.known ?? [])];
  /** The engine checks a replacement twice, the second time as if it were new: what the first knew of the old one still holds. */
  const replaced = new Map<string, Props>();

  return async (olds: Props, news: Props): Promise<{ inputs: Props; failures?: ArgumentProblem[] }> => {
    const urn = String(news[URN] ?? olds[URN] ?? "");
    const given = pick(news, [...argNames, URN, SECRET]);
    const isSecret = news[SECRET] === true;
    const warn = (message: string) => void log.warning(urn, isSecret ? `a warning is ${unsaid}` : message);
    if (olds[URN] !== undefined) replaced.set(urn, olds);
    const old = replaced.get(urn);
    const isKnown = old !== undefined && equal(old["host"], given["host"]);
    const args = new Arguments(given);
    const spec = definition.parse(args, nameOf(urn));
    try {
      for (const key of Object.keys(news))
        if (!argNames.includes(key) && !key.startsWith("__") && news[key] !== undefined)
          args.problem(key, `is no argument of ${definition.type}`);
      args.done();
      const session = sessions(given["host"] as string | undefined);
      // Text with a piece missing is no text: it is unknown as a whole, and the preview says so.
      if (hasUnknown(given)) return { inputs: { ...incomplete(definition, spec, given, olds), ...unknown(made) } };
      const observed = await session.observe().catch((error: unknown) => {
        if (session.inFleet && error instanceof HostError && error.kind === "unreachable") return error;
        throw error;
      });
      // One that is down does not stop the others: what is to be done on it fails, each by itself.
      if (observed instanceof HostError) {
        void log.warning(urn, `${observed.message} (what is to be changed on it fails, the other hosts go on)`);
        const last = pick(olds, made);
        return { inputs: { ...incomplete(definition, spec, given, olds), ...last, [UNREACHED]: true } };
      }
      const context: Context = {
        host: session.host,
        observed,
        urn,
        mark: markOf(urn),
        adopt: given["adopt"] === true || (!isKnown && isMarked(observed, markOf(urn))),
        // What a create or an update found that the state never heard of goes first.
        found: keptOf(observed, urn)?.found ?? (isKnown ? old[FOUND] : undefined),
      };
      const {
        desired,
        completed,
        found,
        because,
        problems = [],
        warnings = [],
        disruptions = [],
      } = definition.render(spec, context);
      const inputs: Props = clean({
        ...given,
        ...completed,
        ...desired,
        ...(found !== undefined && { [FOUND]: found }),
      });
      const same = (key: string) => equal(inputs[key], olds[key]);
      const isNew = olds[URN] === undefined || ![...definition.replaceOn, "host"].every(same);
      const obstacles =
        isNew && problems.length === 0 ? inTheWay(definition, desired, observed, given, session.host) : [];
      for (const reason of obstacles) args.problem(argNames.includes("name") ? "name" : "adopt", reason);
      problems.forEach(({ property, reason }) => args.problem(property, reason));
      args.done();
      if (isNew)
        void log.info(
          urn,
          isSecret ? `what ${session.host} will have is ${unsaid}` : review(desired, observed, session.host, because),
        );
      const missing = definition.missing?.(inputs, observed) ?? [];
      for (const what of missing) warn(`${what} on ${session.host} yet; the update fails unless it is made before`);
      const hazard = hazardWarning(desired, observed, session.host, session.confirmTimeout);
      for (const warning of [...(hazard ? [hazard] : []), ...warnings]) warn(warning);
      for (const disruption of disruptions) {
        const message = isSecret ? `a change (${disruption.label}) is ${unsaid}` : sayDisruption(disruption);
        void (disturbs(disruption) ? log.warning(urn, message) : log.info(urn, message));
      }
      return { inputs };
    } catch (error) {
      if (error instanceof ArgumentError) {
        // Beside the reason, the engine prints the value of the property that is named, secret or not (issueCheckFailures).
        const hidden = ({ property }: ArgumentProblem) => ({
          property: "",
          reason: `${property} is refused; why is ${unsaid}`,
        });
        const failures = error.problems.map((problem) => (isSecret ? hidden(problem) : problem));
        return { inputs: news, failures };
      }
      if (error instanceof HostError)
        return { inputs: news, failures: [{ property: "host", reason: isSecret ? discreet(error) : error.message }] };
      throw error;
    }
  };
}

/** Of every resource, and its own. */
export const argNamesOf = <Spec>({ args }: ResourceDefinition<Spec>): string[] => ["host", "adopt", ...args];

/** What is there already, and not to be taken over. */
export const inTheWay = <Spec>(
  { claims }: ResourceDefinition<Spec>,
  desired: HostState,
  observed: Observed,
  inputs: Properties,
  host: string,
): string[] =>
  inputs["adopt"] === true ? [] : conflicts(claims(desired), observed, markOf(inputs[URN] as string), host);

/** Inputs that cannot be rendered now: what was completed before stays, so that nothing seems to be replaced. */
function incomplete<Spec>(definition: ResourceDefinition<Spec>, spec: Spec, given: Props, olds: Props): Props {
  const name = (spec as { name?: string }).name;
  return clean({
    ...(definition.args.includes("name") && { name }),
    ...pick(olds, [...definition.args, FOUND]),
    ...given,
  });
}

const unknown = (keys: readonly string[]): Props => Object.fromEntries(keys.map((key) => [key, UNKNOWN]));
