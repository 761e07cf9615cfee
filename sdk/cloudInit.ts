import * as pulumi from "@pulumi/pulumi";
import type { GuestInterface } from "./guestInterface";

/**
 * cloud-init's network-config (version 2) for a guest with these interfaces: it configures none that is not named there.
 *
 * @example
 * ```ts
 * export const networkConfig = kvmnet.cloudInitNetworkConfig([lan, san]);
 * ```
 */
export const cloudInitNetworkConfig = (
  interfaces: readonly Pick<GuestInterface, "guestConfig">[],
): pulumi.Output<string> =>
  pulumi
    .all(interfaces.map(({ guestConfig }) => guestConfig))
    // Each text begins with the same two lines.
    .apply((all) => all.map(({ cloudInit }, i) => (i === 0 ? cloudInit : cloudInit.replace(/^.*\n.*\n/, ""))).join(""));
