import { command } from "../shell";

/**
 * Files are replaced as a whole by rename(2): whoever reads them, and a machine that loses its power, sees the old text or the new;
 * and the new one once this has returned, since the directory is synced too (rename(2) alone is on the disk only some seconds later).
 * `cat` writes, since it says why it could not: dash's printf has one word for all. The temporary file's name begins with a dot, which neither ifupdown's `source …/*` nor sysctl.d nor udev reads.
 */
export const fileFunctions = `
put_file() {
  [ ! -L "$1" ] || { echo "$1 is a symbolic link; a file of ours is never written through one" >&2; return 1; }
  [ ! -e "$1" ] || [ -f "$1" ] || { echo "$1 is no regular file" >&2; return 1; }
  mkdir -p "\${1%/*}" || return 1
  # What a power cut left of an earlier one: nobody else is at work.
  rm -f "\${1%/*}"/.kvmnet.??????
  kvmnet_new=$(mktemp "\${1%/*}/.kvmnet.XXXXXX") || return 1
  { if [ -e "$1" ]; then cp -p "$1" "$kvmnet_new"; else file_mode "$1" "$kvmnet_new"; fi &&
    printf %s "$2" | cat > "$kvmnet_new" && to_disk "$kvmnet_new" && mv -f "$kvmnet_new" "$1" && to_disk "\${1%/*}"; } ||
    { rm -f "$kvmnet_new"; return 1; }
}
# NetworkManager reads no profile that others may read.
file_mode() { case $1 in /etc/NetworkManager/*) chmod 600 "$2" ;; *) chmod 644 "$2" ;; esac; }
remove_file() { rm -f "$1" && { [ ! -d "\${1%/*}" ] || to_disk "\${1%/*}"; }; }
to_disk() { sync "$1" 2>/dev/null || sync; }
`;

export const putFile = (path: string, text: string): string => command("put_file", path, text);
export const removeFile = (path: string): string => command("remove_file", path);
