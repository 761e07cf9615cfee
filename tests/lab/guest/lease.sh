#!/bin/sh
# What udhcpc runs when a lease comes, changes or goes. It is shell as that is udhcpc's interface: names in its environment.
# shellcheck disable=SC2154 # interface, ip, mask, router come from udhcpc
case $1 in
  deconfig)
    ip addr flush dev "$interface" scope global
    rm -f "/run/$interface.bound" "/run/$interface.gateway"
    ;;
  bound | renew)
    if ! ip addr show dev "$interface" | grep -qF " $ip/${mask:-24} "; then
      ip -4 addr flush dev "$interface"
      ip addr add "$ip/${mask:-24}" dev "$interface"
    fi
    metric=$((100 + $(cat "/sys/class/net/$interface/ifindex")))
    for gateway in $router; do ip route replace default via "$gateway" dev "$interface" metric "$metric"; done
    echo "${router%% *}" > "/run/$interface.gateway"
    : > "/run/$interface.bound"
    [ "$1" = renew ] || echo "GUEST-IP $interface $(cat "/sys/class/net/$interface/address") $ip" > /dev/console
    ;;
esac
