import type { LinkState, Manager } from "../hostState";
import { isIPv6 } from "../parse";
import { command, quote } from "../shell";

/** How a daemon is called where people are told of it. */
export const managerNames: Readonly<Record<Manager, string>> = {
  networkd: "systemd-networkd",
  NetworkManager: "NetworkManager",
};

/**
 * A daemon reads its files anew and takes over what the kernel has by then. What was there before it must be there again: the daemon
 * drops what it does not know to be its own, and sets it once more, some milliseconds later.
 */
export const takeOverFunctions = `
# What netplan writes anew though it is the same stays the file that the daemon has read: else it would set up links again that nothing has happened to.
netplan_generates() {
  rm -rf "$dir/generated"
  cp -al /run/systemd/network "$dir/generated" 2>/dev/null
  netplan generate || return 1
  for kvmnet_f in "$dir"/generated/*; do
    ! cmp -s "$kvmnet_f" "/run/systemd/network/\${kvmnet_f##*/}" || mv -f "$kvmnet_f" "/run/systemd/network/\${kvmnet_f##*/}"
  done
}
# link ...
networkd_takes() {
  timeout 30 networkctl reload || return 1
  for kvmnet_l in "$@"; do
    # systemd 252 learns of a bridge that was there before its .netdev from the kernel's next word of it: here that is.
    [ ! -e "/sys/class/net/$kvmnet_l/bridge" ] || ip link set dev "$kvmnet_l" alias "$(cat "/sys/class/net/$kvmnet_l/ifalias")"
  done
  for kvmnet_l in "$@"; do
    # A port whose bridge has gone is not looked at again by a reload.
    case $(networkctl list --no-legend "$kvmnet_l" 2>/dev/null) in *failed*) networkctl reconfigure "$kvmnet_l" ;; esac
  done
}
# link ...: after the way back. A port that left a bridge is a new link to systemd 252, which waits for ever for the link-local address that it had before.
networkd_settles() {
  for kvmnet_l in "$@"; do
    kvmnet_end=$(($(now) + 3))
    until networkctl list --no-legend "$kvmnet_l" | grep -q configured; do
      if [ "$(now)" -ge "$kvmnet_end" ]; then
        networkctl reconfigure "$kvmnet_l"
        kvmnet_f=/proc/sys/net/ipv6/conf/$kvmnet_l/addr_gen_mode
        ! kvmnet_m=$(cat "$kvmnet_f" 2>/dev/null) || { ip -6 addr flush dev "$kvmnet_l" scope link; echo 1 > "$kvmnet_f"; echo "$kvmnet_m" > "$kvmnet_f"; }
        break
      fi
      sleep 0.1 2>/dev/null || sleep 1
    done
  done
}
# who command ...: until each command prints something
taken_over() {
  kvmnet_who=$1
  shift
  kvmnet_end=$(($(now) + 30))
  # Twice: the first time may be before it drops what it will set once more.
  for kvmnet_again in 1 2; do
    for kvmnet_c in "$@"; do
      until [ -n "$(eval "$kvmnet_c" 2>/dev/null)" ]; do
        [ "$(now)" -lt "$kvmnet_end" ] || { echo "$kvmnet_who did not take it over within 30 s: $kvmnet_c prints nothing"; return 1; }
        sleep 0.05 2>/dev/null || sleep 1
      done
    done
    [ "$kvmnet_again" = 2 ] || sleep 0.5 2>/dev/null || sleep 1
  done
}
`;

type Links = Readonly<Record<string, LinkState | null>>;

/** What the kernel has to say when a daemon has taken the links over. `leased`: which lease a link had, if any, or `any`. */
export function takenOver(manager: Manager, links: Links, leased: (name: string) => string | undefined): string {
  const tests = Object.entries(links).flatMap(([name, link]) => {
    if (!link) return [];
    const { addresses = [], routes = [], master } = link;
    const lease = link.dhcp4 ? leased(name) : undefined;
    const held = { networkd: `networkctl list --no-legend ${quote(name)} | grep configur`, NetworkManager: "echo" };
    const family = (words: string) => (isIPv6(words) ? "-6" : "-4");
    return [
      held[manager],
      ...(master ? [command("ls", "-d", `/sys/class/net/${master}/brif/${name}`)] : []),
      ...(lease === undefined
        ? []
        : [
            command(
              "ip",
              "-o",
              "-4",
              "addr",
              "show",
              "dev",
              name,
              ...(lease === "any" ? [] : ["to", lease]),
              "dynamic",
            ),
          ]),
      ...addresses.map((cidr) => {
        const [address = ""] = cidr.split("/");
        return command("ip", "-o", "addr", "show", "dev", name, "to", address, "-tentative");
      }),
      ...routes.map((words) =>
        command("ip", family(words), "route", "show", "dev", name, "exact", ...words.split(" ")),
      ),
    ];
  });
  return [command("taken_over", managerNames[manager]), ...tests.map(quote)].join(" ");
}

/** The daemon is told of the links that are there. */
export const takes = (manager: Manager, links: Links): string =>
  command(`${manager}_takes`, ...Object.keys(links).filter((name) => links[name]));

/** The same on the way back. `files`: it would not read them again, as they are again, though what they speak of may have gone and come. */
export const takesBack = (manager: Manager, links: Links, files: readonly string[]): string =>
  [
    ...(files.length > 0 ? [command("touch", "-c", ...files)] : []),
    takes(manager, links),
    command(`${manager}_settles`, ...Object.keys(links).filter((name) => links[name])),
  ].join("\n");
