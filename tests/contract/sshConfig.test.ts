import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { resolve } from "../../provider/host/sshConfig";

/** OpenSSH's own reading of a configuration; `-F`, because ssh looks for ~/.ssh/config whatever HOME says. */
const folder = mkdtempSync(join(tmpdir(), "kvmnet-sshConfig-"));
const { PATH } = process.env;
function config(text: string): void {
  writeFileSync(join(folder, "config"), text);
  writeFileSync(join(folder, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F ${folder}/config "$@"\n`);
  chmodSync(join(folder, "ssh"), 0o755);
  process.env.PATH = `${folder}:${PATH}`;
}
afterEach(() => void (process.env.PATH = PATH));
afterAll(() => rmSync(folder, { recursive: true }));

const connection = (host = "kvm1") => ({ name: host, host, connectTimeout: 10, confirmTimeout: 60 });

test("what ssh_config says of an alias", async () => {
  config(`Host kvm1
  HostName 10.0.0.11
  User admin
  Port 2222
  IdentityFile ~/.ssh/lab_%r_%h
  IdentitiesOnly yes
  IdentityAgent /run/agent
  HostKeyAlias rack7
  UserKnownHostsFile /srv/known_hosts ~/.ssh/more
`);
  const found = await resolve(connection());
  expect(found).toMatchObject({
    name: "kvm1", address: "10.0.0.11", user: "admin", port: 2222, sudo: true, identitiesOnly: true, agent: "/run/agent", hostKeyAlias: "rack7",
    identityFiles: [`${homedir()}/.ssh/lab_admin_10.0.0.11`], command: "ssh -p 2222 admin@kvm1",
  }); // prettier-ignore
  expect(found.knownHosts.slice(0, 2)).toEqual(["/srv/known_hosts", `${homedir()}/.ssh/more`]);
});

test("arguments override it, and `Match` sees them", async () => {
  config("Match user root\n  IdentityFile /root.key\nHost *\n  User admin\n  Port 2222\n");
  const found = await resolve({ ...connection(), user: "root", port: 22, agent: "/a", knownHosts: "/k" });
  expect(found).toMatchObject({ user: "root", port: 22, sudo: false, agent: "/a", knownHosts: ["/k"] });
  expect(found.identityFiles).toEqual(["/root.key"]);
  expect((await resolve({ ...connection(), sudo: false })).sudo).toBe(false);
});

test("jump hosts: each as ssh_config has it, the first one's own ones before it", async () => {
  config(`Host kvm1
  ProxyJump ops@gate1:2201,ssh://gate2
Host gate1
  HostName 10.0.0.1
  IdentityFile /gate1.key
  ProxyJump [fd00::9]:2209
Host gate2
  User two
  ProxyJump nowhere
`);
  const { jumps, systemSsh } = await resolve({ ...connection(), privateKey: "/own.key", password: "secret" });
  expect(jumps).toMatchObject([
    { name: "kvm1's jump host fd00::9", host: "fd00::9", port: 2209, isJump: true },
    { host: "gate1", address: "10.0.0.1", port: 2201, user: "ops", identityFiles: ["/gate1.key"] },
    { host: "gate2", port: 22, user: "two" },
  ]);
  // What the provider is given is for the host alone.
  for (const jump of jumps) expect([jump.privateKey, jump.password]).toEqual([undefined, undefined]);
  expect(systemSsh).toBeUndefined();
});

test("jump hosts without an end", async () => {
  config("Match host a,b\n  HostName 10.0.0.1\nHost kvm1 b\n  ProxyJump a\nHost a\n  ProxyJump b\n");
  await expect(resolve(connection())).rejects.toMatchObject({
    kind: "unreachable",
    message: expect.stringMatching(/more than 8 jump hosts in a row|loop/) as string,
  });
});

test.each([
  ["ProxyCommand nc %h %p", "ssh_config has ProxyCommand for it", true],
  ["RevokedHostKeys /etc/ssh/revoked", "ssh_config has RevokedHostKeys for it", true],
  ["CertificateFile /own-cert.pub", "ssh_config has CertificateFile for it", false],
])("%s takes the system's ssh", async (option, why, isOnly) => {
  config(`Host kvm1\n  ${option}\n`);
  expect((await resolve(connection())).systemSsh).toEqual({ why, isOnly });
  config(`Host kvm1\n  ProxyJump gate\nHost gate\n  ${option}\n`);
  const through = `${why} (kvm1's jump host gate)`;
  expect((await resolve(connection())).systemSsh).toEqual({ why: through, isOnly: true });
});

test("a Kerberos ticket takes the system's ssh, where GSSAPI is on and nothing else was chosen", async () => {
  const ticket = join(folder, "krb5cc");
  writeFileSync(ticket, "");
  process.env.KRB5CCNAME = `FILE:${ticket}`;
  try {
    config("GSSAPIAuthentication yes\n");
    const why = `GSSAPIAuthentication is on, and there is a Kerberos ticket (FILE:${ticket})`;
    expect((await resolve(connection())).systemSsh).toEqual({ why, isOnly: false });
    expect((await resolve({ ...connection(), password: "secret" })).systemSsh).toBeUndefined();
    config("GSSAPIAuthentication no\n");
    expect((await resolve(connection())).systemSsh).toBeUndefined();
  } finally {
    delete process.env.KRB5CCNAME;
  }
});

test("ConnectTimeout and accept-new", async () => {
  config("ConnectTimeout 7\nStrictHostKeyChecking accept-new\nHashKnownHosts no\n");
  const { connectTimeout: _, ...unsaid } = connection();
  expect(await resolve(unsaid)).toMatchObject({ connectTimeout: 7, acceptNew: "plain" });
  expect(await resolve(connection())).toMatchObject({ connectTimeout: 10 });
  config("StrictHostKeyChecking no\n");
  expect(await resolve(unsaid)).toMatchObject({ connectTimeout: 10 });
  expect((await resolve(unsaid)).acceptNew).toBeUndefined();
});

test("a configuration that ssh refuses", async () => {
  config("Port many\n");
  await expect(resolve(connection())).rejects.toThrow(/ssh -G kvm1.*Port|port/i);
});

test("no option gets in by the host", async () => {
  config("");
  await expect(resolve(connection("-V"))).rejects.toMatchObject({ kind: "unreachable" });
});

test("plain defaults where there is no ssh", async () => {
  process.env.PATH = join(folder, "nowhere");
  const found = await resolve(connection());
  expect(found).toMatchObject({ address: "kvm1", port: 22, user: userInfo().username });
  expect(found.knownHosts[0]).toBe(`${homedir()}/.ssh/known_hosts`);
  expect(found.identityFiles).toContain(`${homedir()}/.ssh/id_ed25519`);
});
