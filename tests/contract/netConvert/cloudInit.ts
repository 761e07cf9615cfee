import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTree, type Texts } from "../../golden/folder";
import { unpackDebs } from "../../lab/debs";
import { must } from "../../lab/run";
import { cached } from "../../toolchain/cache";

/** cloud-init and what it imports: only unpacked, since installed it would set up the machine's network at the next boot. */
const PACKAGES =
  "cloud-init python3-attr python3-blinker python3-certifi python3-chardet python3-configobj python3-idna python3-jinja2 python3-json-pointer python3-jsonpatch python3-jsonschema python3-markupsafe python3-netifaces python3-oauthlib python3-pkg-resources python3-pyrsistent python3-requests python3-serial python3-six python3-urllib3 python3-yaml";

const cloudInit = (): Promise<string> => cached("cloud-init", "1", (directory) => unpackDebs(PACKAGES, directory));

export interface Conversion {
  readonly name: string;
  /** network-config, version 1 or 2. */
  readonly config: string;
  readonly kind: string;
  readonly distro: string;
}

/** What `cloud-init devel net-convert` renders of each: the files, by the conversions' names. */
export async function netConvert(conversions: readonly Conversion[]): Promise<ReadonlyMap<string, Texts>> {
  const root = await cloudInit();
  const folder = mkdtempSync(join(tmpdir(), "kvmnet-cloud-init-"));
  const into = (name: string) => join(folder, "out", name);
  try {
    const lines = conversions.map(({ name, config, kind, distro }) => {
      const path = join(folder, `${name}.yaml`);
      writeFileSync(path, config);
      mkdirSync(into(name), { recursive: true });
      return JSON.stringify(["-p", path, "-k", "yaml", "-D", distro, "-d", into(name), "-O", kind]);
    });
    writeFileSync(join(folder, "arguments"), `${lines.join("\n")}\n`);
    // -S: Debian's packages alone, not what somebody installed on the machine.
    const script = 'PYTHONPATH="$0"/usr/lib/python3/dist-packages exec /usr/bin/python3 -S "$1" < "$2"/arguments';
    const command = ["sh", "-c", script, root, join(__dirname, "net_convert.py"), folder];
    const said = await must(command, { timeoutMs: 60_000 });
    if (said !== "") throw new Error(`cloud-init could not render: ${said}`);
    return new Map(conversions.map(({ name }) => [name, readTree(into(name))]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
