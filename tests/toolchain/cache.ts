import { homedir } from "node:os";
import { join } from "node:path";

/** Where what takes long to make is kept between runs. */
export const cacheDirectory = (): string => join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "pulumi-kvmnet");
