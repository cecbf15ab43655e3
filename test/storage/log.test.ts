import { expect, test } from "vitest";
import { REFUSED_NO_SPACE, REFUSED_READ_ONLY, REFUSED_STORAGE } from "../../src/storage/append-result.ts";
import { LEADER_EPOCH, STATE, STATE_READ_ONLY } from "../../src/storage/log-memory.ts";
import { partitionFiles } from "./audit.ts";
import { FakeDisk, failing, type Operation } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { errorOf, NOW, type Outcome, type StartOptions, StorageRun } from "./storage-run.ts";
import { batchOf, headersOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
const HOUR = 3_600_000;

function start(
  settings: StartOptions["settings"] = {},
  disk: FakeDisk = new FakeDisk(memory.memory.bytes),
): StorageRun {
  const run = new StorageRun(disk, memory, { settings });
  run.open(LOG);
  return run;
}

function produce(run: StorageRun, count: number, from = 0): Outcome[] {
  return Array.from({ length: count }, (_, index) => run.produce(LOG, batchOf({ number: from + index })));
}

/** Contract A1, of one node. */
function expectOrderedNumbers(run: StorageRun): void {
  expect(run.logStart(LOG)).toBeLessThanOrEqual(run.durableEnd(LOG));
  expect(run.durableEnd(LOG)).toBeLessThanOrEqual(run.logEnd(LOG));
}

function logsOf(run: StorageRun): string[] {
  return [...partitionFiles(run, LOG).keys()].filter((name) => name.endsWith(".log")).sort();
}

test("A3: a batch begins where the last offset of the one before ends", () => {
  const run = start();
  const bases = [3, 1, 5].map((count, number) => run.produce(LOG, batchOf({ count, number })));
  expect(bases).toMatchObject([
    { base: 0, end: 3, acked: true },
    { base: 3, end: 4, acked: true },
    { base: 4, end: 9, acked: true },
  ]);
  expect(run.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0, 3, 4]);
});

test("A1 A2 H4: written, then synced, then readable and acknowledged, in this order and no other", () => {
  const run = start();
  produce(run, 1);
  run.disk.held = true;
  const request = run.append(LOG, batchOf());
  run.step();
  expect([run.logEnd(LOG), run.durableEnd(LOG), run.outcomes.get(request)!.state]).toEqual([1, 1, "waiting"]);
  run.disk.completeWrite();
  expect([run.logEnd(LOG), run.durableEnd(LOG)]).toEqual([2, 1]);
  expect(run.outcomes.get(request)).toMatchObject({ state: "appended", acked: false });
  run.step();
  expect(run.disk.syncInFlight).toBe(true);
  expect(run.outcomes.get(request)).toMatchObject({ acked: false });
  run.disk.completeSync();
  expect([run.logEnd(LOG), run.durableEnd(LOG)]).toEqual([2, 2]);
  expect(run.outcomes.get(request)).toMatchObject({ acked: true });
});

test("B5: a sync that begins before a new segment's first write does not acknowledge it", () => {
  const run = start();
  run.disk.held = true;
  const request = run.append(LOG, batchOf());
  run.step();
  expect([run.disk.writesInFlight, run.disk.syncInFlight]).toEqual([1, true]);
  run.disk.completeWrite();
  run.disk.completeSync();
  expect(run.outcomes.get(request)).toMatchObject({ acked: false });
  run.step();
  run.disk.completeSync();
  expect(run.outcomes.get(request)).toMatchObject({ acked: true });
});

test("D2: the next group is written while the last one is synced, and waits for its own sync", () => {
  const run = start();
  produce(run, 1);
  run.disk.held = true;
  const first = run.append(LOG, batchOf({ number: 1 }));
  run.step();
  run.disk.completeWrite();
  run.step();
  const second = run.append(LOG, batchOf({ number: 2 }));
  run.step();
  run.disk.completeWrite();
  expect(run.logEnd(LOG)).toBe(3);
  run.disk.completeSync();
  const outcomes = (): unknown[] => [first, second].map((request) => run.outcomes.get(request));
  expect(outcomes()).toMatchObject([{ acked: true }, { acked: false }]);
  run.step();
  run.completeAll();
  expect(outcomes()).toMatchObject([{ acked: true }, { acked: true }]);
});

test("D1: at os a batch is acknowledged when it is written, and no sync is waited for", () => {
  const run = start({ durability: "os" });
  const before = run.disk.operations;
  const operations: string[] = [];
  run.disk.fault = ({ kind, submitted }) => {
    if (submitted) operations.push(kind);
    return null;
  };
  expect(run.produce(LOG, batchOf())).toMatchObject({ acked: true });
  expect(operations).toEqual(["write"]);
  expect(run.disk.operations).toBeGreaterThan(before);
});

