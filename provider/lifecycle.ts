import { ArgumentError, HostError, type ArgumentProblem } from "./errors";
import type { Observed } from "./facts";
import { conflicts, foreign } from "./conflicts";
import { givingBack } from "./givingBack";
import { collections, differences, equal, overlay, without, type Difference, type HostState } from "./hostState";
import { disturbs, sayDisruption } from "./disruption";
import { hazardWarning } from "./hazard";
import { log } from "./host/log";
import type { HostSession } from "./host/session";
import { isMarked, keepsake, keptOf, markOf, nameOf, type Kept } from "./mark";
import { Arguments, hasUnknown, UNKNOWN } from "./parse";
import { capture, project } from "./project";
import type { Context, Properties, ResourceDefinition } from "./resource";
import { review } from "./review";
import { discreet, SECRET, unsaid } from "./secret";

type Props = Record<string, unknown>;
type Sessions = (host: string | undefined) => HostSession;

/** The hidden properties. Pulumi shows none that begins with `__`, and none of them counts in a comparison. */
const URN = "__urn";
/** What was found on the host when the resource was first rendered: an input, so that every later check renders from the same. */
const FOUND = "__found";
/** What the resource last made of the host: the shape in which a refresh reads it. */
const DESIRED = "__desired";
/** The host could not be reached when this was checked: nothing of it is rendered. */
const UNREACHED = "__unreached";
/** What the resource replaced, to be given back. A secret (sdk/resource.ts). */
const BEFORE = "__before";

/**
 * What Pulumi asks of a resource, written once for all of them: check renders, diff compares, create and update reconcile the host with
 * what check rendered, read says what the host holds, delete gives back what was there before.
 */
