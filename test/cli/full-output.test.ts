import { execFile } from "node:child_process";
import fs from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withoutSettings } from "../../src/cli/settings-schema.ts";
import { requireThat } from "../helpers/require.ts";
import { startBroker, temporaryFolder } from "./cambium.ts";

const main = join(import.meta.dirname, "../../src/main.ts");
const folder = temporaryFolder();
beforeAll(async () => {
  await (await startBroker(folder.path)).stop();
});
afterAll(() => folder.remove());

const commands = [["config"], ["config", "--json"], ["dump", "--data"], ["dump", "--json", "--data"]];

for (const command of commands) {
  test(`${command.join(" ")} fails where its output is lost`, async (context) => {
    requireThat(context, fs.existsSync("/dev/full"), "/dev/full");
    const args = command.at(-1) === "--data" ? [...command, folder.path] : command;
    const script = 'exec "$0" "$@" > /dev/full';
    const status = await new Promise((resolve) => {
      execFile("sh", ["-c", script, process.execPath, main, ...args], { env: withoutSettings(process.env) }, (error) =>
        resolve(error?.code ?? 0),
      );
    });
    expect(status).toBe(1);
  });
}
