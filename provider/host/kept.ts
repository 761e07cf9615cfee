import { quote } from "../shell";

/**
 * What changes replaced, kept on the host until the state has it: else a run after one that was killed would not know what to give back.
 * Root's alone, and on the disk, since what was made in its place may be there after a boot too.
 */
export const KEPT = "/var/lib/kvmnet";

const fileOf = (name: string) => `${KEPT}/${name}`;

export const keptFunctions = `
# change name text: on the disk before anything is replaced. What an earlier try kept, whose outcome never arrived, comes back where this one fails.
keep() {
  part "step $1 0 keep what it found"
  kvmnet_kept=${fileOf("$2")}
  (umask 077 && mkdir -p ${KEPT} && rm -f ${KEPT}/*.new && { [ ! -e "$kvmnet_kept" ] || cp "$kvmnet_kept" "$dir/kept.$1"; } &&
    printf %s "$3" | cat > "$kvmnet_kept.new" && to_disk "$kvmnet_kept.new" && mv "$kvmnet_kept.new" "$kvmnet_kept" && to_disk ${KEPT}) 2>&1 ||
    { part "failed $1 0 1"; rm -f "$kvmnet_kept.new"; rmdir ${KEPT} 2>/dev/null; return 1; }
}
unkeep() { if [ -e "$dir/kept.$1" ]; then mv "$dir/kept.$1" "${fileOf("$2")}"; else drop_kept "$2"; fi; }
drop_kept() { rm -f "${fileOf("$1")}"; rmdir ${KEPT} 2>/dev/null || :; }
`;

/** Forgets what the state has by now, unless another run has kept something else there since; the directory goes when nobody is at work. */
export const forgetKept = (kept: ReadonlyMap<string, string>, lock: string): string =>
  [...kept]
    .map(([name, text]) => `[ "$(cat ${fileOf(name)} 2>/dev/null)" != ${quote(text)} ] || rm -f ${fileOf(name)}`)
    .concat(`[ ! -d ${KEPT} ] || flock -n ${lock} rmdir ${KEPT} 2>/dev/null || :`)
    .join("\n");
