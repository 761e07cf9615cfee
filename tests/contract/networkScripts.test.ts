import { down, type LabHost } from "../lab/lab";
import { contractHost } from "./hosts";
import { expectGivenBack, expectWayBack } from "./ownedBridge";

/**
 * A host as network-scripts leave it at boot: their files, and dhclient with that distribution's words. The scripts themselves are not in Debian:
 * what they make of the files at the next boot is not shown here.
 */
const SCRIPTS = "/etc/sysconfig/network-scripts";
const client = (link: string) =>
  `/sbin/dhclient -1 -q -lf /var/lib/dhclient/dhclient--${link}.lease -pf /var/run/dhclient-${link}.pid ${link}`;

let host: LabHost;
beforeAll(async () => {
  host = await contractHost("ifcfg", { dhcp: true });
  await host.must(`pkill -9 dhclient; rm -rf /etc/network /run/network; mkdir -p ${SCRIPTS} /var/lib/dhclient; rm -f /run/dhclient.eth0.pid
    printf 'NETWORKING=yes\\n' > /etc/sysconfig/network; printf 'DEVICE=lo\\nONBOOT=yes\\n' > ${SCRIPTS}/ifcfg-lo
    ip addr flush dev eth0; ${client("eth0")} > /dev/null 2>&1`);
  await host.write(
    `${SCRIPTS}/ifcfg-eth0`,
    `# the LAN\nDEVICE="eth0"\nHWADDR=${host.mac.toUpperCase()}\nTYPE=Ethernet\nONBOOT=yes # at boot\nBOOTPROTO="dhcp"\nPEERDNS=yes\n`,
  );
});
afterAll(() => down());

const state = `ip -br link | sed 's/@if[0-9]*//'; ip -o -4 addr | sed 's/^[0-9]*: //; s/ valid_lft.*//'; ip route; ls /sys/class/net/br0/brif 2>/dev/null
ps -C dhclient -o args=; ls /run/*dhclient* /var/lib/dhclient; cd ${SCRIPTS}; for f in *; do echo "$f"; cat "$f"; done`;

/** Not a lease file of the bridge's client, which nobody reads any more. */
const look = async () => (await host.must(state)).replace("dhclient--br0.lease\n", "");

test("not confirmed, it comes back by itself, and no file was written", () => expectWayBack(host, SCRIPTS, look));

test("confirmed, the bridge has the NIC's lease, by the client that network-scripts would start; deleted, all is as before", () =>
  expectGivenBack(host, look, async () => {
    expect(await host.must("ps -C dhclient -o args=")).toBe(`${client("br0")}\n`);
    expect(await host.must("ls /run | grep dhclient; grep -c 'interface \"br0\"' /var/lib/dhclient/dhclient--br0.lease | sed 's/[1-9].*/some/'")).toBe("dhclient-br0.pid\nsome\n"); // prettier-ignore
    expect(await host.read(`${SCRIPTS}/ifcfg-eth0`)).toBe(
      `# the LAN\nDEVICE="eth0"\nHWADDR=${host.mac.toUpperCase()}\nTYPE=Ethernet\nONBOOT=yes # at boot\nBOOTPROTO=none\nBRIDGE=br0\n`,
    );
  }));
