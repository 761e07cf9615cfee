import { quoted, vmCommand } from "./boot";
import { must } from "../run";

const QEMU = "/usr/bin/qemu-system-x86_64";
const TCG = "/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so";

/**
 * Gives a VM the machine's own QEMU, which libvirt asks what it can before it defines a guest. No guest runs there: the VM's image does
 * without QEMU's packages, which are a fifth of it.
 */
export async function sendEmulator(name: string): Promise<void> {
  const libraries = await must(["ldd", QEMU]);
  const files = [QEMU, TCG, ...[...libraries.matchAll(/ => (\/\S+)/g)].map(([, file]) => file!)];
  const missing = `for f in ${files.join(" ")}; do [ -e "$f" ] || echo "$f"; done`;
  const lacks = (await must(vmCommand(name, missing))).split("\n").filter(Boolean);
  const send = `tar -C / -chf - ${lacks.map((file) => quoted(file.slice(1))).join(" ")} | "$@"`;
  const receive = vmCommand(name, "tar -C / -xf -");
  await must(["bash", "-o", "pipefail", "-c", send, "send", ...receive], { timeoutMs: 120_000 });
}
