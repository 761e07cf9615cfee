import { join } from "node:path";
import { cached, keyOfScripts } from "../toolchain/cache";
import type { LabOwner } from "./interfaces";
import { unpackDebs } from "./debs";
import { must } from "./run";

/**
 * What hosts of other owners have, and the machine and the other hosts have not: not installed, only unpacked, since with it there every
 * host would have two owners. ifupdown2's programs hide the machine's own: they have their names.
 */
const DAEMONS = [
  "netplan.io libnetplan0 python3-netifaces python3-rich python3-markdown-it python3-mdurl python3-yaml python3-pygments",
  "network-manager libnm0 libndp0 libteamdctl0 libmm-glib0 libbluetooth3 libnewt0.52 libslang2",
].join(" ");
const PACKAGES: Partial<Record<LabOwner, string>> = {
  ifupdown2: "ifupdown2",
  netplan: DAEMONS,
  "netplan-NetworkManager": DAEMONS,
  NetworkManager: DAEMONS,
};

/** A directory with these Debian packages' files: a layer between a host's disk and the machine's root; empty where the owner needs none. */
export async function ownerRoot(owner: LabOwner): Promise<string> {
  if (owner === "ifcfg-nm") return ifcfgRoot();
  const names = PACKAGES[owner];
  if (names === undefined) return "";
  return cached(owner === "ifupdown2" ? "lab-ifupdown2" : "lab-owners", "2", async (directory) => {
    await unpackDebs(names, directory);
    // /bin, /sbin and /lib are links on the machine, which directories of theirs would hide.
    const own = `for top in bin sbin lib; do [ ! -d $top ] || { mkdir -p usr/$top && cp -a $top/. usr/$top/ && rm -r $top; }; done
      # As its postinst does.
      [ ! -d usr/share/ifupdown2 ] || { chmod +x usr/share/ifupdown2/__main__.py && python3 -m compileall -q usr/share/ifupdown2; }`;
    await must(["sh", "-e", "-c", own], { cwd: directory });
    // The host's own root directory's, seen through.
    await must(["chmod", "755", directory]);
  });
}

/** NetworkManager with its reader of ifcfg- files in place of Debian's, whose plugins do not fit it. */
async function ifcfgRoot(): Promise<string> {
  const debian = await ownerRoot("NetworkManager");
  const scripts = join(__dirname, "ifcfgRh");
  return cached("lab-ifcfg-rh", keyOfScripts(scripts, ["build.sh"]), async (directory) => {
    const options = { cwd: directory, timeoutMs: 900_000 };
    await must(["unshare", "--mount", join(scripts, "build.sh"), directory], options);
    const overlaid = `mv usr built; cp -a ${debian}/. .; rm usr/lib/*/NetworkManager/*/*.so; cp -a built/. usr/; rm -r built`;
    await must(["sh", "-e", "-c", overlaid], options);
    await must(["chmod", "755", directory]);
  });
}
