import type { GuestConfigSpec } from "../provider/resources/guestConfig";

export const MAC = "52:54:00:ad:4c:86";

export const STATIC: GuestConfigSpec = {
  mac: MAC,
  address: "192.168.1.20/24",
  gateway: "192.168.1.1",
  address6: "fd00:1::20/64",
  gateway6: "fd00:1::1",
  nameservers: ["192.168.1.1", "fd00:1::1"],
  searchDomains: ["lab.example", "example"],
  mtu: 1400,
};

/** Guests that are told their own address, each in another way. */
export const guestConfigs: readonly (readonly [title: string, spec: GuestConfigSpec])[] = [
  ["all", STATIC],
  ["an address alone", { mac: MAC, address: "10.0.0.5/8" }],
  ["IPv6 alone", { mac: MAC, address6: "fd00::5/64", gateway6: "fd00::1" }],
  ["a lease", { mac: MAC }],
];
