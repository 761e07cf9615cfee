import { setTimeout as sleep } from "node:timers/promises";
import { type VmHost, down, up, useOwnLab } from "../lab/lab";
import { type Snapshot, expectAsBefore, snapshot } from "./snapshot";
import { Stack } from "./stack";

const program = (bridge: string) => `import * as kvmnet from "pulumi-kvmnet";
const on = { provider: new kvmnet.Provider("kvm1", { host: "kvm1.lab", connectTimeout: 60, confirmTimeout: 20 }) };
new kvmnet.Bridge("br0", { ports: ["eth0"]${bridge} }, on);
new kvmnet.NatNetwork("lab", { address: "192.168.123.1/24", dhcp: { start: "192.168.123.2", end: "192.168.123.99" } }, on);
new kvmnet.SysctlForwarding("forwarding", { ipv4: true, ipv6: true }, on);
new kvmnet.BridgeNetfilter("netfilter", { iptables: false, ip6tables: false, arptables: false }, on);
`;

describe("a host with systemd and a kernel of its own", () => {
  let host: VmHost;
  let stack: Stack;
  let before: Snapshot;

  beforeAll(async () => {
    useOwnLab("reboot");
    host = await up("kvm1", { vm: true });
    // logind is to end what a session leaves behind: logind.conf(5).
    await host.must(
      "printf '[Login]\\nKillUserProcesses=yes\\n' > /etc/systemd/logind.conf.d/lab.conf; systemctl restart systemd-logind",
    );
    before = await snapshot(host);
    stack = await Stack.create({ text: program("") });
  });
  afterAll(async () => {
    stack.remove();
    await down();
  });

  it("waits for its operator in a unit of its own, which goes back by itself", async () => {
    stack.program(program(`, addresses: ["10.0.7.11/24"], routes: []`));
    const run = stack.start("up", "--yes", "--skip-preview", "--target", "**br0");
    let units = "";
    while (run.isAlive() && !/ running /.test(units)) {
      units = (await host.sh("systemctl list-units --plain --no-legend 'kvmnet-*.service'")).stdout;
      await sleep(200);
    }
    expect(units).toMatch(/^kvmnet-[0-9a-f]{32}\.service +loaded +active +running/m);
    const { code, stdout, stderr } = await run.ended;
    expect(code).not.toBe(0);
    expect(stdout + stderr).toMatch(/rolled back/);
    expectAsBefore(await snapshot(host), before);
    expect(await host.must("systemctl list-units --state=active --plain --no-legend 'kvmnet-*'")).toBe("");
  });

  it("goes up, and has nothing to do, also after a reboot", async () => {
    stack.program(program(""));
    await stack.up();
    await host.reboot();
    await stack.must("preview", "--refresh", "--diff", "--expect-no-changes");
    // Nothing has loaded the module; when a firewall does, a rule of udev's sets what it brings.
    await host.must("modprobe br_netfilter && udevadm settle");
    const sysctls = ["bridge.bridge-nf-call-iptables", "bridge.bridge-nf-call-arptables", "ipv4.ip_forward"];
    expect(await host.must(`sysctl -n ${sysctls.map((key) => `net.${key}`).join(" ")}`)).toBe("0\n0\n1\n");
  });

  it("is destroyed, and is as it was", async () => {
    await stack.destroy();
    expectAsBefore(await snapshot(host), before);
  });
});
