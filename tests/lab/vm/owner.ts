import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type LabOwner, installerInterfaces, ownerFile } from "../interfaces";
import { LAN } from "../lan";
import { ownerRoot } from "../ownerRoot";
import { must } from "../run";
import { type HostRecord } from "../state";
import { vmCommand } from "./boot";

/** Who brings a host's network up. */
const UNITS: Readonly<Record<LabOwner, string>> = {
  ifupdown: "networking",
  ifupdown2: "networking",
  networkd: "systemd-networkd",
  netplan: "systemd-networkd",
  "netplan-NetworkManager": "NetworkManager",
  NetworkManager: "NetworkManager",
  "ifcfg-nm": "NetworkManager",
};

/** Gives a running VM's network to another owner than ifupdown, as a person does who installs him and takes eth0 out of /etc/network/interfaces. */
export async function giveTo(record: HostRecord & { owner: LabOwner }): Promise<void> {
  const { name, owner } = record;
  const root = mkdtempSync(join(tmpdir(), "kvmnet-owner-"));
  const put = (path: string, text: string, mode = 0o644): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode });
  };
  try {
    const layer = await ownerRoot(owner);
    if (layer !== "") await must(["cp", "-a", `${layer}/.`, root]);
    chmodSync(root, 0o755);
    put("etc/network/interfaces", installerInterfaces(record));
    put("etc/resolv.conf", `nameserver ${LAN.gateway}\nsearch ${LAN.domain}\n`);
    if (owner === "ifcfg-nm") put("etc/NetworkManager/NetworkManager.conf", "[main]\nplugins=ifcfg-rh,keyfile\n");
    const own = ownerFile(record);
    if (own) put(own.path, own.text, owner === "networkd" ? 0o644 : 0o600); // networkd is not root
    const script = `set -e
      ifdown --force eth0 2> /dev/null || :
      ${owner === "ifupdown2" ? "rm /lib/systemd/system/ifup@.service /lib/udev/rules.d/*ifupdown*" : ":"} # of ifupdown, whose place it takes
      tar -C / -xz
      ldconfig
      systemctl daemon-reload
      systemctl --quiet enable ${UNITS[owner]}
      systemctl restart ${UNITS[owner]}
      until ip route | grep -q default; do sleep 0.1; done`;
    const send = `tar -C "$0" --exclude=./usr/share/{doc,locale,man} -cf - . | gzip -1 | "$@"`;
    await must(["bash", "-o", "pipefail", "-c", send, root, ...vmCommand(name, script)], { timeoutMs: 240_000 });
  } finally {
    rmSync(root, { recursive: true });
  }
}
