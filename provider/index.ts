import { parseConnections, type Connections } from "./host/connection";
import { endWithEngine } from "./host/engine";
import { log } from "./host/log";
import { HostSession } from "./host/session";
import { SshTransport } from "./host/ssh";
import { lifecycle } from "./lifecycle";
import { UNKNOWN } from "./parse";
import type { ResourceDefinition } from "./resource";
import { bridge as bridgeDefinition } from "./resources/bridge";
import { bridgeNetfilter as bridgeNetfilterDefinition } from "./resources/bridgeNetfilter";
import { guestInterface as guestInterfaceDefinition } from "./resources/guestInterface";
import * as networks from "./resources/networks";
import { sysctlForwarding as sysctlForwardingDefinition } from "./resources/sysctlForwarding";
import { seal } from "./secret";

/**
 * The engine-side half: what the constant `__provider` of every resource (sdk/resource.ts) asks for by name. One process serves one
 * Provider, so the configuration and the hosts' sessions are the process's own.
 */
let get: (key: string) => string | undefined = () => undefined;
let connections: Connections | undefined;
const sessions = new Map<string, HostSession>();

/** Lazily and again after a failure: the engine calls configure once, does not wait for it, and a bad config has to be said by every resource. */
function session(host: string | undefined): HostSession {
  endWithEngine(() => Promise.allSettled([...sessions.values()].map((session) => session.end())));
  connections ??= parseConnections(get);
  const connection = connections.get(host);
  let found = sessions.get(connection.name);
  if (!found) {
    found = new HostSession(
      new SshTransport(connection, log.debug),
      connection.confirmTimeout,
      connections.names.length > 1,
    );
    sessions.set(connection.name, found);
  }
  return found;
}

type Props = Record<string, unknown>;

/** The lifecycle as the engine's process has it: what it returns is sealed on its way (secret.ts), also what a change that failed had made. */
function handler<Spec>(definition: ResourceDefinition<Spec>) {
  const { check, create, update, read, ...rest } = lifecycle(definition, session);
  // An argument keeps the mark that it has, and what is not known yet is no secret.
  const sealed = (props: Props) =>
    seal(props, ["host", "adopt", ...definition.args, ...Object.keys(props).filter((key) => props[key] === UNKNOWN)]);
  const partly = (error: unknown): never => {
    if (error instanceof Error && "properties" in error) error.properties = sealed(error.properties as Props);
    throw error;
  };
  return {
    ...rest,
    check: async (olds: Props, news: Props) => {
      const { inputs, ...failures } = await check(olds, news);
      return { inputs: sealed(inputs), ...failures };
    },
    create: (inputs: Props) => create(inputs).then(({ id, outs }) => ({ id, outs: sealed(outs) }), partly),
    update: (id: string, olds: Props, news: Props) =>
      update(id, olds, news).then(({ outs }) => ({ outs: sealed(outs) }), partly),
    read: async (id: string, props: Props) => {
      const found = await read(id, props);
      if (found.props === undefined) return found;
      return { id: found.id, props: sealed(found.props), inputs: sealed(found.inputs) };
    },
    configure: (request: { config: { get(key: string): string | undefined } }) => {
      get = (key) => request.config.get(key);
    },
  };
}

export const bridge = handler(bridgeDefinition);
export const natNetwork = handler(networks.natNetwork);
export const routedNetwork = handler(networks.routedNetwork);
export const openNetwork = handler(networks.openNetwork);
export const hostOnlyNetwork = handler(networks.hostOnlyNetwork);
export const isolatedNetwork = handler(networks.isolatedNetwork);
export const bridgedNetwork = handler(networks.bridgedNetwork);
export const guestInterface = handler(guestInterfaceDefinition);
export const sysctlForwarding = handler(sysctlForwardingDefinition);
export const bridgeNetfilter = handler(bridgeNetfilterDefinition);
