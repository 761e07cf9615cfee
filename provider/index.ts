import { parseConnections, type Connections } from "./host/connection";
import { endWithEngine } from "./host/engine";
import { log } from "./host/log";
import { HostSession } from "./host/session";
import { SshTransport } from "./host/ssh";
import { lifecycle } from "./lifecycle";
import type { ResourceDefinition } from "./resource";
import { bridge as bridgeDefinition } from "./resources/bridge";
import { bridgeNetfilter as bridgeNetfilterDefinition } from "./resources/bridgeNetfilter";
import { guestInterface as guestInterfaceDefinition } from "./resources/guestInterface";
import { natNetwork as natNetworkDefinition } from "./resources/natNetwork";
import { sysctlForwarding as sysctlForwardingDefinition } from "./resources/sysctlForwarding";

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

const handler = <Spec>(definition: ResourceDefinition<Spec>) => ({
  ...lifecycle(definition, session),
  configure: (request: { config: { get(key: string): string | undefined } }) => {
    get = (key) => request.config.get(key);
  },
});

export const bridge = handler(bridgeDefinition);
export const natNetwork = handler(natNetworkDefinition);
export const guestInterface = handler(guestInterfaceDefinition);
export const sysctlForwarding = handler(sysctlForwardingDefinition);
export const bridgeNetfilter = handler(bridgeNetfilterDefinition);
