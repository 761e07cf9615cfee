import { dhcpFunctions } from "../kernel/dhcpClient";
import { fileFunctions } from "../kernel/file";
import { takeOverFunctions } from "../backends/takeOver";
import { libvirtFunctions } from "../libvirt/operations";
import type { Op, Plan } from "../plan";
import { quote } from "../shell";
import { forgetKept, keptFunctions } from "./kept";
import { probeScript, sshFunction } from "./probe";
import { reachFunctions } from "./reach";
import { partFunction } from "./transcript";

export interface Change {
  /** `create Bridge "br0"`, for whoever waits for the lock and for the transcript. */
  readonly title: string;
  readonly plan: Plan;
  /**
   * What the change replaces, kept on the host (kept.ts). Without a text, what was kept is forgotten.
   */
  readonly keep?: { readonly name: string; readonly text?: string };
}

export interface TransactionOptions {
  readonly nonce: string;
  /** Seconds for which a change that can cut its own line waits to be confirmed. */
  readonly confirmWindow?: number;
  /** Seconds for which to wait for another change of the same host. */
  readonly lockWait?: number;
  /** Who this is, for whoever waits for us. */
  readonly who: string;
}

/** Where transactions live on the host: root's alone, gone after a boot. */
const RUN = "/run/kvmnet";
/** Bytes that a transcript may have: without it, nobody would know what became of the change. */
const ROOM = 4 * 1024 * 1024;

/**
 * A script is a function's definition and, as its last line, the call: cut at any byte it defines nothing or calls nothing,
 * and the host is untouched. It ends the shell, whose input stays open for what the script is told (`deliver`). The name begins with an underscore, so that no beginning of it is a command (`kvm` is one, on Debian).
 */
const whole = (name: string, body: string) => `${name}() {\n${body}\nexit\n}\n${name}\n`;

export const endTransactions = (kept: ReadonlyMap<string, string>) =>
  whole("_kvmnet_end", forgetKept(kept, `${RUN}/lock`));

export const probeTransaction = (nonce: string) =>
  whole("_kvmnet_probe", `${partFunction(nonce)}${probeScript}${atWorkFunction}\nwait_for_work\nprobe`);

/**
 * What a change at work has made half, or for its window only, is not how the host is: it is waited for, as the next change would (seconds).
 * It has begun and is not done; and somebody holds the lock, else it was killed for good.
 */
const LOCK_WAIT = 120;
const atWorkFunction = `
at_work() {
  for kvmnet_w in ${RUN}/*/begun.*; do
    [ ! -e "$kvmnet_w" ] || [ -e "\${kvmnet_w%/*}/done" ] || { ! flock -s -n ${RUN}/lock true; return; }
  done
  return 1
}
wait_for_work() {
  kvmnet_i=0
  while [ "$kvmnet_i" -lt ${LOCK_WAIT}0 ] && at_work; do
    if sleep 0.1 2>/dev/null; then kvmnet_i=$((kvmnet_i + 1)); else sleep 1; kvmnet_i=$((kvmnet_i + 10)); fi
  done
}
`;

/**
 * Each line of the here-document begins with a bar: dash 0.5.12 (Debian 12) loses a byte of one that begins as the end marker does and
 * goes on in UTF-8 (`Köln` of a marker `K…`).
 *
 * Sends the transaction, runs it detached from the session, and prints its transcript when it is done. Should the connection
 * break, the transaction goes on, and `followTransaction` fetches the transcript over another connection.
 */
export function startTransaction(changes: readonly Change[], options: TransactionOptions): string {
  const end = `KVMNET_${options.nonce}`;
  const guarded = changes.some(({ plan }) => plan.hazard);
  return whole(
    "_kvmnet_transaction",
    `umask 077
${sshFunction}
dir=${dirOf(options.nonce)}
cannot_write() { echo "cannot write $1 (is /run full or read-only?); nothing was touched" >&2; [ "$1" = "$dir" ] || rm -rf "$dir"; exit 3; }
mkdir -p ${RUN} && mkdir "$dir" || cannot_write "$dir"
sed 's/^|//' <<'${end}' | cat > "$dir/script" || cannot_write "$dir/script"
|${transaction(changes, options).replaceAll("\n", "\n|")}
${end}
head -c ${ROOM} /dev/zero > "$dir/room" || cannot_write "$dir/room"
rm "$dir/room"
KVMNET_SSH=$(probe_ssh); export KVMNET_SSH
${guarded ? detachGuarded(options.nonce) : `setsid ${runner(options.nonce)} 3>&2 > /dev/null 2>&1 < /dev/null &`}
${guarded ? `until [ -e ${dirOf(options.nonce)}/pending ] || [ -e ${dirOf(options.nonce)}/done ]; do sleep 0.05 2>/dev/null || sleep 1; done` : "wait $!"}
if [ -e ${dirOf(options.nonce)}/done ]; then ${deliver(options.nonce)}
else printf '\\n@%s pending\\n' ${options.nonce}; fi`,
  );
}

