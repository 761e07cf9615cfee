import { createHash } from "node:crypto";

/** A public key as SSH sends it (RFC 4253, 6.6): a length, the type's name, and what that type needs. */
export class PublicKey {
  private constructor(
    readonly type: string,
    readonly blob: Buffer,
  ) {}

  static fromBlob(blob: Buffer): PublicKey | undefined {
    if (blob.length < 8) return undefined;
    const length = blob.readUInt32BE(0);
    const type = blob.toString("latin1", 4, 4 + length);
    return length > 0 && length < blob.length - 4 && /^[\w@.+-]+$/.test(type) ? new PublicKey(type, blob) : undefined;
  }

  /** Two words of known_hosts, authorized_keys and `ssh-keygen -y`: the type and the key in base64. */
  static fromWords(type: string, base64: string): PublicKey | undefined {
    const key = PublicKey.fromBlob(Buffer.from(base64, "base64"));
    return key?.type === type ? key : undefined;
  }

  /** As `ssh-keygen -l` prints it. */
  get fingerprint(): string {
    return `SHA256:${createHash("sha256").update(this.blob).digest("base64").replace(/=+$/, "")}`;
  }

  equals(other: PublicKey): boolean {
    return this.blob.equals(other.blob);
  }

  toString(): string {
    return `${this.type} ${this.blob.toString("base64")}`;
  }
}
