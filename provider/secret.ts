import { HostError } from "./errors";

type Props = Record<string, unknown>;

/** The hidden input by which the SDK says that an argument is a secret: the engine takes the mark away before it asks us, and puts it back on that argument alone. */
export const SECRET = "__secret";
/** Texts of the host's files, or made from them. */
const ALWAYS = ["__found", "__desired", "__before"];
const NEVER = ["__provider", "__urn", SECRET];

/** As the engine has a secret on the wire: it is encrypted in the state (specialSigKey and SecretSig in pulumi's sdk/go/common/resource). */
const sealed = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

/** Properties on their way to the engine: where an argument is a secret, all but what is `plain` is one. */
export function seal(props: Props, plain: readonly string[]): Props {
  const isSecret = (key: string) =>
    ALWAYS.includes(key) || (props[SECRET] === true && ![...NEVER, ...plain].includes(key));
  return Object.fromEntries(Object.entries(props).map(([key, value]) => [key, isSecret(key) ? sealed(value) : value]));
}

/** What is said in the place of a text that could tell a secret argument. */
export const unsaid = "not said, since an argument of this resource is a secret";

/** Why something failed, without a text that could tell a secret argument; how the host is now is said. */
export function discreet({ kind, message }: HostError): string {
  if (kind !== "failed" && kind !== "conflict" && kind !== "stale") return message; // it is of the connection
  const now = /rolled back; nothing changed|nothing was touched/.exec(message)?.[0];
  return `why is ${unsaid} (${now ?? "`pulumi refresh` shows how the host is"})`;
}
