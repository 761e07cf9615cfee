import { existsSync, readFileSync } from "node:fs";

/** What ssh2 cannot log in with. */
export const isFidoType = (type: string): boolean => type.startsWith("sk-");
export const isCertificateType = (type: string): boolean => /-cert-v\d+@openssh\.com$/.test(type);

/** A private key that is in a FIDO token: the file holds its handle. */
export const isFidoKey = (path: string): boolean => isFidoType(publicType(path) ?? "");

/** The certificate beside a key, where ssh(1) looks for it. */
export function certificateOf(path: string): string | undefined {
  const certificate = `${path}-cert.pub`;
  return existsSync(certificate) ? certificate : undefined;
}

/** OpenSSH's format begins with the public key, in the clear: PROTOCOL.key of OpenSSH. */
function publicType(path: string): string | undefined {
  try {
    const [, base64] = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]*)/.exec(readFileSync(path, "utf8")) ?? [];
    const bytes = Buffer.from(base64 ?? "", "base64");
    let at = "openssh-key-v1\0".length;
    const word = () => {
      const length = bytes.readUInt32BE(at);
      at += 4 + length;
      return bytes.subarray(at - length, at);
    };
    for (const _of of ["cipher", "kdf", "kdf options"]) word();
    at += 4; // the number of keys
    const key = word();
    return key.toString("latin1", 4, 4 + key.readUInt32BE(0));
  } catch {
    return undefined; // none, or of another format
  }
}
