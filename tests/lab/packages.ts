import { existsSync, rmSync, writeFileSync } from "node:fs";
import { must, run } from "./run";

/** What a lab host is made of: Debian packages and why each is needed. */
const PACKAGES: Readonly<Record<string, string>> = {
  iproute2: "namespaces and links",
  procps: "sysctl at a host's boot",
  "openssh-server": "the hosts' sshd",
  "openssh-client": "keys, and the operator's ssh",
  "libvirt-daemon": "the hosts' libvirtd",
  "libvirt-daemon-driver-qemu": "the hosts' libvirtd",
  "libvirt-daemon-system": "the hosts' libvirt configuration",
  "libvirt-clients": "virsh",
  "qemu-system-x86": "guests",
  "ipxe-qemu": "guests' network cards",
  "dnsmasq-base": "DHCP and DNS of the LAN and of libvirt's networks",
  ifupdown: "the hosts' network configuration",
  "bridge-utils": "bridges with ifupdown",
  "isc-dhcp-client": "hosts with DHCP",
  nftables: "the hosts' firewall",
  iptables: "libvirt's NAT rules",
  "iputils-ping": "ping",
  sudo: "the hosts' user admin",
  "busybox-static": "the guests' user space",
  kmod: "the guests' kernel modules",
  python3: "cloud-init, a second opinion of what is rendered",
};

/** What only VMs need: their disk is made, and then emulated. */
const VM_PACKAGES: typeof PACKAGES = {
  mmdebstrap: "the disk of a VM",
  e2fsprogs: "the disk of a VM",
  "qemu-utils": "the disk of a VM",
};

/** Installs the Debian packages the lab needs and the machine lacks; says which, and why. */
export async function ensurePackages(say: (line: string) => void, { vm = false } = {}): Promise<void> {
  const packages = vm ? { ...PACKAGES, ...VM_PACKAGES } : PACKAGES;
  const names = Object.keys(packages);
  const query = await run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", ...names]).catch(() => {
    throw new Error("A lab host is made of Debian packages: this machine has no dpkg. Use a Debian or Ubuntu machine.");
  });
  const installed = new Set(query.stdout.split("\n").filter((line) => line.endsWith(" installed")));
  const missing = names.filter((name) => !installed.has(`${name} installed`));
  if (missing.length === 0) return;
  say(`Installing ${missing.map((name) => `${name} (${packages[name]})`).join(", ")}: 10 to 60 seconds.`);
  const restore = keepServicesDown();
  try {
    const apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"];
    const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, timeoutMs: 600_000 };
    await must([...apt, "update"], options);
    await must([...apt, "install", "-y", "--no-install-recommends", ...missing], options);
  } finally {
    restore();
  }
}

/**
 * Installed for the lab, sshd and libvirtd must not start on the machine itself (libvirtd would bring its default
 * network up). https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt
 */
function keepServicesDown(): () => void {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return () => {};
  writeFileSync(
    policy,
    "#!/bin/sh\n# pulumi-kvmnet's lab: no service starts while its packages are installed\nexit 101\n",
    {
      mode: 0o755,
    },
  );
  return () => rmSync(policy, { force: true });
}