/** Runs the script to its end, the way back where it was killed, and keeps the transcript for a while. */
const runner = (nonce: string) =>
  `sh -c 'sh "$0/script" > "$0/transcript" 2>&1; [ -e "$0/finished" ] || sh "$0/script" back >> "$0/transcript" 2>&1; : > "$0/done"; ${forget("3>&-")}' ${dirOf(nonce)}`;

/**
 * Whatever becomes of the session, its change waits and goes back by itself. Where there is systemd, in a unit of its own: logind may end
 * all that a session began (KillUserProcesses of logind.conf(5)). A DHCP client that it starts lives on (KillMode=process).
 */
const detachGuarded = (nonce: string) =>
  `[ -d /run/systemd/system ] && systemd-run --quiet --collect --unit="kvmnet-${nonce}" -p KillMode=process --setenv=KVMNET_SSH="$KVMNET_SSH" \\
  ${runner(nonce)} 3> /dev/null > /dev/null 2>&1 < /dev/null ||
  setsid ${runner(nonce)} 3> /dev/null > /dev/null 2>&1 < /dev/null &`;

/**
 * Over another connection: confirms what waits for it, if so wanted, and fetches the transcript when the transaction is done.
 * One that did not arrive never will: the directory that it would make is there already.
 */
export const followTransaction = (nonce: string, confirm: boolean): string =>
  whole(
    "_kvmnet_follow",
    `umask 077
mkdir -p ${RUN}
if mkdir ${dirOf(nonce)} 2>/dev/null; then
  ${partFunction(nonce)}  part "never began" | tee ${dirOf(nonce)}/transcript
  : > ${dirOf(nonce)}/done
  sh -c '${forget("")}' ${dirOf(nonce)}
  exit
fi
${confirm ? `: > ${dirOf(nonce)}/confirm` : ""}
until [ -e ${dirOf(nonce)}/done ]; do sleep 0.05 2>/dev/null || sleep 1; done
${deliver(nonce)}`,
  );

const dirOf = (nonce: string) => `${RUN}/${nonce}`;
/** The transcript goes when it has arrived. Where the connection breaks on the way, it can be fetched once more, for a while (seconds). */
const deliver = (nonce: string) =>
  `cat ${dirOf(nonce)}/transcript && printf '\\n%s\\n' '${delivered(nonce)}' && read -r _ && rm -rf ${dirOf(nonce)} || :`;
export const delivered = (nonce: string): string => `@${nonce} delivered`;
const FETCHABLE = 180;
const forget = (closed: string) =>
  `(trap "" HUP; sleep ${FETCHABLE}; rm -rf "$0") > /dev/null 2>&1 < /dev/null ${closed} &`;

/** What runs on the host, alone: each change is tried, and reverted where one of its steps fails; in the end the host is read again. */
function transaction(
  changes: readonly Change[],
  { nonce, confirmWindow = 60, lockWait = LOCK_WAIT, who }: TransactionOptions,
): string {
  return `umask 022
trap '' HUP PIPE INT TERM
dir=${dirOf(nonce)}
${partFunction(nonce)}${library}${fileFunctions}${keptFunctions}${dhcpFunctions}${libvirtFunctions}${changes.some(({ plan }) => plan.hazard) ? reachFunctions : ""}${changes.some(({ plan }) => plan.managers) ? takeOverFunctions : ""}${probeScript}
exec 9> ${RUN}/lock
lock ${lockWait} || { : > "$dir/finished"; exit; }
printf '%s\\n' ${quote(who)} > ${RUN}/holder
window=${confirmWindow}
${changes.map(changeFunctions).join("\n")}
# The shell before us was killed between two steps: the changes that it began and did not end go back.
if [ "$1" = back ]; then
:
${changes.map((_, i) => `[ ! -e "$dir/begun.${i}" ] || [ -e "$dir/ended.${i}" ] || { part "killed ${i}"; back_${i}; }`).join("\n")}
else
:
${changes.map((_, i) => `change_${i}`).join("\n")}
fi
rm -f ${RUN}/holder
part observed
probe
: > "$dir/finished"`;
}

