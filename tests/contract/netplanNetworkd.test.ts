import { down, type LabHost } from "../lab/lab";
import { contractHost } from "./hosts";
import { expectWayBack } from "./ownedBridge";
import { expectPowerCuts } from "./powerCuts";

/** systemd-networkd by files that netplan makes, on a host with DHCP; how it takes over is tested with files of its own. */
let host: LabHost;
beforeAll(async () => (host = await contractHost("netplan", { owner: "netplan", dhcp: true })));
afterAll(() => down());

/** Once the daemon has done with eth0. */
const state = `for i in $(seq 100); do networkctl list --no-legend eth0 | grep -q configured && break; sleep 0.1; done
cat /etc/netplan/* /run/systemd/network/*; networkctl list --no-legend | grep -v lo; ip -4 -br addr; ip route; cat /sys/class/net/*/address`;

test("not confirmed, it comes back by itself, and neither netplan nor the daemon ever heard of it", () =>
  expectWayBack(host, "/etc/netplan /run/systemd/network", () => host.must(state)));

test("the power goes at moments by chance: the next boot has one network or the other, whole", () =>
  expectPowerCuts(host, "/etc/netplan /etc/systemd/network"));
