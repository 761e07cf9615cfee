import type * as pulumi from "@pulumi/pulumi";
import { output, secret } from "@pulumi/pulumi/output";
import { ProviderResource } from "@pulumi/pulumi/resource";

/**
 * How one host is reached. Everything may be left out: then it is as `ssh HOST` would have it, from `~/.ssh/config`
 * (ssh_config(5), with `Include` and `Match`) and the user's own keys, agent and known_hosts. Jump hosts (`ProxyJump`) are taken from
 * there too, each with its own user, port, key and host key check; what is said here holds for the host alone. Certificates, FIDO keys,
 * GSSAPI and `ProxyCommand` take the system's `ssh`. All of it, and the errors: docs/connection.md of this package's repository.
 */
export interface ConnectionArgs {
  /** Name or address of the host, or an alias of `~/.ssh/config`. In a fleet the default is the host's key in `hosts`. */
  host?: pulumi.Input<string | undefined>;
  /** TCP port of sshd. Default: `Port` of ssh_config(5), else 22. */
  port?: pulumi.Input<number | undefined>;
  /** Who logs in: root, or one who may become root with sudo. Default: `User` of ssh_config(5), else the local user. */
  user?: pulumi.Input<string | undefined>;
  /**
   * Password of the user, to log in and for sudo; one line. Always a secret in the state. Default: none; keys and the agent are tried.
   * Where the system's `ssh` is taken for `ProxyCommand` or a host's certificate, it is for sudo alone.
   */
  password?: pulumi.Input<string | undefined>;
  /**
   * Private key: its text, or the path of its file. Always a secret in the state. Default: `IdentityFile` of ssh_config(5),
   * else the user's own keys. Refused where it cannot be read, or is encrypted and `passphrase` is missing. A certificate beside its
   * file (`PATH-cert.pub`) is used.
   */
  privateKey?: pulumi.Input<string | undefined>;
  /** Passphrase of `privateKey`. Always a secret in the state. */
  passphrase?: pulumi.Input<string | undefined>;
  /** Socket of the SSH agent, or `none`. Default: `IdentityAgent` of ssh_config(5), else `SSH_AUTH_SOCK`. */
  agent?: pulumi.Input<string | undefined>;
  /**
   * The host's public key as known_hosts has it (`ssh-ed25519 AAAA…`): nothing else is then accepted. Default: what
   * `knownHosts` says. Its fingerprint (`SHA256:…`) does as well, but not where the system's `ssh` is taken. A key that is unknown or has
   * changed is an error that says how to accept it, never a silent yes; an unknown host is written into known_hosts only where
   * ssh_config(5) says `StrictHostKeyChecking accept-new`.
   */
  hostKey?: pulumi.Input<string | undefined>;
  /** Path of a known_hosts file; hashed entries, `@revoked` and `@cert-authority` too. Default: `UserKnownHostsFile` of ssh_config(5), else `~/.ssh/known_hosts`. */
  knownHosts?: pulumi.Input<string | undefined>;
  /** Become root with sudo(8), with `password` where sudo asks for one. Default: where the user is not root. */
  sudo?: pulumi.Input<boolean | undefined>;
  /**
   * Seconds until a host that does not answer is given up, jump hosts included; the error says what was tried. Default: `ConnectTimeout` of
   * ssh_config(5), else 10.
   */
  connectTimeout?: pulumi.Input<number | undefined>;
  /**
   * Seconds in which a change of the path that this very connection uses must be confirmed over a new one; else the host goes
   * back by itself to what it had. The time until a bridge forwards (its forward delay, twice with STP) is added. Default: 60.
   */
  confirmTimeout?: pulumi.Input<number | undefined>;
}

/** One host (`host`), or a fleet (`hosts`); both at once are refused. */
export interface ProviderArgs extends ConnectionArgs {
  /**
   * A fleet: name → how that host is reached (`{}` is enough for one that `ssh NAME` reaches). Resources choose theirs by
   * `host`. Arguments beside `hosts` hold for every host that does not say otherwise. One provider for the fleet, not one
   * per host: each is a process of its own, of some 130 MB.
   */
  hosts?: pulumi.Input<Record<string, pulumi.Input<ConnectionArgs>> | undefined>;
}

/**
 * The KVM host, or the fleet of them, that resources are made on. Nothing is installed there; all goes over SSH.
 *
 * Without an explicit provider the stack's config is used, by the same names: `pulumi config set kvmnet:host kvm1.lab`,
 * `pulumi config set --secret kvmnet:password …`, `pulumi config set --path 'kvmnet:hosts.kvm1.user' root`.
 *
 * @example
 * ```ts
 * const kvm1 = new kvmnet.Provider("kvm1", { host: "kvm1.lab" });
 * new kvmnet.Bridge("br0", { ports: ["eth0"] }, { provider: kvm1 });
 *
 * const fleet = new kvmnet.Provider("fleet", { user: "admin", hosts: { kvm1: {}, kvm2: { host: "10.0.0.12" } } });
 * new kvmnet.Bridge("kvm2-br0", { host: "kvm2", name: "br0", ports: ["eth0"] }, { provider: fleet });
 * ```
 */
export class Provider extends ProviderResource {
  constructor(name: string, args: ProviderArgs, opts?: pulumi.ResourceOptions) {
    // The package of every dynamic resource: its process gets these as its config. Names as in the stack's config.
    super("pulumi-nodejs", name, config(args), opts);
  }
}

const secrets: readonly (keyof ConnectionArgs)[] = ["password", "privateKey", "passphrase"];

/** Every value as text: that is what a stack's config holds, so the handler reads one form. */
function config({ hosts, ...connection }: ProviderArgs): pulumi.Inputs {
  const inputs: pulumi.Inputs = {};
  for (const [key, value] of Object.entries(connection)) {
    if (value === undefined) continue;
    const hidden = secrets.some((name) => name === key);
    inputs[`kvmnet:${key}`] = output(value as pulumi.Input<string>).apply((known) => text(known, String, hidden));
  }
  // One text for the whole fleet, secret if a part of it is: the engine unwraps only top-level secrets for `configure`.
  if (hosts !== undefined) {
    inputs["kvmnet:hosts"] = output(hosts).apply((known) => {
      const hidden = Object.values(known ?? {}).some((host) => secrets.some((name) => host[name] !== undefined));
      return text(known, JSON.stringify, hidden);
    });
  }
  return inputs;
}

/** Marked secret only where there is something to hide: a secret undefined would reach the engine as a null. */
function text(value: unknown, format: (value: unknown) => string, hidden: boolean): pulumi.Output<string | undefined> {
  if (value === undefined) return output(undefined);
  return hidden ? secret(format(value)) : output(format(value));
}
