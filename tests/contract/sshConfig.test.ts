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

test.each(["ProxyJump gate", "ProxyCommand nc %h %p"])("%s is refused", async (option) => {
  config(`Host kvm1\n  ${option}\n`);
  await expect(resolve(connection())).rejects.toMatchObject({
    kind: "unreachable",
    message: expect.stringMatching(/jump host/) as string,
  });
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
