/**
 * Makes sure that npm's scripts run on the pinned Node: node_modules/.bin/node, first on their PATH.
 *
 * npm links it there, but npm 10, which comes with Node 20 and 22, then deletes the link again, together with the bins
 * of the pinned Node's siblings for other platforms. Plain JavaScript, since it may run on the Node that npm found.
 */
import { existsSync, readdirSync, symlinkSync } from "node:fs";

const link = "node_modules/.bin/node";
const pinned = readdirSync("node_modules").find(
  (name) => name.startsWith("node-") && existsSync(`node_modules/${name}/bin/node`),
);
if (pinned !== undefined && !existsSync(link)) symlinkSync(`../${pinned}/bin/node`, link);
