import { readFileSync } from "node:fs";
import { type AnyAuthMethod, type BaseAgent, createAgent, type ParsedKey, utils } from "ssh2";
import { HostError } from "../errors";
import { command } from "../shell";
import { expandHome, tildePath } from "./home";
import type { Destination } from "./sshConfig";

export interface Credentials {
  /** In the order in which they are offered, each once. */
  readonly offers: readonly { readonly label: string; readonly method: AnyAuthMethod }[];
  /** What was found and could not be used, and why. */
  readonly unusable: readonly string[];
}

/** The text of a key as it begins, not the path of its file. */
const KEY_TEXT = /-----BEGIN |PuTTY-User-Key-File/;

/**
 * All that we may log in with. The key that was chosen goes first: sshd hangs up after MaxAuthTries (6) keys, and an agent may hold
 * more. A chosen key that cannot be used is an error; the user's own keys are just taken where they can be.
 */
export async function gatherCredentials(connection: Destination): Promise<Credentials> {
  const { user: username, password } = connection;
  const offers: Credentials["offers"][number][] = [];
  const unusable: string[] = [];
  const chosen = connection.privateKey === undefined ? undefined : chosenKey(connection, connection.privateKey);
  if (chosen) offers.push({ label: chosen.label, method: { type: "publickey", username, key: chosen.key } });

  const agent = await openAgent(connection, unusable);
  // As ssh(1) has IdentitiesOnly: an agent may hold more keys than the host lets one try.
  if (agent && agent.keys.length > 0 && !connection.identitiesOnly) {
    const names = agent.keys.map(({ comment, type }) => comment || type).join(", ");
    const label = `agent ${agent.path} (${agent.keys.length === 1 ? "1 key" : `${agent.keys.length} keys`}: ${names})`;
    offers.push({ label, method: { type: "agent", username, agent: agent.agent } });
  }
  for (const file of chosen ? [] : connection.identityFiles) {
    const path = tildePath(file);
    const key = ownKey(path, connection.passphrase);
    if (typeof key === "string") unusable.push(`${path} (${key})`);
    else if (key && !agent?.keys.some((held) => held.getPublicSSH().equals(key.getPublicSSH())))
      offers.push({ label: path, method: { type: "publickey", username, key } });
  }
  if (password !== undefined) {
    offers.push({ label: "password", method: { type: "password", username, password } });
    offers.push({ label: "keyboard-interactive", method: keyboardInteractive(username, password) });
  }
  return { offers, unusable };
}

/** PAM asks for the password this way. What it shows while being typed is no password, and gets no answer. */
const keyboardInteractive = (username: string, password: string): AnyAuthMethod => ({
  type: "keyboard-interactive",
  username,
  prompt: (_name, _instructions, _language, prompts, answer) =>
    answer(prompts.map(({ echo }) => (echo ? "" : password))),
});

async function openAgent({ agent, connectTimeout }: Destination, unusable: string[]) {
  const path = agent;
  if (path === undefined) return undefined;
  const opened: BaseAgent = createAgent(path);
  // An agent may wait for its user, or hang; some of the time is then left to try the rest.
  let timer: NodeJS.Timeout | undefined;
  try {
    const keys = await new Promise<ParsedKey[]>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error("does not answer")), (connectTimeout * 1000) / 3);
      opened.getIdentities((error, keys) => (error ? reject(error) : resolve((keys ?? []) as ParsedKey[])));
    });
    if (keys.length === 0) unusable.push(`agent ${path} (holds no key)`);
    return { path, agent: opened, keys };
  } catch (error) {
    unusable.push(`agent ${path} (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** The key in `privateKey`, opened; or an error that does not show it. */
export function chosenKey(connection: Destination, textOrPath: string): { label: string; key: ParsedKey } {
  const isText = KEY_TEXT.test(textOrPath);
  const label = isText ? "the key in `privateKey`" : tildePath(textOrPath);
  const refuse = (reason: string): never => {
    throw new HostError("authentication", `cannot log in to ${connection.name}: ${reason}`);
  };
  // What is neither must not be shown: it may be a key that lost its first line.
  if (!isText && (textOrPath.length > 200 || /[\r\n]/.test(textOrPath)))
    return refuse("`privateKey` is neither the text of a private key (-----BEGIN …) nor the path of its file");
  const text = isText ? textOrPath : readKey(textOrPath, refuse);
  const key = parseKey(text, connection.passphrase);
  if (key instanceof Error) return refuse(`${label} ${problem(key, isText ? "KEYFILE" : textOrPath)}`);
  return { label, key };
}

function readKey(path: string, refuse: (reason: string) => never): string {
  try {
    return readFileSync(expandHome(path), "utf8");
  } catch (error) {
    return refuse(`the private key ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** The key, why it cannot be used, or undefined where there is none. */
function ownKey(path: string, passphrase: string | undefined): ParsedKey | string | undefined {
  let text: string;
  try {
    text = readFileSync(expandHome(path), "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : code;
  }
  const key = parseKey(text, passphrase);
  return key instanceof Error ? problem(key, path) : key;
}

function parseKey(text: string, passphrase: string | undefined): ParsedKey | Error {
  // A key from an environment variable or a web form has often lost its last line break, or got carriage returns.
  const parsed = utils.parseKey(`${text.replaceAll("\r\n", "\n").trim()}\n`, passphrase) as
    ParsedKey | ParsedKey[] | Error;
  const key = Array.isArray(parsed) ? parsed[0]! : parsed;
  return key instanceof Error || key.isPrivateKey() ? key : new Error("public key");
}

/** In our words: the library's are about formats. */
function problem({ message }: Error, path: string): string {
  if (/no passphrase given/.test(message)) return "is encrypted: set `passphrase`, or add the key to the agent";
  if (/bad passphrase/i.test(message)) return "is encrypted, and `passphrase` does not open it";
  if (message === "public key") return "is a public key; the private one is needed";
  return `is no private key that can be read here; \`${command("ssh-keygen", "-p", "-f", expandHome(path))}\` turns other formats into OpenSSH's`;
}
