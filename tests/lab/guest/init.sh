#!/bin/sh
# Init of a lab guest: all of a guest's user space that a network needs, in busybox. It asks for a lease on every NIC, also
# on one that is plugged in later, keeps renewing, and says on the serial console what it got and whom it reaches:
#   GUEST-UP · GUEST-IP eth0 52:54:00:… 10.0.0.123 · GUEST-IP6 … · GUEST-PING-OK eth0 10.0.0.254 · GUEST-PING-FAIL …
#   GUEST-NIC-GONE eth0
# A ping is reported when its outcome changes: the last line of a NIC and an address is how things are. For echo=MAC=ADDRESS,…
# on the command line, that NIC pings that address ten times a second, and every answer is a line: 64 bytes from 10.77.0.2: seq=5 …
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do insmod "/modules/$module"; done < /modules/order
name=$(sed -n 's/.*guest=\([a-z0-9-]*\).*/\1/p' /proc/cmdline)
hostname "${name:-guest}"
ip link set lo up
# Two NICs may be in one network: each answers ARP only for itself.
echo 1 > /proc/sys/net/ipv4/conf/all/arp_ignore
echo "GUEST-UP $(cut -d ' ' -f 1 /proc/uptime)"

report() { # what, NIC, address: once for every change
  [ "$(cat "/run/$2.$3" 2> /dev/null)" = "$1" ] && return
  echo "$1" > "/run/$2.$3"
  echo "$1 $2 $3"
}

of_mac() { # NIC, word: what its MAC has on the command line, as in fixed=MAC=ADDRESS/PREFIX,…
  mac=$(cat "/sys/class/net/$1/address")
  sed "s/.* $2=\\([0-9a-f:.=/,]*\\).*/\\1/; t; d" /proc/cmdline | tr , '\n' | sed -n "s/^$mac=//p"
}

echoes() { # NIC: forever; a ping that is told that there is no way ends, and begins anew
  to=$(of_mac "$1" echo)
  while [ -n "$to" ] && [ -d "/sys/class/net/$1" ]; do
    [ ! -e "/run/$1.bound" ] || ping -i 0.1 -I "$1" "$to" 2> /dev/null
    sleep 0.1
  done
}

pings() { # NIC: to its gateway and to the targets, forever
  missed=0
  while [ -d "/sys/class/net/$1" ]; do
    gateway=$(cat "/run/$1.gateway" 2> /dev/null)
    if [ -e "/run/$1.bound" ]; then
      reached=0
      for target in $gateway $(sed 's/.*targets=\([0-9.,]*\).*/\1/; t; d' /proc/cmdline | tr , ' '); do
        if ping -q -c 1 -W 1 -I "$1" "$target" > /dev/null 2>&1; then
          report GUEST-PING-OK "$1" "$target"
          reached=1
        else
          report GUEST-PING-FAIL "$1" "$target"
        fi
      done
      # Its network may be another by now (or anew): ask for a lease again, as a real guest's manager would.
      if [ "$reached" = 1 ]; then missed=0; else missed=$((missed + 1)); fi
      if [ "$missed" -ge 5 ] && [ -n "$gateway" ]; then
        missed=0
        rm -f "/run/$1.bound"
        kill "$(cat "/run/$1.pid")"
      fi
    fi
    sleep 1
  done
}

while :; do
  for nic in /sys/class/net/eth*; do
    nic=${nic##*/}
    [ -d "/sys/class/net/$nic" ] || continue
    if ! [ -d "/proc/$(cat "/run/$nic.pid" 2> /dev/null || echo none)" ]; then
      [ -e "/run/$nic.seen" ] || { : > "/run/$nic.seen"; pings "$nic" & echoes "$nic" & }
      ip link set "$nic" up
      fixed=$(of_mac "$nic" fixed)
      if [ -n "$fixed" ]; then
        ip addr add "$fixed" dev "$nic"
        : > "/run/$nic.bound"
        echo 1 > "/run/$nic.pid"
        echo "GUEST-IP $nic $(cat "/sys/class/net/$nic/address") ${fixed%/*}"
        continue
      fi
      # -A 1: without an offer it asks again after a second, not after 20
      udhcpc -f -i "$nic" -s /lease.sh -p "/run/$nic.pid" -x "hostname:$(hostname)" -t 3 -T 1 -A 1 > /dev/null 2>&1 &
      echo $! > "/run/$nic.pid"
    fi
    for address in $(ip -6 addr show dev "$nic" scope global | sed -n 's/.*inet6 \([0-9a-f:]*\).*/\1/p'); do
      report "GUEST-IP6" "$nic" "$(cat "/sys/class/net/$nic/address") $address"
    done
  done
  for seen in /run/*.seen; do
    nic=${seen#/run/}
    nic=${nic%.seen}
    if [ ! -e "$seen" ] || [ -d "/sys/class/net/$nic" ]; then continue; fi
    kill "$(cat "/run/$nic.pid")" 2> /dev/null
    rm -f "/run/$nic".*
    echo "GUEST-NIC-GONE $nic"
  done
  sleep 0.5
done
