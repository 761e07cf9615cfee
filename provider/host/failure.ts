import { HostError } from "../errors";
import type { Difference } from "../hostState";
import type { Change } from "./script";
import type { Part } from "./transcript";
import type { RunResult } from "./transport";

/**
 * Why a change was not made, and how the host is after the way back. `left`: where it is not as it was.
 */
export function failure(
  host: string,
  i: number,
  change: Change,
  parts: readonly Part[],
  confirmTimeout: number,
  left: readonly Difference[] | undefined,
): HostError {
  const failed = parts.findIndex(({ key }) => key.startsWith(`failed ${i} `));
  const step = failed > 0 ? parts[failed - 1] : undefined;
  const title = step?.key.split(" ").slice(3).join(" ");
  const said = step?.text.trim();
  const back = parts
    .filter(({ key }) => key.startsWith(`undo failed ${i} `))
    .map(({ key }) => change.plan.revert[Number(key.split(" ")[3])]?.title);
  const silent = answersOf(parts, "silent");
  const why = parts.some(({ key }) => key === "unconfirmed")
    ? `${host} was not seen over a new connection within ${confirmTimeout} s of the change (${change.plan.hazard}), so the host went back by itself${change.plan.lost ? `. ${change.plan.lost}` : ""}`
    : silent.length > 0
      ? `${silent.join(" and ")} did not answer within ${confirmTimeout} s of the change, and did before, so the host went back by itself`
      : parts.some(({ key }) => key === `killed ${i}`)
        ? "the transaction was killed on the host between two of its steps"
        : `step "${title ?? "?"}" failed${said ? `: ${said}` : ""}`;
  const now =
    back.length > 0 && left?.length !== 0
      ? `rolled back, but these steps back failed, look at the host: ${back.join("; ")}`
      : left?.length
        ? `rolled back, but the host is not as it was: ${left.map(say).join("; ")}`
        : "rolled back; nothing changed";
  const again = answersOf(parts, "again");
  const still = answersOf(parts, "still silent");
  const reach = [
    ...(again.length > 0 ? [`; ${again.join(" and ")} answer${again.length > 1 ? "" : "s"}`] : []),
    ...(still.length > 0 ? [`; ${still.join(" and ")} still do${still.length > 1 ? "" : "es"} not answer`] : []),
  ];
  return new HostError("failed", `${why} (${now}${reach.join("")})`);
}

/** `gateway 10.0.0.1`, as reach.ts says it. */
const answersOf = (parts: readonly Part[], how: string) =>
  parts.filter(({ key }) => key.startsWith(`${how} `)).map(({ key }) => `the ${key.slice(how.length + 1)}`);

/** Texts of files are long, and secret maybe. */
const say = ({ path, wanted, found }: Difference) =>
  path.join(".") + (path[0] === "links" ? ` is ${JSON.stringify(found)}, was ${JSON.stringify(wanted)}` : "");

/** A script that a host could not run at all. */
export const scriptError = (host: string, what: string, { code, stderr }: RunResult) =>
  new HostError("failed", `cannot ${what} on ${host}: ${stderr.trim() || `sh ended with ${code}`}`);
