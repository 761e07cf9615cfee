import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as lab from "../lab/lab";

const root = resolve(__dirname, "../..");
const tsx = [process.execPath, "--import", "tsx"];
const cli = [...tsx, "tests/lab/cli.ts"];
let number = 0;

// Every test has a lab of its own, beside the one of the run, as it takes the whole lab down.
beforeEach(() => {
  delete process.env.KVMNET_LAB;
  lab.useOwnLab(`try${++number}`);
});
afterEach(() => lab.down());

/** What of a lab is on the machine: its state, namespaces, files, mounts and processes. */
async function tracesOf(id: string): Promise<string[]> {
  const has = (text: string): boolean => text.includes(id);
  const commandLines = readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && existsSync(`/proc/${pid}/cmdline`))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch {
        return ""; // it has just ended
      }
    });
  return [
    ...(existsSync("/run/kvmnet-lab") ? readdirSync("/run/kvmnet-lab") : []),
    ...(existsSync("/etc/netns") ? readdirSync("/etc/netns") : []),
    ...(await lab.must(["ip", "netns", "list"])).split("\n"),
    ...readFileSync("/proc/self/mounts", "utf8").split("\n"),
    ...commandLines,
  ].filter(has);
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within 30 s`);
    await sleep(20);
  }
}

test("a static and a DHCP host at once, out of the machine's sight", async () => {
  const ownAddresses = () => lab.must(["ip", "-4", "-brief", "address"]);
  const before = await ownAddresses();
  const [kvm1, kvm2] = await Promise.all([lab.up("kvm1"), lab.up("kvm2", { dhcp: true })]);

  expect(await ownAddresses()).toBe(before);
  expect(kvm1.address).toBe("10.0.0.11");
  expect(await kvm1.must("ip -brief -4 address show eth0")).toContain("10.0.0.11/24");
  expect(await kvm2.must("ip -brief -4 address show eth0")).toContain(`${kvm2.address}/24`);
  expect(await kvm2.read("/etc/network/interfaces")).toContain("iface eth0 inet dhcp");
  expect(await kvm2.must("ip route show default; cat /etc/resolv.conf")).toMatch(
    /via 10\.0\.0\.1 [^]*nameserver 10\.0\.0\.1/,
  );
  for (const login of ["root@kvm1.lab", "admin@kvm2.lab", `admin@${kvm1.address}`]) {
    const { stdout, stderr } = await lab.operator(["ssh", "-o", "BatchMode=yes", login, "sudo id -u"]);
    expect({ login, stdout, stderr }).toEqual({ login, stdout: "0\n", stderr: "" }); // the host's key is known
  }
  const fresh = "ls -A /etc/udev/rules.d /etc/network/interfaces.d; virsh -q net-list --all; virsh -q list --all";
  expect((await kvm1.must(fresh)).replaceAll(/\/etc\S+:|\s/g, "")).toBe("");
});

test("a reboot keeps the disk and starts everything else anew", async () => {
  const host = await lab.up("kvm1");
  await host.must("touch /run/gone /etc/kept; ip link add br9 type bridge; sysctl -qw net.ipv4.ip_forward=1");
  await host.write("/etc/network/interfaces.d/br0", "auto br0\niface br0 inet manual\n\tbridge_ports none\n");
  await host.write("/etc/sysctl.d/50-arp.conf", "net.ipv4.conf.all.arp_ignore = 1\n");
  await host.write("/root/net.xml", NETWORK);
  await host.must("virsh -q net-define /root/net.xml; virsh -q net-autostart nat");

  await host.reboot();

  const links = await host.must("ls /etc/kept; ls /run/gone 2>&1 || true; ip -brief link");
  expect(links).toMatch(/\/etc\/kept\n.*\/run\/gone': No such file/);
  expect(links).toMatch(/^br0 /m);
  expect(links).not.toContain("br9");
  expect(await host.must("cat /sys/class/net/eth0/address")).toBe(`${host.mac}\n`);
  expect(await host.must("sysctl -n net.ipv4.ip_forward net.ipv4.conf.all.arp_ignore")).toMatch(/^[01]\n1\n$/);
  expect(await host.must("virsh -q net-list --name")).toContain("nat");
  expect((await lab.operator(["ssh", "kvm1.lab", "hostname"])).stdout).toBe("kvm1\n");
});

test("a guest gets a lease on every NIC, also on one plugged in later, and reaches the LAN through NAT", async () => {
  const host = await lab.up("kvm1");
  await host.write("/root/net.xml", NETWORK);
  await host.must("virsh -q net-define /root/net.xml; virsh -q net-start nat");
  await Promise.all([lab.guest(host, "web", { network: "nat" }), lab.guest(host, "bare")]);

  const address = await lab.guestAddress(host, "web");
  expect(address).toMatch(/^192\.168\.123\.\d+$/);
  await lab.guestReaches(host, "web", "10.0.0.254", { nic: "eth0" });
  expect(await host.must(`ping -c 1 -W 5 ${address}`)).toContain("1 received");
  expect(await lab.guestLog(host, "bare")).not.toContain("GUEST-IP");

  const mac = "52:54:00:00:be:ef";
  await host.must(`virsh -q attach-interface bare network nat --model virtio --mac ${mac} --live`);
  expect(await lab.guestAddress(host, "bare", { mac })).toMatch(/^192\.168\.123\.\d+$/);

  await host.must("virsh -q net-destroy nat");
  await lab.guestReaches(host, "web", "10.0.0.254", { reaches: false });
});

test("down leaves nothing on the machine, whatever runs in the lab", async () => {
  const id = process.env.KVMNET_LAB!;
  const host = await lab.up("kvm1");
  await lab.guest(host, "web");
  const stuck = lab.operator(["sleep", "600"]);
  await host.must("setsid sleep 600 > /dev/null 2>&1 &");
  expect(await tracesOf(id)).not.toEqual([]);

  await lab.down();

  expect((await stuck).code).toBe(137);
  expect(await tracesOf(id)).toEqual([]);
});

test.each([20, 60, 120, 250])(
  "what a run leaves that is killed after %i ms, the next one clears away",
  async (afterMs) => {
    delete process.env.KVMNET_LAB;
    const script = `const lab = require("./tests/lab/lab"); lab.useOwnLab("killed"); lab.up("kvm1");`;
    // Said, because jest keeps what a test does to process.env from the process itself.
    const victim = spawn(tsx[0]!, [...tsx.slice(1), "-e", script], { cwd: root, stdio: "ignore", env: process.env });
    const id = `killed-${victim.pid}`;
    await until("the run starts its lab", () => existsSync(`/run/kvmnet-lab/${id}`));
    await sleep(afterMs);
    victim.kill("SIGKILL");
    await until("it is gone", () => victim.signalCode !== null);

    lab.useOwnLab(`try${++number}`);
    await lab.up("kvm1");
    expect(await tracesOf(id)).toEqual([]);
  },
);

test("Ctrl-C while a host starts takes it down again", async () => {
  const child = spawn(cli[0]!, [...cli.slice(1), "up", "kvm9"], { cwd: root, stdio: "ignore", env: process.env });
  const state = `/run/kvmnet-lab/${process.env.KVMNET_LAB}/hosts/kvm9`;
  await until("the host starts", () => existsSync(`${state}/boot.log`));
  child.kill("SIGINT");
  await until("the command ends", () => child.exitCode !== null);
  expect(child.exitCode).toBe(130);
  expect(existsSync(state)).toBe(false);
  expect((await lab.must(["ip", "netns", "list"])).split("\n")).not.toContain(`${process.env.KVMNET_LAB}-kvm9`);
});

test("mistakes are told in a sentence", async () => {
  // As nobody, who may read this checkout wherever it is.
  const nobody = [
    "setpriv",
    "--reuid=65534",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
  ];
  const refused = await lab.run([...nobody, ...cli, "up", "kvm1"], { cwd: root });
  expect(refused).toMatchObject({
    code: 1,
    stdout: "",
    stderr: "The lab makes network namespaces and mounts: run it as root.\n",
  });

  await lab.up("kvm1");
  await expect(lab.up("kvm1")).rejects.toThrow("kvm1 is already up, at 10.0.0.11.");
  await expect(lab.up("kvm2", { address: "10.0.0.11" })).rejects.toThrow("has the address 10.0.0.11");
  await expect(lab.up("kvm2", { address: "10.0.1.11" })).rejects.toThrow("not an address for a host on the LAN");
  expect(() => lab.find("kvm2")).toThrow("No host kvm2 is up");
});

const NETWORK = `<network>
  <name>nat</name>
  <forward mode='nat'/>
  <bridge stp='off' delay='0'/>
  <ip address='192.168.123.1' netmask='255.255.255.0'>
    <dhcp><range start='192.168.123.2' end='192.168.123.254'/></dhcp>
  </ip>
</network>
`;
