import type { Files } from "./backend";

/** The documented way to keep cloud-init from writing the network's configuration anew at the next boot (cloudinit.readthedocs.io, "Network configuration"). */
export const CLOUD_INIT = "/etc/cloud/cloud.cfg.d/99-disable-network-config.cfg";

/** The same for every bridge of the host: none of them can say that it is its own. */
const TEXT =
  "# Managed by pulumi-kvmnet: cloud-init would write the network's configuration anew, without the bridge.\nnetwork: {config: disabled}\n";

/**
 * What has to be written so that cloud-init leaves the owner's files alone; undefined where there is no cloud-init, or it does already.
 * `files` has of its configuration only lines that are about the network.
 */
export function cloudInitFile(files: Files, has: (command: string) => boolean): Record<string, string> | undefined {
  if (!has("cloud-init")) return undefined;
  const isDisabled = Object.entries(files).some(
    ([path, text]) =>
      path !== CLOUD_INIT &&
      path.startsWith("/etc/cloud/") &&
      /^\s*network\s*:\s*(\{\s*config\s*:\s*["']?disabled|\n\s+config\s*:\s*["']?disabled)/m.test(text),
  );
  return isDisabled || (files[CLOUD_INIT] !== undefined && files[CLOUD_INIT] !== TEXT)
    ? undefined
    : { [CLOUD_INIT]: TEXT };
}
