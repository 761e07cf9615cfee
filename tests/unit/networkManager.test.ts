import type { BridgePlan } from "../../provider/backends/backend";
import { networkManager } from "../../provider/backends/networkManager";
import { inOrder } from "../../provider/backends/networkManagerOrder";
import { leasesOf, parseNmcli } from "../../provider/backends/nmcli";

/** As NetworkManager 1.42 prints them. */
const devices = `GENERAL.DEVICE:eth0
GENERAL.TYPE:ethernet
GENERAL.HWADDR:52:54:00:99:48:C6
GENERAL.STATE:100 (connected)
GENERAL.CON-UUID:6a1a2d5f-5a0e-4d5c-8f2e-0d7b8c1f3a11
IP4.ADDRESS[1]:10.0.0.151/24
IP4.ROUTE[1]:dst = 0.0.0.0/0, nh = 10.0.0.1, mt = 20100
IP4.ROUTE[2]:dst = 10.0.0.0/24, nh = 0.0.0.0, mt = 100
DHCP4.OPTION[1]:dhcp_client_identifier = 01:52:54:00:99:48:c6
DHCP4.OPTION[2]:dhcp_lease_time = 3600

GENERAL.DEVICE:virbr0
GENERAL.STATE:100 (connected (externally))
GENERAL.CON-UUID:2a19aca9-02ef-4ee5-8146-7fe52b7b70b2

GENERAL.DEVICE:eth1
GENERAL.STATE:30 (disconnected)
GENERAL.CON-UUID:

GENERAL.DEVICE:eth2
GENERAL.STATE:10 (unmanaged)
GENERAL.CON-UUID:
`;
const FOLDER = "/etc/NetworkManager/system-connections";
const connections = `6a1a2d5f-5a0e-4d5c-8f2e-0d7b8c1f3a11:${FOLDER}/the: LAN.nmconnection\n`;

test("what nmcli says is in NetworkManager's hands", () =>
  expect({ ...parseNmcli(devices, connections) }).toEqual({
    eth0: { by: "NetworkManager", file: `${FOLDER}/the: LAN.nmconnection`, clientId: "01:52:54:00:99:48:c6", metric: 100, leases: [4] },
    eth1: { by: "NetworkManager" },
  })); // prettier-ignore

test("whose DHCP client it is: by the profile, where it is known", () => {
  const held = { by: "NetworkManager", file: "x", leases: [4] } as const;
  expect(leasesOf(held, {})).toEqual([4]);
  expect(leasesOf(held, { x: "[connection]\ntype=ethernet\n" })).toEqual([4, 6]);
  expect(leasesOf(held, { x: "[ipv4]\nmethod=manual\n[ipv6]\nmethod=dhcp\n" })).toEqual([6]);
  for (const key of ["master", "controller"]) expect(leasesOf(held, { x: `[connection]\n${key}=br0\n` })).toEqual([]);
});

const PATH = `${FOLDER}/lan.nmconnection`;
const foundIn = (text: string) =>
  networkManager.find("eth0", { mac: "52:54:00:aa:00:01" }, { [PATH]: `[connection]\ntype=ethernet\ninterface-name=eth0\n${text}` }); // prettier-ignore

test("what is found: every spelling", () => {
  const family = "method=manual\naddress1=10.0.0.11/24,10.0.0.1\naddresses2=10.1.0.11;24;10.9.9.9;\nroute1=10.9.0.0/16,10.0.0.254,7\nroute2=10.8.0.0/16,10.0.0.254\nroute3=10.7.0.0/16,10.0.0.254\nroute3_options=table=100\ndns=10.0.0.1;10.0.0.2;\ndns-search=lab;\n"; // prettier-ignore
  expect(foundIn(`[ipv4]\n${family}[ipv6]\nmethod=manual\naddress1=fd00::11/64\ngateway=fd00::1\nroute-metric=1024\ndns-search=lab;\n`)).toMatchObject({
    dhcp4: false, dhcp6: false, addresses: ["10.0.0.11/24", "10.1.0.11/24", "fd00::11/64"], nameservers: ["10.0.0.1", "10.0.0.2"], searchDomains: ["lab"],
    routes: ["default via 10.0.0.1 metric 100", "10.9.0.0/16 via 10.0.0.254 metric 7", "10.8.0.0/16 via 10.0.0.254 metric 100", "default via fd00::1"],
  }); // prettier-ignore
  expect(foundIn("[ipv4]\nmethod=manual\naddress1=10.0.0.11/24,10.0.0.1\nnever-default=true\n").routes).toEqual([]);
});

const plan: BridgePlan = {
  name: "br0", ports: ["eth0"], left: [], dhcp4: true, dhcp6: false, addresses: [], routes: [], nameservers: [], searchDomains: [], stp: false,
  forwardDelay: 0, maxWait: 0, macAddress: "52:54:00:aa:00:01", mark: "kvmnet: br0",
}; // prettier-ignore

test("the lease's identity stays, where it is not the MAC's", () => {
  const rendered = (clientId: string) =>
    networkManager.render(plan, { eth0: { ...foundIn("[ipv4]\nmethod=auto\n"), clientId } }, {}).files![`${FOLDER}/kvmnet-br0.nmconnection`]; // prettier-ignore
  expect(rendered("01:52:54:00:aa:00:01")).not.toContain("dhcp-client-id");
  expect(rendered("ff:00:11")).toContain("\ndhcp-client-id=ff:00:11\n");
});

test("a port that is given up stays bare as long as the bridge has what it had", () => {
  const { files } = networkManager.render({ ...plan, ports: [], left: ["eth0"] }, { eth0: foundIn("[ipv4]\nmethod=auto\n") }, {}); // prettier-ignore
  expect(files![PATH]).toBe("[connection]\ntype=ethernet\ninterface-name=eth0\n\n[ipv4]\nmethod=disabled\n\n[ipv6]\nmethod=disabled\n"); // prettier-ignore
});

test("the port over which the host is reached is written first, and comes back last", () => {
  const port = "[connection]\ntype=ethernet\nmaster=br0\n";
  const [lan, guests] = ["[connection]\ntype=ethernet\n[ipv4]\nmethod=manual\n[ipv6]\nmethod=ignore\n", "[connection]\ntype=ethernet\n[ipv4]\nmethod=disabled\n[ipv6]\nmethod=disabled\n"]; // prettier-ignore
  const bridge = "[connection]\ntype=bridge\n";
  const at = (name: string) => `${FOLDER}/${name}.nmconnection`;
  const idle = [at("br0"), "[connection]\ntype=bridge\nautoconnect=false\n"];
  expect(inOrder([[at("a"), port], [at("br0"), bridge], [at("lan"), port]], { [at("a")]: guests, [at("lan")]: lan })).toEqual(
    [idle, [at("lan"), port], [at("a"), port], [at("br0"), bridge]],
  ); // prettier-ignore
  expect(inOrder([[at("br0"), null], [at("lan"), lan], [at("z"), guests]], { [at("br0")]: bridge, [at("lan")]: port, [at("z")]: port })).toEqual(
    [idle, [at("z"), guests], [at("lan"), lan], [at("br0"), null]],
  ); // prettier-ignore
});
