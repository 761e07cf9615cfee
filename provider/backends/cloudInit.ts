import type { Files } from "./backend";

/** The documented way to keep cloud-init from writing the network's configuration anew at the next boot (cloudinit.readthedocs.io, "Network configuration"). */
export const CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg";

/** It stays as long as there is a bridge that needs it. */
const textFor = (bridges: readonly string[]) =>
  `# Managed by pulumi-kvmnet: cloud-init would write the network's configuration anew, without the bridge.
network: {config: disabled}
${bridges.map(lineFor).join("")}`;

const lineFor = (bridge: string) => `# for ${bridge}\n`;

/** The bridges that the file is for; undefined where it is not ours, or not whole. */
function bridgesOf(text: string): string[] | undefined {
  const bridges = [...text.matchAll(/^# for (.*)$/gm)].map(([, bridge = ""]) => bridge);
  return text === textFor(bridges) ? bridges : undefined;
}

/** A section of the file is a bridge's line. */
export const readBridge = (text: string, bridge: string): string | null =>
  bridgesOf(text)?.includes(bridge) ? lineFor(bridge) : null;

/** Without a bridge there is no text. */
export function writeBridge(text: string, bridge: string, line: string | null): string {
  const others = (bridgesOf(text) ?? []).filter((name) => name !== bridge);
  const bridges = line === null ? others : [...others, bridge].toSorted();
  return bridges.length > 0 ? textFor(bridges) : "";
}

/**
 * What has to be written so that cloud-init leaves the owner's files alone, as a section; undefined where there is no cloud-init, or it does
 * already. `files` has of its configuration only lines that are about the network.
 */
export function cloudInitSection(
  bridge: string,
  files: Files,
  has: (command: string) => boolean,
): Record<string, string> | undefined {
  if (!has("cloud-init")) return undefined;
  const isDisabled = Object.entries(files).some(
    ([path, text]) =>
      path.startsWith("/etc/cloud/") &&
      !(path === CLOUD_INIT && bridgesOf(text)) &&
      /^\s*network\s*:\s*(\{\s*config\s*:\s*["']?disabled|\n\s+config\s*:\s*["']?disabled)/m.test(text),
  );
  return isDisabled ? undefined : { [`${CLOUD_INIT}#${bridge}`]: lineFor(bridge) };
}
