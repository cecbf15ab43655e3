import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Report } from "./released-run.ts";

const file = join(import.meta.dirname, "released-run.ts");

async function run(name: string): Promise<Report> {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", file, name]);
  return JSON.parse(stdout) as Report;
}

test("of brokers that were closed nothing is held, neither they nor their memory", async () => {
  expect(await run("closed")).toEqual({ made: 6, held: 0 });
});

test("nor of those whose port was taken while they started", async () => {
  expect(await run("refused")).toEqual({ made: 3, held: 0 });
});