test("D1: at disk a batch costs one write and one sync of its file, once the segment is there", () => {
  const run = start();
  produce(run, 1);
  const operations: string[] = [];
  run.disk.fault = ({ kind, path }) => {
    operations.push(`${kind} ${path.slice(path.lastIndexOf("/") + 1)}`);
    return null;
  };
  produce(run, 1, 1);
  expect(operations).toEqual(["write 00000000000000000000.log", "sync 00000000000000000000.log"]);
});

test("batches that lie one behind the other leave in one write, others in one each", () => {
  const run = start();
  produce(run, 1);
  let writes = 0;
  run.disk.fault = ({ kind }) => {
    if (kind === "write") writes++;
    return null;
  };
  for (let number = 1; number <= 3; number++) run.append(LOG, batchOf({ number }));
  run.step();
  expect(writes).toBe(1);
  memory.skip();
  run.append(LOG, batchOf({ number: 4 }));
  memory.skip();
  run.append(LOG, batchOf({ number: 5 }));
  run.step();
  expect(writes).toBe(3);
  expect(run.readAll(LOG).length).toBe(6);
});

test("B5: a segment rolls before it would be larger than its bytes", () => {
  const size = batchOf().length;
  const run = start({ segmentBytes: 3 * size });
  produce(run, 7);
  expect(logsOf(run)).toEqual([0, 3, 6].map((base) => `${String(base).padStart(20, "0")}.log`));
  expect(partitionFiles(run, LOG).get("00000000000000000000.log")!.length).toBe(3 * size);
  expect(run.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

test("B5: a segment rolls when its first append is older than its age, and not a moment before", () => {
  const run = start({ segmentMs: 1000 });
  produce(run, 1);
  run.nowMs += 1000;
  produce(run, 1, 1);
  expect(logsOf(run).length).toBe(1);
  run.nowMs += 1;
  produce(run, 1, 2);
  expect(logsOf(run).length).toBe(2);
});

test("B5: a segment rolls at its number of offsets, which stays what it was when the segment was made", () => {
  const run = start({ segmentSlots: 4 });
  run.produce(LOG, batchOf({ count: 3 }));
  run.drain.get(run.log(LOG).entry)!.configure({ ...run.settings, segmentSlots: 100 });
  run.produce(LOG, batchOf({ count: 1 }));
  expect(logsOf(run).length).toBe(1);
  run.produce(LOG, batchOf({ count: 1 }));
  expect(logsOf(run).length).toBe(2);
  run.produce(LOG, batchOf({ count: 90 }));
  expect(logsOf(run).length).toBe(2);
});

test("B2: offsets beyond one page of the index are found in the file, in the page, and across both", () => {
  const run = start();
  const count = 3000;
  for (let number = 0; number < 4; number++) run.produce(LOG, batchOf({ count, number: number * count, valueSize: 8 }));
  for (const offset of [0, 2999, 3000, 4095, 4096, 5999, 6000, 8191, 8192, 11_999])
    expect(run.read(LOG, offset)[0]?.baseOffset, `offset ${offset}`).toBe(Math.floor(offset / count) * count);
  run.stop();
  const again = start({}, run.disk);
  for (const offset of [0, 4096, 8192, 11_999])
    expect(again.read(LOG, offset)[0]?.baseOffset, `offset ${offset} after a restart`).toBe(
      Math.floor(offset / count) * count,
    );
  again.produce(LOG, batchOf({ count, number: 12_000, valueSize: 8 }));
  expect(again.read(LOG, 14_999)[0]?.baseOffset).toBe(12_000);
});

test("A4: every start has a higher epoch, taken at its first append and not before", () => {
  const disk = new FakeDisk(memory.memory.bytes);
  const epochs: number[] = [];
  for (let life = 0; life < 3; life++) {
    const run = start({}, disk);
    expect(run.number(LOG, LEADER_EPOCH)).toBe(epochs.at(-1) ?? -1);
    produce(run, 2, life * 2);
    epochs.push(run.number(LOG, LEADER_EPOCH));
    run.stop();
  }
  expect(epochs).toEqual([1, 2, 3]);
  const run = start({}, disk);
  const text = new TextDecoder().decode(partitionFiles(run, LOG).get("leader-epoch-checkpoint"));
  expect(text).toBe("0\n3\n1 0\n2 2\n3 4\n");
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset);
  expect(run.readAll(LOG).map(({ bytes }) => view(bytes).getInt32(12))).toEqual([1, 1, 2, 2, 3, 3]);
});

test("C4: a timestamp may be as far ahead as the setting says, and any time in the past", () => {
  const run = start();
  const accepts = (timestamp: number): string => errorOf(run.produce(LOG, batchOf({ timestamp })));
  expect(accepts(NOW + HOUR)).toBe("appended");
  expect(accepts(NOW + HOUR + 1)).toBe("INVALID_TIMESTAMP");
  expect(accepts(0)).toBe("appended");
});

test("C1: a batch that is damaged or above max.message.bytes is refused, and costs the next one nothing", () => {
  const run = start({ messageBytesMax: 200 });
  const flipped = batchOf();
  flipped[flipped.length - 10]! ^= 1;
  expect(errorOf(run.produce(LOG, flipped))).toBe("CORRUPT_BATCH");
  expect(errorOf(run.produce(LOG, batchOf({ valueSize: 150 })))).toBe("MESSAGE_TOO_LARGE");
  expect(run.produce(LOG, batchOf())).toMatchObject({ base: 0, acked: true });
});

test("G1: a batch sent twice gets the offset of the first, one out of order and one of an old epoch are refused", () => {
  const run = start();
  const batch = (baseSequence: number, producerEpoch = 0) =>
    batchOf({ producerId: 9, producerEpoch, baseSequence, count: 2 });
  expect(run.produce(LOG, batch(0))).toMatchObject({ base: 0, duplicate: false });
  expect(run.produce(LOG, batch(2))).toMatchObject({ base: 2, duplicate: false });
  expect(run.produce(LOG, batch(0))).toMatchObject({ base: 0, end: 2, duplicate: true, acked: true });
  expect(errorOf(run.produce(LOG, batch(6)))).toBe("OUT_OF_ORDER_SEQUENCE");
  expect(run.produce(LOG, batch(0, 1))).toMatchObject({ base: 4, duplicate: false });
  expect(errorOf(run.produce(LOG, batch(4, 0)))).toBe("INVALID_PRODUCER_EPOCH");
});

test("G1: a duplicate is acknowledged only with its original", () => {
  const run = start();
  produce(run, 1);
  run.disk.held = true;
  const batch = batchOf({ producerId: 9, producerEpoch: 0, baseSequence: 0 });
  run.append(LOG, batch);
  run.step();
  const again = run.append(LOG, batch);
  expect(run.outcomes.get(again)).toMatchObject({ duplicate: true, base: 1, acked: false });
  run.completeAll();
  expect(run.outcomes.get(again)).toMatchObject({ acked: true });
});

test("D5 B7: a full disk refuses with NO_SPACE, leaves no trace, serves reads, and takes writes again by itself", () => {
  const run = start();
  produce(run, 2);
  const before = partitionFiles(run, LOG);
  run.disk.fault = ({ kind }) => (kind === "write" ? { code: "ENOSPC", written: 30 } : null);
  expect(run.produce(LOG, batchOf({ producerId: 4, producerEpoch: 0, baseSequence: 0 }))).toMatchObject({
    code: REFUSED_NO_SPACE,
  });
  expect(partitionFiles(run, LOG)).toEqual(before);
  expect(run.readAll(LOG).length).toBe(2);
  run.disk.fault = null;
  expect(run.produce(LOG, batchOf({ producerId: 4, producerEpoch: 0, baseSequence: 0 }))).toMatchObject({
    base: 2,
    duplicate: false,
    acked: true,
  });
});

test("D5: a first append that finds no room, at whatever call, leaves no folder behind", () => {
  const counted = start();
  const before = counted.disk.operations;
  counted.produce(LOG, batchOf());
  const calls = counted.disk.operations - before;
  let refusals = 0;
  for (let call = 0; call < calls; call++) {
    const run = start();
    let left = call;
    run.disk.fault = ({ kind }) =>
      (kind === "write" || kind === "create" || kind === "mkdir") && left-- <= 0 ? "ENOSPC" : null;
    const outcome = run.produce(LOG, batchOf());
    if (!("code" in outcome) || outcome.code !== REFUSED_NO_SPACE) continue;
    refusals++;
    run.disk.fault = null;
    const names = [...partitionFiles(run, LOG).keys()];
    // Once its first segment stands, it stays.
    if (!names.some((name) => name.endsWith(".log"))) expect(names, `call ${call}`).toEqual([]);
    expect(names.filter((name) => name.endsWith(".tmp"))).toEqual([]);
    expect(run.produce(LOG, batchOf())).toMatchObject({ base: 0, acked: true });
  }
  expect(refusals).toBeGreaterThan(4);
});

test("D5: a roll on a full disk refuses the batch, and the log rolls when there is room", () => {
  const run = start({ segmentBytes: 200 });
  produce(run, 2);
  run.disk.fault = ({ kind }) => (kind === "create" ? "ENOSPC" : null);
  expect(run.produce(LOG, batchOf({ number: 2 }))).toMatchObject({ code: REFUSED_NO_SPACE });
  expect(run.produce(LOG, batchOf({ number: 2 }))).toMatchObject({ code: REFUSED_NO_SPACE });
  run.disk.fault = null;
  produce(run, 3, 2);
  expect(headersOf(run.readAll(LOG)[2]!.bytes)[0]).toMatchObject({ baseOffset: 2 });
  expect(run.readAll(LOG).length).toBe(5);
  expect(logsOf(run).length).toBe(3);
});

test("B7: a failed write that cannot be cut back makes the partition read-only, and reads go on", () => {
  const run = start();
  produce(run, 2);
  run.disk.fault = ({ kind }) => (kind === "write" || kind === "truncate" ? "EIO" : null);
  expect(run.produce(LOG, batchOf())).toMatchObject({ code: REFUSED_STORAGE });
  run.disk.fault = null;
  expect(run.produce(LOG, batchOf())).toMatchObject({ code: REFUSED_READ_ONLY });
  expect(run.number(LOG, STATE)).toBe(STATE_READ_ONLY);
  expect(run.warnings.length).toBe(1);
  expect(run.readAll(LOG).length).toBe(2);
});

test("D4: after a failed sync nothing above the durable end is left, and the log goes on in a new file", () => {
  const run = start();
  produce(run, 2);
  failing(run.disk, ({ kind, submitted }) => kind === "sync" && submitted, "EIO");
  expect(errorOf(run.produce(LOG, batchOf({ number: 2 })))).toBe("STORAGE_ERROR");
  expect([run.durableEnd(LOG), run.logEnd(LOG)]).toEqual([2, 2]);
  expect(run.produce(LOG, batchOf({ number: 3 }))).toMatchObject({ base: 2, acked: true });
  expect(logsOf(run).length).toBe(2);
  run.disk.powerCut("none", new Seeded(1));
  const after = start({}, run.disk);
  expect(after.readAll(LOG).map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 2]);
});

test("D4: what is staged and in flight behind a failed sync is refused, in either order of completion", () => {
  for (const writeFirst of [true, false]) {
    const run = start();
    produce(run, 1);
    run.disk.held = true;
    const first = run.append(LOG, batchOf({ number: 1 }));
    run.step();
    run.disk.completeWrite();
    run.step();
    const second = run.append(LOG, batchOf({ number: 2 }));
    run.step();
    failing(run.disk, ({ kind, submitted }) => kind === "sync" && submitted, "EIO");
    if (writeFirst) run.disk.completeWrite();
    run.disk.completeSync();
    if (!writeFirst) run.disk.completeWrite();
    expect([first, second].map((request) => errorOf(run.outcomes.get(request)))).toEqual([
      "STORAGE_ERROR",
      "STORAGE_ERROR",
    ]);
    expect([run.durableEnd(LOG), run.logEnd(LOG)]).toEqual([1, 1]);
    run.disk.held = false;
    expect(run.produce(LOG, batchOf({ number: 3 }))).toMatchObject({ base: 1, acked: true });
  }
});

test("D4: a sync that fails for a segment which was sealed meanwhile is a failure", () => {
  const run = start({ segmentBytes: 200 });
  produce(run, 1);
  run.disk.held = true;
  const first = run.append(LOG, batchOf({ number: 1 }));
  run.step();
  run.disk.completeWrite();
  run.step();
  expect(run.disk.syncInFlight).toBe(true);
  const second = run.append(LOG, batchOf({ number: 2 }));
  run.step();
  run.disk.completeWrite();
  failing(
    run.disk,
    ({ kind, path, submitted }) => kind === "sync" && submitted && path.endsWith(`${"0".repeat(20)}.log`),
    "EIO",
  );
  run.disk.completeSync();
  expect([first, second].map((request) => errorOf(run.outcomes.get(request)))).toEqual([
    "STORAGE_ERROR",
    "STORAGE_ERROR",
  ]);
  expect(run.durableEnd(LOG)).toBe(1);
});

test("D4: where no new segment can be begun the partition is read-only until an operator acts, and reads go on", () => {
  const run = start();
  produce(run, 2);
  run.disk.fault = ({ kind, submitted }) => ((kind === "sync" && submitted) || kind === "create" ? "EIO" : null);
  expect(errorOf(run.produce(LOG, batchOf()))).toBe("STORAGE_ERROR");
  run.disk.fault = null;
  expect(errorOf(run.produce(LOG, batchOf()))).toBe("PARTITION_READ_ONLY");
  expect(run.readAll(LOG).length).toBe(2);
});

test("D4: a failed background sync takes nothing back at os, but what it covered is never called durable, and the log closes", () => {
  const run = start({ durability: "os" });
  produce(run, 2);
  run.nowMs += 6000;
  failing(run.disk, ({ kind, submitted }) => kind === "sync" && submitted, "EIO");
  run.drain.tick();
  run.step();
  expect(run.warnings.join()).toContain("background sync failed");
  expect(run.produce(LOG, batchOf({ number: 2 }))).toMatchObject({ base: 2, acked: true });
  run.stop();
  expect(run.log(LOG).checkpoint?.synced.end).toBe(0);
  expect(start({ durability: "os" }, run.disk).readAll(LOG).length).toBe(3);
});

test("H1: after a worker's death the log is cut to what it had published, and nothing in flight comes back", () => {
  const run = start({ segmentBytes: 300 });
  produce(run, 2);
  run.disk.held = true;
  const flying = run.append(LOG, batchOf({ number: 2, producerId: 3, producerEpoch: 0, baseSequence: 0 }));
  run.step();
  expect(run.disk.writesInFlight).toBe(1);
  const wasPublished = run.logEnd(LOG);
  run.disk.landWrites();
  run.disk.held = false;
  run.reopen(LOG);
  expect(run.logEnd(LOG)).toBe(wasPublished);
  expect(run.log(LOG).recovered.report.cutBytes).toBeGreaterThan(0);
  expect(run.outcomes.get(flying)).toEqual({ state: "waiting" });
  expect(run.produce(LOG, batchOf({ number: 2, producerId: 3, producerEpoch: 0, baseSequence: 0 }))).toMatchObject({
    base: wasPublished,
    duplicate: false,
  });
});

test("A2: what is acknowledged after a kill that came between a partition's first files and its first write stays", () => {
  const run = start();
  run.append(LOG, batchOf());
  run.disk.kill(new Seeded(1));
  const second = start({}, run.disk);
  expect(second.produce(LOG, batchOf())).toMatchObject({ base: 0, acked: true });
  second.disk.powerCut("none", new Seeded(1));
  expect(start({}, run.disk).readAll(LOG).length).toBe(1);
});

test("a closed log has no open file, whether it ended well or was abandoned", () => {
  for (const end of ["close", "abandon"] as const) {
    const run = start({ segmentBytes: 200 });
    produce(run, 5);
    run.drain[end](run.log(LOG).entry);
    for (let round = 0; round < 3; round++) run.step();
    expect(run.log(LOG).closed, end).toBe(true);
    expect(run.disk.openPaths, end).toEqual([]);
  }
});

test("a log that is closed while a write and a sync are on their way ends when they have, and everything is durable", () => {
  const run = start();
  produce(run, 1);
  run.disk.held = true;
  const first = run.append(LOG, batchOf({ number: 1 }));
  run.step();
  run.disk.completeWrite();
  run.step();
  const second = run.append(LOG, batchOf({ number: 2 }));
  run.step();
  run.drain.close(run.log(LOG).entry);
  expect(run.log(LOG).closed).toBe(false);
  run.completeAll();
  for (let round = 0; round < 3; round++) {
    run.step();
    run.completeAll();
  }
  expect(run.log(LOG).closed).toBe(true);
  expect([first, second].map((request) => run.outcomes.get(request))).toMatchObject([{ acked: true }, { acked: true }]);
  expect(run.log(LOG).checkpoint?.synced.end).toBe(3);
});

test("A1: the numbers keep their order whatever fails", () => {
  const run = start({ segmentBytes: 300 });
  const chance = new Seeded(5);
  const fails = ({ kind, submitted }: Operation): boolean =>
    submitted && chance.below(6) === 0 && (kind === "write" || kind === "sync");
  run.disk.fault = (operation) => (fails(operation) ? "ENOSPC" : null);
  const outcomes = new Set<string>();
  for (let number = 0; number < 60; number++) {
    outcomes.add(errorOf(run.produce(LOG, batchOf({ number }))));
    expectOrderedNumbers(run);
  }
  expect(outcomes).toEqual(new Set(["appended", "NO_SPACE"]));
  run.disk.fault = null;
  expect(run.readAll(LOG).at(-1)?.nextOffset).toBe(run.durableEnd(LOG));
});
