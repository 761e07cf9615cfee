import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestConfig } from "../../provider/resources/guestConfig";
import { guestConfigs, MAC } from "../guestConfigs";
import { netplanGenerate } from "./netplanGenerate";

/** What is typed into a guest, as its own readers read it. */
const name = "enx525400ad4c86";
const folder = mkdtempSync(join(tmpdir(), "guestConfig-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (text: string) => {
  const path = join(folder, "file");
  writeFileSync(path, text);
  return path;
};

test.each(guestConfigs)("ifupdown reads it (%s)", (_, spec) => {
  const path = file(guestConfig(spec).ifupdown);
  const { stdout, stderr, status } = spawnSync("ifquery", ["-i", path, name], { encoding: "utf8" });
  expect([stderr, status]).toEqual(["", 0]);
  const said = stdout.split("\n").map((line) => line.split(": "));
  const values = (key: string) => said.filter(([is]) => is === key).map(([, value]) => value);
  const addresses = [spec.address, spec.address6].flatMap((address) => address?.split("/")[0] ?? []);
  expect(values("address")).toEqual(addresses);
  expect(values("gateway")).toEqual([spec.gateway, spec.gateway6].filter(Boolean));
  if (spec.mtu) expect(values("mtu")).toEqual([String(spec.mtu)]);
});

test("ifupdown finds the device by its MAC", () => {
  const { ifupdown } = guestConfig({ mac: readFileSync("/sys/class/net/lo/address", "utf8").trim() });
  const { stdout } = spawnSync("ifquery", ["-i", file(ifupdown), "--list", "-a"], { encoding: "utf8" });
  // The loopback once by itself and once by its address.
  expect(stdout.split("\n").filter((line) => line === "lo")).toHaveLength(2);
});

test.each(guestConfigs)("a shell reads ifcfg (%s)", (_, spec) => {
  const keys = ["HWADDR", "BOOTPROTO", "IPADDR", "PREFIX", "GATEWAY", "IPV6ADDR", "IPV6_DEFAULTGW", "DNS1", "DNS2", "DOMAIN", "MTU"]; // prettier-ignore
  const script = `set -eu; . ${file(guestConfig(spec).ifcfg)}; for k in ${keys.join(" ")}; do eval "echo \\"\\\${$k-}\\""; done`;
  const { stdout, stderr } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
  const [ip = "", prefix = ""] = spec.address?.split("/") ?? [];
  const [dns1 = "", dns2 = ""] = spec.nameservers ?? [];
  expect([stderr, ...stdout.split("\n")]).toEqual(
    ["", "52:54:00:AD:4C:86", spec.address ? "none" : "dhcp", ip, prefix, spec.gateway, spec.address6, spec.gateway6, dns1, dns2, spec.searchDomains?.join(" "), spec.mtu, ""].map((value) => String(value ?? "")), // prettier-ignore
  );
});

test.each(guestConfigs)("netplan generates from it (%s)", async (title, spec) => {
  const etc = join(folder, title);
  mkdirSync(join(etc, "netplan"), { recursive: true });
  writeFileSync(join(etc, "netplan/1.yaml"), guestConfig(spec).netplan);
  const { said, code, files } = await netplanGenerate(etc);
  expect([said, code]).toEqual(["", 0]);
  for (const value of [MAC, spec.address, spec.address6, spec.gateway, ...(spec.nameservers ?? [])])
    if (value) expect(Object.values(files).join("")).toContain(`=${value}`);
});
