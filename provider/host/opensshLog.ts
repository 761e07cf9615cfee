import { readFileSync } from "node:fs";
import { HostError } from "../errors";
import { HostKeyPolicy } from "./hostKey";
import { tildePath } from "./home";
import { LoginErrors, newProgress, type LoginProgress } from "./loginErrors";
import type { Destination } from "./sshConfig";

/** What ssh(1) says with -v, read for how far it came and why it failed. OpenSSH translates none of it. */
export class OpensshLog {
  constructor(
    private readonly destination: Destination,
    readonly path: string,
    /** What the ssh of each jump host says, or a ProxyCommand. */
    readonly jumps: string,
  ) {}

  timedOut(): HostError {
    const errors = new LoginErrors(this.destination, progress(read(this.path)));
    return this.withJumps(errors.timedOut());
  }

  failed(): HostError {
    const lines = read(this.path);
    const at = progress(lines);
    const errors = new LoginErrors(this.destination, at);
    const text = spoken(lines).join("; ");
    const refused = notLetIn(this.destination, lines);
    if (refused) return refused;
    if (/timed out/.test(text) && at.step !== "login") return this.withJumps(errors.timedOut());
    if (/no matching .* found/.test(text)) return errors.unreachable(text);
    return this.jumpFailed(errors) ?? errors.lost(Object.assign(new Error(text || "ssh says nothing"), codeOf(text)));
  }

  /** Why a connection that was logged in has ended. */
  lost(): Error {
    const last = spoken(read(this.path)).at(-1) ?? "the connection was closed";
    return new Error(/not responding/.test(last) ? "no sign of life for 15 s" : last.replace(/\.$/, ""));
  }

  /** What happened before the host itself was heard. */
  private jumpFailed(errors: LoginErrors): HostError | undefined {
    const { jumps, name } = this.destination;
    const lines = read(this.jumps);
    const text = spoken(lines).join("; ");
    if (text === "") return undefined;
    // One jump host logs in after the other: the last one that was spoken to is the one that failed.
    const begin = lines.findLastIndex((line) => /Authenticating to /.test(line));
    const [, address, port] = /Authenticating to (.*):(\d+) as/.exec(lines[begin] ?? "") ?? [];
    const jump = jumps.find((jump) => jump.address === address && jump.port === Number(port));
    const refused = jump && notLetIn(jump, lines.slice(begin));
    return (
      refused ??
      errors.unreachable(`${jumps.length > 0 ? "a jump host" : "ProxyCommand"} of ${name} (ssh_config) says: ${text}`)
    );
  }

  private withJumps(error: HostError): HostError {
    const text = spoken(read(this.jumps)).join("; ");
    return text === "" ? error : new HostError(error.kind, `${error.message} On the way: ${text}`);
  }
}

function read(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split(/\r?\n/);
  } catch {
    return [];
  }
}

/** Whether it is not the right host, or does not let us in. */
function notLetIn(destination: Destination, lines: readonly string[]): HostError | undefined {
  const text = lines.join("\n");
  if (/Host key verification failed/.test(text)) return wrongHost(destination, text);
  const said = spoken(lines).join("; ");
  if (!/Permission denied|Too many authentication failures|authentication methods|Authentication failed/.test(said))
    return undefined;
  const at = progress(lines);
  if (destination.password !== undefined) at.unusable = ["`password` (the system's ssh takes none: it is for sudo)"];
  return new LoginErrors(destination, at).notLetIn(new Error(said));
}

function wrongHost(destination: Destination, text: string): HostError {
  const [, type = "of an unknown type", fingerprint = ""] = /Server host key: (\S+) (\S+)/.exec(text) ?? [];
  const policy = new HostKeyPolicy(destination);
  if (destination.hostKey !== undefined) return policy.notPinned({ type, fingerprint });
  const [, offending] = /Offending .*key in (.*)/.exec(text) ?? [];
  const verdict = /revoked/i.test(text) ? "revoked" : /HAS CHANGED/.test(text) ? "changed" : "unknown";
  const error = policy.refused(verdict, { type, fingerprint }, offending && tildePath(offending));
  const certificate = /Certificate invalid.*|certificate .*(expired|not yet valid).*/i.exec(text)?.[0];
  return certificate ? new HostError(error.kind, `${error.message} (${certificate})`) : error;
}

/** What is said to a person, less the frames and the advice. */
const spoken = (lines: readonly string[]) =>
  lines.filter(
    (line) =>
      line.trim() && !/^(debug\d:|OpenSSH_|@|Warning: Permanently added|Authenticated to |Killed by signal)/.test(line),
  );

const codeOf = (text: string) =>
  /Connection refused/.test(text)
    ? { code: "ECONNREFUSED" }
    : /Could not resolve hostname/.test(text)
      ? { code: "ENOTFOUND" }
      : {};

function progress(lines: readonly string[]): LoginProgress {
  const at = newProgress();
  const steps: readonly (readonly [RegExp, (match: RegExpExecArray) => void])[] = [
    [/Connecting to \S+ \[(.*)\] port/, (match) => ((at.step = "tcp"), at.addresses.push(match[1]!))],
    [/Executing proxy command/, () => (at.step = "tcp")],
    [/Connection established|Local version string/, () => (at.step = "key exchange")],
    [/Remote protocol version/, () => (at.heard = true)],
    [/SSH2_MSG_NEWKEYS received/, () => (at.step = "login")],
    [/Offering public key: (.*?) \S+ SHA256:\S+(.*)/, (match) => at.tried.push(`${match[1]}${match[2]!.includes("agent") ? " (agent)" : ""}`)],
    [/Next authentication method: (?!publickey)(.*)/, (match) => at.tried.push(match[1]!)],
    [/Authentications that can continue: (.*)/, (match) => (at.accepted = match[1]!.split(","))],
  ]; // prettier-ignore
  for (const line of lines)
    for (const [expression, read] of steps) {
      const match = expression.exec(line);
      if (match) read(match);
    }
  return at;
}
