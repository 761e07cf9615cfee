import { join } from "node:path";
import { withLock } from "../toolchain/lock";
import { must, run } from "./run";

/** Unpacks Debian packages into a directory, and installs none of them. */
export async function unpackDebs(names: string, directory: string): Promise<void> {
  const packages = join(directory, "packages");
  await must(["mkdir", packages]);
  const download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", ...names.split(" ")];
  const options = { cwd: packages, timeoutMs: 300_000 };
  await withLock("/run/lock/kvmnet-apt.lock", 300, async () => {
    if ((await run(download, options)).code === 0) return;
    // A fresh machine knows of no packages yet. apt-get waits for no other that asks for them, too.
    await must(["apt-get", "-q", "update"], options);
    await must(download, options);
  });
  const unpack = 'for deb in packages/*.deb; do dpkg -x "$deb" .; done; rm -r packages';
  await must(["sh", "-e", "-c", unpack], { cwd: directory });
}
