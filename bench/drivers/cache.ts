/** Where what peers need is kept from run to run. */
import { homedir } from "node:os";
import { join } from "node:path";

export const cacheFolder: string = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "cambium-bench");
