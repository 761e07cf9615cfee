import { createReadStream, createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { uuidOf } from "../boot";
import { LAN } from "../lan";
import { must } from "../run";
import { type HostRecord, diskOf, labPaths } from "../state";

const KEY_TYPES = ["ed25519", "ecdsa"] as const;

/**
 * What a host has of its own, as an installer leaves it, in an initramfs behind the image's: it is copied to the disk at the first boot.
 * Returns the host's public SSH keys.
 */
export async function makeIdentity(record: HostRecord, interfaces: string, image: string): Promise<string[]> {
  const disk = diskOf(record.name);
  const work = join(disk, "identity");
  const root = join(work, "host");
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  const { name, dhcp } = record;
  put("etc/hostname", `${name}\n`);
  put(
    "etc/hosts",
    `127.0.0.1\tlocalhost\n127.0.1.1\t${name}.${LAN.domain}\t${name}\n\n::1\tlocalhost ip6-localhost ip6-loopback\n`,
  );
  put("etc/resolv.conf", dhcp ? "" : `nameserver ${LAN.gateway}\nsearch ${LAN.domain}\n`);
  put("etc/machine-id", `${uuidOf(name).replaceAll("-", "")}\n`);
  put("etc/network/interfaces", interfaces);
  const authorized = readFileSync(join(labPaths().home, ".ssh/id_ed25519.pub"), "utf8");
  for (const home of ["root", "home/admin"]) {
    put(`${home}/.ssh/authorized_keys`, authorized, 0o600);
    await must(["chmod", "700", join(root, home), join(root, home, ".ssh")]);
  }
  await must(["chown", "-R", "1000:1000", join(root, "home/admin")]);
  put("etc/ssh/way-in.pub", authorized);
  const keys: string[] = [];
  for (const type of KEY_TYPES) {
    const file = join(root, "etc/ssh", `ssh_host_${type}_key`);
    await must(["ssh-keygen", "-q", "-t", type, "-N", "", "-C", `root@${name}`, "-f", file]);
    keys.push(readFileSync(`${file}.pub`, "utf8"));
  }
  const pack = `cd "$1" && find host | busybox cpio -o -H newc 2> /dev/null | gzip -1 > "$2"`;
  await must(["bash", "-ec", pack, "pack", work, join(disk, "identity.gz")]);
  const initrd = initrdOf(name);
  await pipeline(createReadStream(join(image, "initrd.gz")), createWriteStream(initrd));
  await pipeline(createReadStream(join(disk, "identity.gz")), createWriteStream(initrd, { flags: "a" }));
  rmSync(work, { recursive: true });
  return keys;
}

/** What the host boots from: the image's initramfs, and behind it the host's own files. */
export const initrdOf = (name: string): string => join(diskOf(name), "initrd.gz");