/** A title is a line of the script, of the transcript and of the progress; it may tell of names that are not ours. */
const line = (title: string) => title.replace(/[\0\n]/g, " ");

const changeFunctions = ({ title, plan, keep }: Change, i: number): string => {
  const functions = (ops: readonly Op[], kind: string) =>
    ops.map(({ script }, n) => `${kind}_${i}_${n}() {\n${script}\n}`).join("\n");
  const run = (ops: readonly Op[], kind: string, which: (op: Op) => boolean) =>
    ops.flatMap((op, n) => (which(op) ? [`step ${kind} ${i} ${n} ${quote(line(op.title))}`] : [])).join("\n");
  // The way back undoes what was done last first: files were written last.
  const back = plan.revert
    .map((op, n) => [op, n] as const)
    .sort(([a], [b]) => Number(b.commit ?? false) - Number(a.commit ?? false));
  return `# ${line(title)}
${functions(plan.ops, "do")}
${functions(plan.revert, "undo")}
back_${i}() {
${back.map(([op, n]) => `${op.commit ? `[ ! -e "$dir/committing.${i}" ] || ` : ""}undo ${i} ${n} ${quote(line(op.title))}`).join("\n")}
${keep?.text === undefined ? ":" : `unkeep ${i} ${keep.name}`}
result ${i} reverted
}
change_${i}() {
ok=1
${plan.guards.map(({ what, test }) => `{ ${test}; } || stale ${quote(line(what))}`).join("\n")}
[ "$ok" = 1 ] || { result ${i} stale; return; }
${keep?.text === undefined ? ":" : `keep ${i} ${keep.name} ${quote(keep.text)} || { result ${i} reverted; return; }`}
${plan.hazard ? "reach_before" : ":"}
: > "$dir/begun.${i}"
${run(plan.ops, "do", (op) => !op.commit)}
${plan.hazard ? "confirm; reach_still" : ":"}
[ "$ok" = 0 ] || : > "$dir/committing.${i}"
${run(plan.ops, "do", (op) => op.commit === true)}
if [ "$ok" = 1 ]; then ${keep && keep.text === undefined ? `drop_kept ${keep.name}; ` : ""}result ${i} done; else back_${i};${plan.hazard ? " reach_again;" : ""} fi
}`;
};

const library = `
lock() {
  kvmnet_end=$(($(now) + $1))
  until flock -n 9; do
    [ "$(now)" -lt "$kvmnet_end" ] || { part locked; cat ${RUN}/holder 2>/dev/null; return 1; }
    sleep 0.1 2>/dev/null || sleep 1
  done
}
now() { read -r kvmnet_u _ < /proc/uptime; echo "\${kvmnet_u%%.*}"; }
progress() { printf '%s\\n' "$1" >&3; } 2>/dev/null
stale() { [ "$ok" = 1 ] && part "stale $1"; ok=0; }
# kind change number title: runs one step. Not in a condition, or the shell would not mind a failing line in it (set -e).
step() {
  [ "$ok" = 1 ] || return 0
  progress "$2 $4"
  part "step $2 $3 $4"
  (set -e; "$1_$2_$3") 2>&1
  kvmnet_rc=$?
  [ "$kvmnet_rc" = 0 ] || { ok=0; part "failed $2 $3 $kvmnet_rc"; }
}
undo() {
  part "undo $1 $2 $3"
  (set -e; "undo_$1_$2") 2>&1
  kvmnet_rc=$?
  [ "$kvmnet_rc" = 0 ] || part "undo failed $1 $2 $kvmnet_rc"
}
# The operator has to be seen again over a new connection, or all comes back.
confirm() {
  [ "$ok" = 1 ] || return 0
  : > "$dir/pending"
  kvmnet_end=$(($(now) + window))
  until [ -e "$dir/confirm" ]; do
    [ "$(now)" -lt "$kvmnet_end" ] || { ok=0; part unconfirmed; return; }
    sleep 0.05 2>/dev/null || sleep 1
  done
}
result() { : > "$dir/ended.$1"; part "result $1 $2"; }
`;
