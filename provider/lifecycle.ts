import { argNamesOf, checkOf, inTheWay } from "./check";
import { foreign } from "./conflicts";
import { ArgumentError, HostError } from "./errors";
import type { Observed } from "./facts";
import { givingBack } from "./givingBack";
import { log } from "./host/log";
import type { HostSession } from "./host/session";
import { collections, differences, equal, overlay, without, type Difference, type HostState } from "./hostState";
import { keepsake, keptOf, markOf, nameOf, type Kept } from "./mark";
import { capture, project } from "./project";
import type { ResourceDefinition } from "./resource";
import { discreet, SECRET, unsaid } from "./secret";
import { BEFORE, clean, DESIRED, FOUND, pick, UNREACHED, URN, type Props } from "./stateProperties";

type Sessions = (host: string | undefined) => HostSession;

/**
 * What Pulumi asks of a resource, written once for all of them: check renders, diff compares, create and update reconcile the host with
 * what check rendered, read says what the host holds, delete gives back what was there before.
 */
export function lifecycle<Spec>(definition: ResourceDefinition<Spec>, sessions: Sessions) {
  const argNames = argNamesOf(definition);
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
            const obstacles = inTheWay(definition, rendered, now, inputs, session.host);
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

  return { check: checkOf(definition, sessions), diff, create, update, read, delete: remove };
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

/** `is`, but only what `like` has an opinion on. */
function shaped(like: unknown, is: unknown): unknown {
  const isRecord = (value: unknown): value is Props =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isRecord(like) || !isRecord(is)) return is ?? null;
  return Object.fromEntries(Object.keys(like).map((key) => [key, shaped(like[key], is[key])]));
}

const say = ({ path, wanted, found }: Difference) =>
  `${path.join(".")} is ${JSON.stringify(found)}, wanted ${JSON.stringify(wanted)}`;

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
