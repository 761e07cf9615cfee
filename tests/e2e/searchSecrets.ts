import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The ways in which a text comes to stand where it should not: as it is, line by line, in a quoting, or encoded. */
export function formsOf(secret: string): string[] {
  // Of many lines (a key) each is enough; the first and last of a key say only what it is.
  const parts = secret.includes("\n") ? secret.split("\n").filter((line) => line.length > 20 && !line.startsWith("-")) : [secret]; // prettier-ignore
  const encoded = parts.flatMap((part) => [
    part,
    // JSON in JSON in JSON: a fleet's hosts in a property in an export of the state.
    ...[1, 2, 3, 4].map((times) => escapedTimes(part, times)),
    encodeURIComponent(part),
    part.replaceAll("'", "'\\''"),
    Buffer.from(part).toString("hex"),
    // Base64 of a text in which it stands depends on where it begins there: what is sure of each of the three ways.
    ...[0, 1, 2].map((offset) => {
      const text = Buffer.from(`${"x".repeat(offset)}${part}`)
        .toString("base64")
        .replace(/=+$/, "");
      return text.slice([0, 2, 3][offset], -2);
    }),
  ]);
  return [...new Set(encoded)];
}

const escapedTimes = (text: string, times: number): string =>
  times === 0 ? text : escapedTimes(JSON.stringify(text).slice(1, -1), times - 1);

/** Which secrets, by name, stand in the bytes in any form. */
export function found(bytes: Buffer | string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.keys(secrets).filter((name) => forms(secrets[name]!).some((form) => bytes.includes(form)));
}

const known = new Map<string, string[]>();
function forms(secret: string): string[] {
  if (!known.has(secret)) known.set(secret, formsOf(secret));
  return known.get(secret)!;
}

/** `FILE: secret` for each that stands in a file below the directory. */
export function inFiles(directory: string, secrets: Readonly<Record<string, string>>): string[] {
  return readdirSync(directory).flatMap((name): string[] => {
    const path = join(directory, name);
    const stat = lstatSync(path);
    if (stat.isDirectory()) return inFiles(path, secrets);
    if (!stat.isFile()) return [];
    return found(readFileSync(path), secrets).map((secret) => `${path}: ${secret}`);
  });
}

/** `PID NAME cmdline: secret` for each that stands in the arguments or the environment of a process of this machine, its lab hosts' among them. */
export function inProcesses(secrets: Readonly<Record<string, string>>): string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) =>
      ["cmdline", "environ"].flatMap((file) => {
        try {
          const bytes = readFileSync(`/proc/${pid}/${file}`);
          return found(bytes, secrets).map((secret) => `${readFileSync(`/proc/${pid}/comm`, "utf8").trim()} ${file}: ${secret}`);
        } catch {
          return []; // it has ended
        }
      }),
    ); // prettier-ignore
}
