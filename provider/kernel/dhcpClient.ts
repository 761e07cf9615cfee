import type { DhcpClient } from "../facts";
import { command, quote } from "../shell";

/**
 * A DHCP client that is killed leaves its lease and the link's address alone; one that ends in another way gives up both
 * (dhclient(8): -r, -x; dhclient-script on STOP and RELEASE). Neither the lock of our transaction (fd 9) nor the signals that it
 * ignores may live on in a daemon.
 */
export const dhcpFunctions = `
dhcp_stop() {
  # Once more after each that was killed: it may just have begun to run in the background, under another number.
  for kvmnet_i in 1 2 3 4 5 6 7 8 9; do dhcp_killed "$@" || break; done
  # dhclient does not start while the process of its pid file lives, and a pid may be used again by then.
  rm -f "/run/dhclient.$1.pid" "/run/dhclient6.$1.pid" "/run/dhclient-$1.pid" "/run/dhclient6-$1.pid"
  # What its script has begun, it ends: an address that came later would stay.
  for kvmnet_i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    dhcp_scripted "$1" || break
    sleep 0.1 2>/dev/null || sleep 1
  done
}
dhcp_killed() {
  kvmnet_k=1
  for kvmnet_d in /proc/[0-9]*; do
    read -r kvmnet_c 2>/dev/null < "$kvmnet_d/comm" || continue
    case $kvmnet_c in dhclient | dhcpcd | udhcpc) ;; *) continue ;; esac
    # A container's client is in /proc too, and its link may have the same name.
    [ "$(readlink "$kvmnet_d/ns/net")" = "$(readlink /proc/self/ns/net)" ] || continue
    kvmnet_l=" $(tr '\\0' ' ' 2>/dev/null < "$kvmnet_d/cmdline")" || continue
    case $kvmnet_l in *" $1 " | *" -i $1 "*) ;; *) continue ;; esac
    case $2$kvmnet_l in 6*" -6 "*) ;; 6*) continue ;; 4*" -6 "*) continue ;; esac
    ! kill -9 "\${kvmnet_d#/proc/}" 2>/dev/null || kvmnet_k=0
  done
  return "$kvmnet_k"
}
dhcp_scripted() {
  for kvmnet_d in /proc/[0-9]*; do
    read -r kvmnet_c 2>/dev/null < "$kvmnet_d/comm" || continue
    case $kvmnet_c in dhclient-script | dhcpcd-run-hook* | default.script) ;; *) continue ;; esac
    ! tr '\\0' '\\n' 2>/dev/null < "$kvmnet_d/environ" | grep -qx "interface=$1" || return 0
  done
  return 1
}
dhcp_start() {
  (trap - HUP PIPE INT TERM; exec "$@") > /dev/null 2>&1 3>&- 9>&- < /dev/null &
  # Until it has another name than ours, nobody would find it who has to stop it.
  for kvmnet_i in 1 2 3 4 5 6 7 8 9 10; do
    read -r kvmnet_c 2>/dev/null < "/proc/$!/comm" && [ "$kvmnet_c" != "\${1##*/}" ] || break
    sleep 0.1 2>/dev/null || sleep 1
  done
}
`;

export const stopClient = (link: string, family: 4 | 6): string => command("dhcp_stop", link, String(family));

/** What a client that was not there before has brought in the meantime goes with it. */
export const dropLease = (link: string, hadDefaultRoute: boolean): string[] => [
  `${command("ip", "-4", "addr", "flush", "dev", link, "dynamic")} 2>/dev/null || :`,
  ...(hadDefaultRoute ? [] : [`${command("ip", "-4", "route", "del", "default", "dev", link)} 2>/dev/null || :`]),
];

/** Starts a client for `link`, as ifupdown would, or network-scripts; where it follows `from`, with that one's options and lease, so that it asks for the same address again (INIT-REBOOT, RFC 2131 3.2). */
export function startClient(link: string, family: 4 | 6, from: DhcpClient | undefined, isIfcfg: boolean): string[] {
  if (!from) return [command("dhcp_start", ...(isIfcfg ? ifcfgArgv(link, family) : defaultArgv(link, family)))];
  const argv = renamed(from, link);
  const lease = (words: readonly string[]) => words[words.indexOf("-lf") + 1];
  const [old, next] = [lease(from.argv), lease(argv)];
  const copy =
    from.argv.includes("-lf") && old && next && old !== next
      ? [
          `[ ! -f ${quote(old)} ] || sed ${quote(`s/interface "${from.link}";/interface "${link}";/`)} ${quote(old)} > ${quote(next)}`,
        ]
      : [];
  return [...copy, command("dhcp_start", ...argv)];
}

/** The client's command line with another link's name in it, also in its files' names (`/run/dhclient.eth0.pid`, network-scripts' `/var/run/dhclient-eth0.pid`). */
export const renamed = (client: DhcpClient, link: string): string[] =>
  client.argv.map((word) =>
    word === client.link
      ? link
      : word.replaceAll(`.${client.link}.`, `.${link}.`).replaceAll(`-${client.link}.`, `-${link}.`),
  );

/** As ifupdown starts it (inet.defn, inet6.defn). */
export function defaultArgv(link: string, family: 4 | 6): string[] {
  const lease = (six: string) => `/var/lib/dhcp/dhclient${six}.${link}.leases`;
  return family === 4
    ? [
        "dhclient",
        "-4",
        "-v",
        "-i",
        "-pf",
        `/run/dhclient.${link}.pid`,
        "-lf",
        lease(""),
        "-I",
        "-df",
        lease("6"),
        link,
      ]
    : ["dhclient", "-6", "-v", "-pf", `/run/dhclient6.${link}.pid`, "-lf", lease("6"), "-I", "-df", lease(""), link];
}

/** As network-scripts start it, with a file of leases that is read again at boot (ifup-eth, generate_lease_file_name). */
const ifcfgArgv = (link: string, family: 4 | 6): string[] => {
  const six = family === 6 ? "6" : "";
  const files = [
    "-lf",
    `/var/lib/dhclient/dhclient${six}--${link}.lease`,
    "-pf",
    `/var/run/dhclient${six}-${link}.pid`,
  ];
  return ["dhclient", ...(family === 6 ? ["-6"] : []), "-q", ...files, link];
};
