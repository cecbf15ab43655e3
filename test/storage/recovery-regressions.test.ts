/** What recovery once did in silence. */
import { expect, test } from "vitest";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, StorageRun } from "./storage-run.ts";
import { batchOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
const FOLDER = `${DATA}/topics/${LOG}`;
const ROLLS_ALWAYS = { segmentBytes: 100 };

test("E2: a log whose first segment is missing stops loudly; its start does not move", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, { settings: ROLLS_ALWAYS });
  run.open(LOG);
  for (let number = 0; number < 3; number++) run.produce(LOG, batchOf({ number }));
  run.stop();
  disk.kill(new Seeded(1));
  disk.remove(`${FOLDER}/00000000000000000000.log`);
  const restarted = new StorageRun(disk, memory, { settings: ROLLS_ALWAYS });
  expect(() => restarted.open(LOG)).toThrow("offsets 0 to 1 were durable");
});

test("E2: what a dead worker had published and nobody can read is put aside before it is cut", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = new StorageRun(disk, memory, { settings: { durability: "os" } });
  run.open(LOG);
  run.produce(LOG, batchOf({ number: 0 }));
  run.produce(LOG, batchOf({ number: 1 }));
  const path = `${FOLDER}/00000000000000000000.log`;
  const size = disk.status(path)!.size;
  const file = disk.open(path, "write");
  disk.write(file, Uint8Array.of(0xff, 0xff), size - 20);
  disk.close(file);
  const { recovered } = run.reopen(LOG);
  expect(recovered.end.end).toBe(1);
  expect(recovered.report.quarantined).toHaveLength(1);
  expect(disk.status(recovered.report.quarantined[0]!)?.size).toBe(size / 2);
});
