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
  cp -al /run/systemd/network "$dir/generated" 2>/dev/null || : # NetworkManager has none
  netplan generate || return 1
  for kvmnet_f in "$dir"/generated/10-netplan-*; do
    ! cmp -s "$kvmnet_f" "/run/systemd/network/\${kvmnet_f##*/}" || mv -f "$kvmnet_f" "/run/systemd/network/\${kvmnet_f##*/}"
  done
}
# link ...: ports that leave their bridge. To systemd 252 such a one is a new link (the kernel says RTM_DELLINK of AF_BRIDGE): it sets it up as the files
# still say, and drops the addresses that it finds. So it lets it alone until the files are new. What is below /run a boot forgets.
networkd_lets_go() {
  [ -d /run/systemd/network ] || mkdir -m 755 /run/systemd/network || return 1
  for kvmnet_l in "$@"; do
    kvmnet_f=/run/systemd/network/00-kvmnet-$kvmnet_l.network
    printf '[Match]\\nName=%s\\n[Link]\\nUnmanaged=yes\\n' "$kvmnet_l" > "$kvmnet_f" && chmod 644 "$kvmnet_f" || return 1
  done
  timeout 30 networkctl reload || return 1
  kvmnet_end=$(($(now) + 10))
  for kvmnet_l in "$@"; do
    until networkctl list --no-legend "$kvmnet_l" | grep -q unmanaged; do
      [ "$(now)" -lt "$kvmnet_end" ] || return 1
      sleep 0.05 2>/dev/null || sleep 1
    done
  done
}
# link ...
networkd_takes() {
  for kvmnet_l in "$@"; do rm -f "/run/systemd/network/00-kvmnet-$kvmnet_l.network"; done
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
# link ...: NetworkManager does nothing to them any more, and they stay as they are. It would make a bridge again that goes, and a port that leaves.
NetworkManager_lets_go() {
  for kvmnet_l in "$@"; do
    [ ! -e "/sys/class/net/$kvmnet_l" ] || nmcli device set "$kvmnet_l" managed no || return 1
  done
  kvmnet_end=$(($(now) + 5))
  for kvmnet_l in "$@"; do
    until case $(nmcli -t -f GENERAL.STATE device show "$kvmnet_l" 2>/dev/null) in '' | *:10*) ;; *) false ;; esac; do
      [ "$(now)" -lt "$kvmnet_end" ] || return 1
      sleep 0.05 2>/dev/null || sleep 1
    done
  done
}
# link file ...: as at boot, by the profile in the file where there is one. What is as the profile says it is not touched.
NetworkManager_takes() {
  while [ "$#" -gt 0 ]; do
    kvmnet_u=$(nmcli -t -e no -f UUID,FILENAME connection show | while IFS= read -r kvmnet_c; do [ "\${kvmnet_c#*:}" != "$2" ] || echo "\${kvmnet_c%%:*}"; done)
    [ -z "$2" ] || [ -n "$kvmnet_u" ] || { echo "NetworkManager has not read $2"; return 1; }
    NetworkManager_has "$1" "$kvmnet_u" || {
      NetworkManager_lets_go "$1"
      nmcli device set "$1" managed yes || return 1
      kvmnet_end=$(($(now) + 5))
      until [ -z "$2" ] || NetworkManager_has "$1" "$kvmnet_u"; do
        # A profile that does not start by itself.
        [ "$(now)" -lt "$kvmnet_end" ] || { nmcli --wait 25 connection up uuid "$kvmnet_u" ifname "$1"; break; }
        sleep 0.05 2>/dev/null || sleep 1
      done
    }
    shift 2
  done
}
# link ...: its own metric for a link that it had let go of is above all that it gave to other links meanwhile, and the routes would be there twice.
# Until the next boot it has the one from before.
NetworkManager_settles() {
  for kvmnet_l in "$@"; do
    for kvmnet_n in 4 6; do
      kvmnet_a=$(ip "-$kvmnet_n" route show dev "$kvmnet_l" | sed -n '/^fe80/d; s/ proto [^ ]*//; s/ src [^ ]*//; / metric /p')
      kvmnet_r=$(printf '%s\\n' "$kvmnet_a" | sed 's/ metric .*//' | sort | uniq -d | head -n 1)
      [ -z "$kvmnet_r" ] || nmcli device modify "$kvmnet_l" "ipv$kvmnet_n.route-metric" "$(printf '%s\\n' "$kvmnet_a" | grep -F "$kvmnet_r metric " | sed -n '1s/.* metric \\([0-9]*\\).*/\\1/p')" || :
    done
  done
}
# link [uuid]: NetworkManager is at work on the link, or done, by that profile; or the link has no carrier, and it waits for one.
NetworkManager_has() {
  kvmnet_s=$(nmcli -t -f GENERAL.STATE,GENERAL.CON-UUID device show "$1" 2>/dev/null)
  case $kvmnet_s in
    *externally*) return 1 ;;
    *:20*) [ "$(cat "/sys/class/net/$1/carrier" 2>/dev/null)" != 1 ] ;;
    *STATE:[4-9]* | *STATE:1[0-9][0-9]*) case $kvmnet_s in *"$2") ;; *) return 1 ;; esac ;;
    *) return 1 ;;
  esac
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

/** By which file a daemon is to take each link over, where it is known. */
export type Profiles = Readonly<Record<string, string | undefined>>;

/** What the kernel has to say when a daemon has taken the links over. `leased`: which lease a link had, if any, or `any`. */
export function takenOver(
  manager: Manager,
  links: Links,
  leased: (name: string) => string | undefined,
  profiles: Profiles,
): string {
  const tests = Object.entries(links).flatMap(([name, link]) => {
    if (!link) return [];
    const { addresses = [], routes = [], master } = link;
    const lease = link.dhcp4 ? leased(name) : undefined;
    const held = {
      networkd: [`networkctl list --no-legend ${quote(name)} | grep configur`],
      NetworkManager: profiles[name] === undefined ? [] : [`${command("NetworkManager_has", name)} && echo yes`],
    };
    const family = (words: string) => (isIPv6(words) ? "-6" : "-4");
    return [
      ...held[manager],
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

const there = (links: Links): string[] => Object.keys(links).filter((name) => links[name]);

/** A daemon that heeds what it did itself has to be told before its links go another way. */
export const letsGo = (manager: Manager, names: readonly string[]): string => command(`${manager}_lets_go`, ...names);

/** The daemon is told of the links that are there. `files`: all of its own that came, went or changed. */
export const takes = (manager: Manager, links: Links, files: readonly string[], profiles: Profiles): string =>
  manager === "networkd"
    ? command("networkd_takes", ...there(links))
    : [
        ...(files.length > 0 ? [command("nmcli", "connection", "load", ...files)] : []),
        command("NetworkManager_takes", ...there(links).flatMap((name) => [name, profiles[name] ?? ""])),
      ].join("\n");

/** The same on the way back. `kept`: networkd would not read them again, as they are again, though what they speak of may have gone and come. */
export const takesBack = (
  manager: Manager,
  links: Links,
  files: readonly string[],
  profiles: Profiles,
  kept: readonly string[],
): string =>
  manager === "networkd"
    ? [
        ...(kept.length > 0 ? [command("touch", "-c", ...kept)] : []),
        takes(manager, links, files, profiles),
        command("networkd_settles", ...there(links)),
      ].join("\n")
    : takes(manager, links, files, profiles);

/** Once it has taken over. */
export const settles = (manager: Manager, links: Links): string[] =>
  manager === "NetworkManager" ? [command("NetworkManager_settles", ...there(links))] : [];
