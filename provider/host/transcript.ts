import { randomBytes } from "node:crypto";

/** One part of what a script printed: `@NONCE words…` on a line of its own, then the part's bytes. */
export interface Part {
  readonly key: string;
  readonly text: string;
}

/** One per script: nobody can guess it. */
export const newNonce = () => randomBytes(16).toString("hex");

/** The shell function that begins a part. A fresh random nonce per script keeps any content from looking like a heading; a file's name may have newlines. */
export const partFunction = (nonce: string) => `N=${nonce}
part() {
  kvmnet_h=$1
  case $1 in *'
'*) kvmnet_h=$(printf %s "$1" | tr '\\n' '?') ;; esac
  printf '\\n@%s %s\\n' "$N" "$kvmnet_h"
}
`;

/** What a script printed, part by part. What stands before the first heading (a login banner) is nobody's. */
export function parseTranscript(output: string, nonce: string): Part[] {
  const parts: Part[] = [];
  for (const chunk of `\n${output}`.split(`\n@${nonce} `).slice(1)) {
    const end = chunk.indexOf("\n");
    parts.push(end < 0 ? { key: chunk, text: "" } : { key: chunk.slice(0, end), text: chunk.slice(end + 1) });
  }
  return parts;
}
