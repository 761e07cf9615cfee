import { labPaths, namespaceOf } from "./state";
import { type Result, type RunOptions, run } from "./run";

/** The command line that runs `argv` in the operator's namespace, for callers that start it themselves. */
export const operatorCommand = (argv: readonly string[]): string[] => [
  "ip",
  "netns",
  "exec",
  namespaceOf("op"),
  ...argv,
];

/** The operator's environment: the lab's home directory, and no SSH agent of the machine's. */
export function operatorEnv(): NodeJS.ProcessEnv {
  const { SSH_AUTH_SOCK: _agent, ...rest } = process.env;
  return { ...rest, HOME: labPaths().home, USER: "root", LOGNAME: "root" };
}

/** Runs a command as the operator: where Pulumi runs, and from where lab hosts are reached by their names (kvm1.lab). */
export const operator = (argv: readonly string[], options: RunOptions = {}): Promise<Result> =>
  run(operatorCommand(argv), { timeoutMs: 600_000, ...options, env: { ...operatorEnv(), ...options.env } });
