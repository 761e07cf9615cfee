import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KnownHosts } from "../../provider/host/knownHosts";
import { PublicKey } from "../../provider/host/publicKey";

const word = (text: string | Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, Buffer.from(text)]);
};
const key = (type: string, seed: number) =>
  PublicKey.fromBlob(Buffer.concat([word(type), word(Buffer.alloc(32, seed))]))!;
const ed1 = key("ssh-ed25519", 1);
const ed2 = key("ssh-ed25519", 2);
const rsa = key("ssh-rsa", 3);

const known = (...lines: string[]) => new KnownHosts([{ path: "known_hosts", text: lines.join("\n") }]);
const verdict = (line: string, host: string, port = 22, shown = ed1) =>
  known(line).check(host, port, shown.blob).verdict;
const hashed = (name: string) => {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
};

test.each([
  [`kvm1 ${ed1}`, "kvm1", 22, "known"],
  [`kvm1 ${ed1} a comment`, "KVM1", 22, "known"],
  [`KVM1 ${ed1}`, "kvm1", 22, "known"],
  [`a,kvm1,10.0.0.11 ${ed1}`, "10.0.0.11", 22, "known"],
  [`kvm1 ${ed1}`, "kvm11", 22, "unknown"],
  [`*.lab ${ed1}`, "kvm1.lab", 22, "known"],
  [`kvm?.lab ${ed1}`, "kvm1.lab", 22, "known"],
  [`kvm?.lab ${ed1}`, "kvm10.lab", 22, "unknown"],
  [`*.lab,!kvm1.lab ${ed1}`, "kvm1.lab", 22, "unknown"],
  [`*.lab,!kvm1.lab ${ed1}`, "kvm2.lab", 22, "known"],
  [`!kvm1.lab ${ed1}`, "kvm2.lab", 22, "unknown"],
  [`[kvm1]:2222 ${ed1}`, "kvm1", 2222, "known"],
  [`[kvm1]:2222 ${ed1}`, "kvm1", 22, "unknown"],
  [`[*.lab]:2222 ${ed1}`, "kvm1.lab", 2222, "known"],
  [`fd00::1 ${ed1}`, "fd00::1", 22, "known"],
  [`[fd00::1]:2222 ${ed1}`, "fd00::1", 2222, "known"],
  [`kvm1 ${ed1}`, "kvm1", 2222, "known"], // as ssh(1): "found matching key w/out port"
  [`kvm1 ${ed2}`, "kvm1", 2222, "unknown"],
  [`[kvm1]:2222 ${ed2}`, "kvm1", 2222, "changed"],
  [`kvm1 ${ed2}`, "kvm1", 22, "changed"],
  [`kvm1 ${rsa}`, "kvm1", 22, "unknown"],
  [`@revoked * ${ed1}`, "kvm1", 22, "revoked"],
  [`@revoked kvm1 ${ed2}`, "kvm1", 22, "unknown"],
  [`@cert-authority *.lab ${ed1}`, "kvm1.lab", 22, "unknown"],
  [`# kvm1 ${ed1}`, "kvm1", 22, "unknown"],
  [`${hashed("kvm1")} ${ed1}`, "kvm1", 22, "known"],
  [`${hashed("kvm1")} ${ed2}`, "kvm1", 22, "changed"],
  [`${hashed("kvm1")} ${ed1}`, "kvm2", 22, "unknown"],
  [`${hashed("[kvm1]:2222")} ${ed1}`, "kvm1", 2222, "known"],
  [`|2|x|y ${ed1}`, "kvm1", 22, "unknown"],
  [`kvm1 ssh-ed25519 not-base64`, "kvm1", 22, "unknown"],
  [`kvm1 ssh-rsa ${ed1.blob.toString("base64")}`, "kvm1", 22, "unknown"],
  [`a.b ${ed1}`, "axb", 22, "unknown"],
])("%s says of %s, port %d: %s", (line, host, port, expected) => {
  expect(verdict(line, host, port)).toBe(expected);
});

test("says which file and line decided", () => {
  const files = new KnownHosts([
    { path: "~/.ssh/known_hosts", text: "# first\r\n\r\nother ssh-rsa AAAA\r\n" },
    { path: "/etc/ssh/ssh_known_hosts", text: `a ${ed2}\nkvm1 ${ed2}\n` },
  ]);
  expect(files.check("kvm1", 22, ed1.blob)).toEqual({ verdict: "changed", at: "/etc/ssh/ssh_known_hosts:2", key: ed2 });
});

test("one right line is enough, and a revoked one is too much", () => {
  expect(known(`kvm1 ${ed2}`, `kvm1 ${ed1}`).check("kvm1", 22, ed1.blob)).toMatchObject({
    verdict: "known",
    at: "known_hosts:2",
  });
  expect(known(`kvm1 ${ed1}`, `@revoked kvm1 ${ed1}`).check("kvm1", 22, ed1.blob).verdict).toBe("revoked");
});

test("the types that a host is known by, in the files' order", () => {
  const lines = known(`kvm1 ${rsa}`, `kvm1 ${ed1}`, `kvm1 ${ed2}`, `other ${key("ecdsa-sha2-nistp256", 4)}`);
  expect(lines.types("kvm1", 22)).toEqual(["ssh-rsa", "ssh-ed25519"]);
  expect(lines.types("kvm2", 22)).toEqual([]);
  expect(lines.check("kvm1", 22, key("ecdsa-sha2-nistp256", 4).blob)).toMatchObject({
    verdict: "unknown",
    at: "known_hosts:1",
  });
});

test("a blob that is no key is unknown", () => {
  expect(known(`kvm1 ${ed1}`).check("kvm1", 22, Buffer.from("x")).verdict).toBe("unknown");
});

test("fingerprints are those of ssh-keygen -l", () => {
  expect(ed1.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
});

test("who signs a host's certificates", () => {
  const lines = known(`kvm1.lab ${ed1}`, `@cert-authority *.lab,!old.lab ${ed2}`, `@cert-authority [kvm9]:2222 ${ed2}`);
  expect(lines.authority("kvm1.lab", 22)).toBe("known_hosts:2");
  expect(lines.authority("kvm1.lab", 2222)).toBe("known_hosts:2");
  expect(lines.authority("old.lab", 22)).toBeUndefined();
  expect(lines.authority("kvm9", 2222)).toBe("known_hosts:3");
  expect(lines.authority("kvm9", 22)).toBeUndefined();
  // It is no key of the host itself.
  expect(lines.check("kvm1.lab", 22, ed2.blob).verdict).toBe("changed");
});

test("what is learned is known, hashed or not, and the file keeps its lines", () => {
  const folder = mkdtempSync(join(tmpdir(), "kvmnet-known-"));
  const path = join(folder, "of/known_hosts");
  try {
    KnownHosts.learn(path, "kvm1", 22, ed1, false);
    KnownHosts.learn(path, "kvm2", 2222, ed2, true);
    writeFileSync(path, readFileSync(path, "utf8").trimEnd()); // as an editor may leave it
    KnownHosts.learn(path, "kvm3", 22, rsa, false);
    const learned = KnownHosts.read([path]);
    expect(learned.check("kvm1", 22, ed1.blob).verdict).toBe("known");
    expect(learned.check("kvm2", 2222, ed2.blob).verdict).toBe("known");
    expect(learned.check("kvm3", 22, rsa.blob).verdict).toBe("known");
    expect(readFileSync(path, "utf8")).not.toContain("kvm2");
    expect(statSync(path).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
