/** What `consume`, the broker's log and `stats` say of a log that the disk does not let be read. */
import { mkdirSync, readdirSync, renameSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { cambium, errorOf, jsonLines, startBroker, temporaryFolder } from "./cambium.ts";

test("a read that fails is tried again, told on both sides, and ends consume; what heals is read", async () => {
  const folder = temporaryFolder();
  const first = await startBroker(folder.path);
  const config = ["--config", "segment.bytes=1MiB"];
  await cambium(["topic", "create", "t", "--partitions", "1", ...config, ...first.server]);
  const lines = Array.from({ length: 3000 }, (_, index) => `${index} ${"x".repeat(1000)}`).join("\n");
  await cambium(["produce", "t", ...first.server], { input: lines });
  await first.stop();
  // A folder can be opened as a file can, and a read of it fails.
  const segments = join(folder.path, "topics/t-0");
  const name = readdirSync(segments).find((file) => file.endsWith(".log"))!;
  renameSync(join(segments, name), join(segments, "kept"));
  mkdirSync(join(segments, name));

  const broker = await startBroker(folder.path);
  const consume = ["consume", "t", "--json", "--request-timeout", "2s", ...broker.server];
  const ran = await cambium(consume);
  expect(ran.status).toBe(1);
  expect(errorOf(ran)).toMatchObject({ code: "STORAGE_ERROR", details: { topic: "t", partition: 0, offset: 0 } });
  const retrying = { topic: "t", partition: 0, code: "STORAGE_ERROR", message: expect.stringContaining("EISDIR") };
  expect(jsonLines(ran.stderr)[0]).toEqual({ retrying });
  const [stats] = jsonLines((await cambium(["stats", "--json", ...broker.server])).stdout);
  expect(stats).toMatchObject({ corruptBatches: 0, readErrors: expect.any(Number) });
  expect(stats?.["readErrors"]).toBeGreaterThan(1);

  expect(broker.stderr().match(/a log cannot be read/g)).toHaveLength(1);

  rmdirSync(join(segments, name));
  renameSync(join(segments, "kept"), join(segments, name));
  const healed = await cambium(consume);
  expect(healed.status).toBe(0);
  expect(jsonLines(healed.stdout)).toHaveLength(3000);
  await broker.stop();
  folder.remove();
});
