/** What `consume` says of a log that was damaged on disk. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  cambium,
  errorOf,
  jsonLines,
  type StartedBroker,
  startBroker,
  type TemporaryFolder,
  temporaryFolder,
} from "./cambium.ts";

let folder: TemporaryFolder;
let broker: StartedBroker;

beforeAll(async () => {
  folder = temporaryFolder();
  const first = await startBroker(folder.path);
  await cambium(["topic", "create", "t", "--partitions", "2", ...first.server]);
  // Each call is a batch of its own.
  for (const input of ["a\nb\n", "c\nDAMAGED\ne\n", "f\n"]) {
    await cambium(["produce", "t", "--partition", "1", ...first.server], { input });
  }
  await first.stop();
  const path = join(folder.path, "topics/t-1/00000000000000000000.log");
  const log = openSync(path, "r+");
  writeSync(log, "?", readFileSync(path).indexOf("DAMAGED"));
  closeSync(log);
  broker = await startBroker(folder.path);
});
afterAll(async () => {
  await broker.stop();
  folder.remove();
});

test("a damaged batch ends it with the topic, the partition and the offsets", async () => {
  const ran = await cambium(["consume", "t", "--json", ...broker.server]);
  expect(ran.status).toBe(1);
  expect(errorOf(ran)).toMatchObject({
    code: "CORRUPT_BATCH",
    message: expect.stringMatching(/t-1.*\(--skip-corrupt goes on behind it\)$/),
    details: { topic: "t", partition: 1, offset: 2, nextOffset: 5 },
  });
});

test("--skip-corrupt goes on, and tells what it skipped and how much", async () => {
  const json = await cambium(["consume", "t", "--skip-corrupt", "--json", ...broker.server]);
  expect(json.status).toBe(0);
  expect(jsonLines(json.stdout).map(({ value }) => value)).toEqual(["a", "b", "f"]);
  expect(jsonLines(json.stderr)).toEqual([
    {
      skipped: {
        topic: "t",
        partition: 1,
        offset: 2,
        nextOffset: 5,
        code: "CORRUPT_BATCH",
        message: expect.stringContaining("t-1"),
      },
    },
    { skippedTotal: { batches: 1, offsets: 3 } },
  ]);
  const text = await cambium(["consume", "t", "--skip-corrupt", ...broker.server]);
  expect(text).toMatchObject({ status: 0, stdout: "a\nb\nf\n" });
  expect(text.stderr).toMatch(
    /^skipped t-1, offsets 2\.\.4: CORRUPT_BATCH: .+\nskipped 3 offsets in 1 place in all\n$/,
  );
});

test("an offset that is not in the log ends it with the topic and the partition", async () => {
  const ran = await cambium(["consume", "t", "--partition", "1", "--from", "99", "--json", ...broker.server]);
  expect(ran.status).toBe(1);
  expect(errorOf(ran)).toMatchObject({ code: "OFFSET_OUT_OF_RANGE", details: { topic: "t", partition: 1 } });
});

test("E4: stats count the damaged batch, once for all who read it", async () => {
  await cambium(["consume", "t", "--skip-corrupt", ...broker.server]);
  const ran = await cambium(["stats", "--json", ...broker.server]);
  expect(jsonLines(ran.stdout)).toEqual([expect.objectContaining({ corruptBatches: 1, damagedLogs: 0 })]);
});