export function lifecycle<Spec>(definition: ResourceDefinition<Spec>, sessions: Sessions) {
  const argNames = ["host", "adopt", ...definition.args];
  const made = [...definition.renders, ...(definition.known ?? [])];
  /** The engine checks a replacement twice, the second time as if it were new: what the first knew of the old one still holds. */
  const replaced = new Map<string, Props>();

  const check = async (olds: Props, news: Props): Promise<{ inputs: Props; failures?: ArgumentProblem[] }> => {
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
      const obstacles = isNew && problems.length === 0 ? inTheWay(desired, observed, given, urn, session.host) : [];
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

  /** What the host keeps of this resource is in the state, or on its way there. */
  const tell = (session: HostSession, urn: string, { kept }: Observed) => {
    const text = kept?.[keepsake(urn)];
    if (text !== undefined) session.told.set(keepsake(urn), text);
  };

  /** What a run that was killed kept, though its outcome had come to be in the state. */
  const forgetKnown = (olds: Props): void => {
    const urn = String(olds[URN] ?? "");
    const session = sessions(olds["host"] as string | undefined);
    const kept = session.initial && keptOf(session.initial, urn);
    const inState = { found: olds[FOUND], before: olds[BEFORE], desired: olds[DESIRED] };
    if (equal(kept, inState)) tell(session, urn, session.initial!);
  };

  const inTheWay = (desired: HostState, observed: Observed, inputs: Props, urn: string, host: string) =>
    inputs["adopt"] === true ? [] : conflicts(definition.claims(desired), observed, markOf(urn), host);

  const diff = (_id: string, olds: Props, news: Props) => {
    const keys = [...argNames, ...collections];
    // What was made from a secret is one in the state when it is written there the next time.
    const isMarked = olds[SECRET] !== news[SECRET];
    const changed = keys.filter((key) => !equal(olds[key] ?? undefined, news[key] ?? undefined) && !(key === "adopt"));
    const replaces = changed.filter((key) => key === "host" || definition.replaceOn.includes(key));
    if (equal(olds["host"], news["host"])) forgetKnown(olds);
    // Two of one name cannot be on a host at a time.
    return Promise.resolve({
      changes: changed.length > 0 || isMarked,
      replaces,
      deleteBeforeReplace: replaces.length > 0,
    });
  };

  const create = (inputs: Props) => act("create", inputs, undefined);

  const update = (_id: string, olds: Props, news: Props) => act("update", news, olds).then(({ outs }) => ({ outs }));

  const act = (verb: "create" | "update", inputs: Props, olds: Props | undefined) =>
    told(verb, inputs, async (session, urn) => {
      const rendered = pick(inputs, collections) as HostState;
      let before: HostState = {};
      await session.observe();
      if (inputs[UNREACHED])
        throw new HostError("unreachable", "the host could not be reached when this was planned; nothing was touched. Run it again."); // prettier-ignore
      const observed = await session.change({
        title: `${verb} ${definition.type} ${JSON.stringify(nameOf(urn))}`,
        onProgress: progressOf(inputs, urn),
        ...(definition.sideEffects && { sideEffects: definition.sideEffects(rendered) }),
        keep: () => ({
          name: keepsake(urn),
          text: JSON.stringify({ found: inputs[FOUND], before, desired: rendered } satisfies Kept),
        }),
        desired: (now) => {
          heard(rendered, now, session.host);
          const missing = definition.missing?.(inputs, now) ?? [];
          if (missing.length > 0)
            throw new HostError(
              "conflict",
              `${missing.join(", and ")} on ${session.host}; nothing was touched. Make it first, or take this resource out of the program.`,
            );
          if (!olds) {
            const obstacles = inTheWay(rendered, now, inputs, urn, session.host);
            if (obstacles.length > 0) throw new HostError("conflict", `${obstacles.join("; ")} (nothing was touched)`);
          }
          const old = (olds?.[DESIRED] as HostState | undefined) ?? {};
          const dropped = without(old, rendered);
          const found = prior(session, now, rendered);
          before = overlay(
            olds ? found : foreign(found, rendered, markOf(urn)),
            overlay(keptOf(now, urn)?.before ?? {}, (olds?.[BEFORE] as HostState | undefined) ?? {}),
          );
          return overlay(givingBack(dropped, before, now, rendered), rendered);
        },
      });
      tell(session, urn, observed);
      const outs: Props = clean({
        ...inputs,
        ...definition.compute(inputs, observed),
        [DESIRED]: rendered,
        [BEFORE]: before,
      });
      const left = differences(rendered, project(observed, rendered));
      const id = definition.id(inputs);
      if (left.length > 0) {
        const message = unable(
          verb,
          definition.type,
          urn,
          session.host,
          `${inputs[SECRET] === true ? `the host is not as wanted; where is ${unsaid}` : left.map(say).join("; ")} (the change was made, the host does not show it; \`pulumi refresh\` and \`pulumi up\` try again)`,
        );
        throw Object.assign(new Error(message), {
          id,
          properties: { ...outs, __provider: inputs["__provider"] },
          reasons: inputs[SECRET] === true ? [unsaid] : left.map(say),
        });
      }
      return { id, outs };
    });

  /** What the change replaces, sysctls as they were before any side effect of this operation. */
  const prior = (session: HostSession, now: Observed, desired: HostState): HostState => {
    const side = definition.sideEffects?.(desired) ?? {};
    const first = session.initial ?? now;
    return {
      ...capture(now, desired),
      ...((desired.sysctls ?? side.sysctls) && {
        sysctls: capture(first, { sysctls: { ...side.sysctls, ...desired.sysctls } }).sysctls!,
      }),
    };
  };

  const read = (id: string, props: Props) =>
    told("read", props, async (session) => {
      const observed = await session.observe();
      const desired = props[DESIRED] as HostState;
      heard(desired, observed, session.host);
      const is = project(observed, desired);
      const before = (props[BEFORE] as HostState | undefined) ?? {};
      const nothing = (state: HostState) =>
        collections.every((key) => Object.values(state[key] ?? {}).every((value) => value === null));
      // Gone, and nothing to give back: a refresh forgets it, and the next update makes it anew.
      if (nothing(is) && nothing(before)) return {};
      const live = Object.fromEntries(
        collections.flatMap((key) => (desired[key] ? [[key, shaped(desired[key], is[key])]] : [])),
      );
      const inputs = clean({ ...pick(props, [...argNames, ...(definition.known ?? []), URN, FOUND, SECRET]), ...live });
      return { id, props: clean({ ...props, ...live, ...definition.compute(props, observed) }), inputs };
    });

  const remove = (_id: string, props: Props): Promise<void> =>
    told("delete", props, async (session, urn) => {
      const desired = props[DESIRED] as HostState;
      const before = (props[BEFORE] as HostState | undefined) ?? {};
      await session.change({
        title: `delete ${definition.type} ${JSON.stringify(nameOf(urn))}`,
        onProgress: progressOf(props, urn),
        desired: (now) => {
          heard(desired, now, session.host);
          const cut = keptOf(now, urn);
          const made = overlay(desired, cut?.desired ?? {});
          const found = overlay(cut?.before ?? {}, before);
          const sysctls = Object.entries(found.sysctls ?? {}).map(
            ([key, value]) => [key, session.owed.get(key) ?? value] as const,
          );
          const back = givingBack(made, overlay(found, { sysctls: Object.fromEntries(sysctls) }), now);
          const users = definition.users?.(going(made, back), now) ?? [];
          if (users.length > 0)
            throw new HostError(
              "conflict",
              `${users.join(", ")} on ${session.host} still use${users.length > 1 ? "" : "s"} it; detach or shut down first what is not of this stack (nothing was touched)`,
            );
          for (const [key, value] of sysctls)
            if (value !== null && back.sysctls?.[key] === undefined) session.owed.set(key, value);
          return back;
        },
        keep: () => ({ name: keepsake(urn) }),
      });
    });

  /** Errors in one grammar: what failed, on which resource and host, why, and how the host is now. */
  const told = async <T>(
    verb: string,
    props: Props,
    work: (session: HostSession, urn: string) => Promise<T>,
  ): Promise<T> => {
    const urn = String(props[URN] ?? "");
    let host = "the host";
    try {
      const session = sessions(props["host"] as string | undefined);
      host = session.host;
      return await work(session, urn);
    } catch (error) {
      if (error instanceof Error && "properties" in error) throw error;
      if (!(error instanceof HostError) && !(error instanceof ArgumentError)) throw error;
      const told = new Error(unable(verb, definition.type, urn, host, reasonOf(error, props)), { cause: error });
      // The engine prints the stack of what read and delete throw; whoever is on call has no use for it.
      told.stack = "";
      throw told;
    }
  };

  return { check, diff, create, update, read, delete: remove };
}

const reasonOf = (error: HostError | ArgumentError, props: Props): string => {
  if (props[SECRET] !== true) return error.message;
  return error instanceof HostError ? discreet(error) : `why is ${unsaid}`;
};

const progressOf = (props: Props, urn: string) => (message: string) =>
  void (props[SECRET] === true || log.status(urn, message));

const unable = (verb: string, type: string, urn: string, host: string, why: string) =>
  `Unable to ${verb} ${type} ${JSON.stringify(nameOf(urn))} on ${host}: ${why}`;

/** What libvirt does not speak of is not gone. */
function heard({ networks, interfaces, reservations }: HostState, { facts }: Observed, host: string): void {
  if (facts.libvirtError !== undefined && (networks ?? interfaces ?? reservations))
    throw new HostError("failed", `libvirt of ${host} does not answer: ${facts.libvirtError} (nothing was touched)`);
}

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

/** `is`, but only what `like` has an opinion on. */
function shaped(like: unknown, is: unknown): unknown {
  const isRecord = (value: unknown): value is Props =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isRecord(like) || !isRecord(is)) return is ?? null;
  return Object.fromEntries(Object.keys(like).map((key) => [key, shaped(like[key], is[key])]));
}

const say = ({ path, wanted, found }: Difference) =>
  `${path.join(".")} is ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`;

const pick = (props: Properties, keys: readonly string[]): Props =>
  Object.fromEntries(keys.flatMap((key) => (props[key] === undefined ? [] : [[key, props[key]]])));

/** Of `made` what goes, or stops, with what is given back. What was there before may have users: it stays. */
const going = (made: HostState, back: HostState): HostState =>
  Object.fromEntries(
    collections.map((key) => {
      const goes = (name: string) => {
        const value = back[key]?.[name] as { active?: boolean } | null | undefined;
        return value === null || value?.active === false;
      };
      return [key, Object.fromEntries(Object.entries(made[key] ?? {}).filter(([name]) => goes(name)))];
    }),
  );

/** Plain JSON: what is undefined would fail in the engine after the work was done. */
const clean = (props: Props): Props => JSON.parse(JSON.stringify(props)) as Props;
