/**
 * Who has to answer after a guarded change: the gateway and the first nameserver, where they did before. What did not answer before,
 * or cannot be asked here, fails no change.
 *
 * A gateway that drops ICMP answers ARP all the same: then its neighbour entry is made anew. A nameserver is asked for the root's name
 * servers, by perl, which every Debian has (Socket is of perl-base), or by whichever resolver's tool there is; any answer will do.
 */
export const reachFunctions = `
reach_who() {
  case $1 in
    gateway) ip -4 route show default | sed -n '1s/.* via \\([^ ]*\\).*/\\1/p' ;;
    nameserver) sed -n 's/^nameserver[[:space:]]*\\([^ ]*\\).*/\\1/p' /etc/resolv.conf 2>/dev/null | head -n 1 ;;
  esac
}
# kind [who]: 0: answers, 1: does not, 2: nobody to ask, or nothing to ask with
reach() {
  kvmnet_w=\${2:-$(reach_who "$1")}
  [ -n "$kvmnet_w" ] || return 2
  case $1 in gateway) reach_gateway "$kvmnet_w" ;; nameserver) reach_nameserver "$kvmnet_w" ;; esac
}
reach_gateway() {
  command -v ping >/dev/null || return 2
  ! ping -c 1 -W 1 "$1" >/dev/null 2>&1 || return 0
  ip neigh del "$1" dev "$(ip -4 route show default | sed -n '1s/.* dev \\([^ ]*\\).*/\\1/p')" 2>/dev/null
  ! ping -c 1 -W 1 "$1" >/dev/null 2>&1 || return 0
  ip -4 neigh show to "$1" | grep -q 'lladdr.* REACHABLE'
}
reach_nameserver() {
  kvmnet_c=3
  ! command -v perl >/dev/null || {
    perl -e 'eval { require Socket } or exit 3; $SIG{ALRM} = sub { exit 1 }; alarm 2;
      ($e, $a) = Socket::getaddrinfo($ARGV[0], 53, { flags => Socket::AI_NUMERICHOST(), socktype => Socket::SOCK_DGRAM() });
      !$e && socket(S, $a->{family}, Socket::SOCK_DGRAM(), 0) && connect(S, $a->{addr})
        && send(S, pack("n6xnn", 1, 256, 1, 0, 0, 0, 2, 1), 0) or exit 1;
      exit !defined recv(S, $r, 512, 0)' "$1"
    kvmnet_c=$?
  }
  if [ "$kvmnet_c" != 3 ]; then return "$kvmnet_c"
  elif command -v dig >/dev/null; then dig +time=2 +tries=1 "@$1" . NS >/dev/null 2>&1
  elif command -v host >/dev/null; then host -W 2 -t NS . "$1" >/dev/null 2>&1
  else return 2; fi
}
reach_before() {
  reached=
  for kvmnet_r in gateway nameserver; do ! reach "$kvmnet_r" || reached="$reached $kvmnet_r=$kvmnet_w"; done
}
# Until the window ends: a bridge with STP forwards late.
reach_still() {
  for kvmnet_r in $reached; do
    while [ "$ok" = 1 ]; do
      reach "\${kvmnet_r%%=*}"
      [ $? = 1 ] || break
      [ "$(now)" -lt "$kvmnet_end" ] || { ok=0; part "silent \${kvmnet_r%%=*} $kvmnet_w"; }
    done
  done
}
# After the way back: whether those of before are there again.
reach_again() {
  for kvmnet_r in $reached; do
    if reach "\${kvmnet_r%%=*}" "\${kvmnet_r#*=}"; then part "again \${kvmnet_r%%=*} $kvmnet_w"; else part "still silent \${kvmnet_r%%=*} $kvmnet_w"; fi
  done
}
`;
