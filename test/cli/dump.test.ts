import { createHash } from "node:crypto";
import {
  closeSync,
  cpSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  cambium,
  errorOf,
  jsonLines,
  type Ran,
  type StartedBroker,
  spawned,
  startBroker,
  type TemporaryFolder,
  temporaryFolder,
} from "./cambium.ts";

let folder: TemporaryFolder;
let data: string;
let copy: string;
let copies = 0;

beforeAll(async () => {
  folder = temporaryFolder();
  data = join(folder.path, "data");
  const broker = await startBroker(data);
  await cambium(["topic", "create", "orders", "--partitions", "2", ...broker.server]);
  await cambium(["topic", "create", "idle", "--partitions", "2", ...broker.server]);
  await cambium(["topic", "create", "passing", "--config", "durability=memory", ...broker.server]);
  for (const name of ["deleted", "orders-new"]) await cambium(["topic", "create", name, ...broker.server]);
  await cambium(["topic", "delete", "deleted", ...broker.server]);
  await cambium(["topic", "create", "orders-1", "--partitions", "1", ...broker.server]);
  await cambium(["topic", "create", "rolled", "--config", "segment.bytes=4KiB", ...broker.server]);
  // Each call is a batch of its own.
  for (const line of ["a:1", "b:2", "c:3"])
    await produce(broker, "orders", line, "--partition", "0", "--key-separator", ":");
  await produce(broker, "orders", "zipped\n".repeat(100), "--partition", "1", "--compression", "gzip");
  for (let index = 0; index < 4; index++) await produce(broker, "rolled", "x".repeat(3000));
  await broker.stop();
}, 60_000);
afterAll(() => folder.remove());

beforeEach(() => {
  copy = join(folder.path, `copy-${copies++}`);
});

function produce(broker: StartedBroker, topic: string, input: string, ...args: string[]): Promise<Ran> {
  return cambium(["produce", topic, ...args, ...broker.server], { input });
}

function dump(...args: string[]): Promise<Ran> {
  return spawned(["dump", "--data", ...args]);
}

/** A copy of the data whose log is changed at a byte of a partition's first segment. */
function damagedCopy(partition: string, position: number, bytes: Uint8Array): string {
  cpSync(data, copy, { recursive: true });
  const file = openSync(logOf(copy, partition), "r+");
  writeSync(file, bytes, 0, bytes.length, position);
  closeSync(file);
  return copy;
}

function logOf(path: string, partition: string): string {
  return join(path, "topics", partition, "00000000000000000000.log");
}

function ofType(ran: Ran, type: string): Record<string, unknown>[] {
  return jsonLines(ran.stdout).filter((line) => line["type"] === type);
}

test("shows folder, partitions, segments and batches, with offsets and CRC state", async () => {
  const { status, stdout } = await dump(data, "orders-0");
  expect(status).toBe(0);
  expect(stdout).toContain("layout 1  incarnation 1");
  expect(stdout).toContain("stopped cleanly");
  expect(stdout).toMatch(/orders-0 {2}topic id [\w-]{22} {2}1 segment {2}epochs 1@0/);
  expect(stdout).toMatch(/segment 0 {2}\d+ B {2}seal none {2}slots ok \(3\) {2}times ok \(1\)/);
  expect(stdout).toMatch(/POSITION +OFFSETS +RECORDS +BYTES +CRC/);
  expect(stdout.match(/^ +\d+ +\d\.\.\d +1 +\d+ +ok +none +1 +\d+\/0\/0 +\d{4}-.*Z$/gm)).toHaveLength(3);
  expect(stdout).toContain("= 3 batches, 3 records, offsets 0..2, all CRCs ok");
  expect(stdout).toMatch(/nothing bad\n$/);
});

test("as JSON it is one object a line, and a topic is all of its partitions", async () => {
  const ran = await dump(data, "orders", "--json");
  expect(ofType(ran, "partition").map(({ partition }) => partition)).toEqual(["orders-0", "orders-1"]);
  expect(ofType(ran, "batch")).toHaveLength(4);
  expect(ofType(ran, "batch")[1]).toMatchObject({
    partition: "orders-0",
    segment: 0,
    baseOffset: 1,
    lastOffset: 1,
    records: 1,
    codec: "none",
    crc: "ok",
    leaderEpoch: 1,
    producer: { epoch: 0, baseSequence: 0 },
    transactional: false,
  });
  expect(ofType(ran, "batch")[3]).toMatchObject({ partition: "orders-1", codec: "gzip", records: 100 });
  expect(ofType(ran, "end")).toEqual([expect.objectContaining({ batches: 4, records: 103, bad: 0, problems: 0 })]);
});

test("a partition that was never written is empty, and no error", async () => {
  const one = await dump(data, "idle-1");
  expect(one).toMatchObject({ status: 0, stderr: "" });
  expect(one.stdout).toMatch(/^idle-1 {2}empty: it has no files yet$/m);
  expect(one.stdout).not.toContain("idle-0");
  expect((await dump(data, "passing")).stdout).toMatch(/^passing-0 {2}durability memory: /m);
  const all = await dump(data, "--json", "--segments");
  expect(ofType(all, "partition").map(({ partition, files }) => [partition, files])).toEqual([
    ["idle-0", "unwritten"],
    ["idle-1", "unwritten"],
    ["orders-0", "present"],
    ["orders-1", "present"],
    ["orders-1-0", "unwritten"],
    ["orders-new-0", "unwritten"],
    ["passing-0", "memory"],
    ["rolled-0", "present"],
  ]);
  expect(ofType(all, "folder")).toEqual([expect.objectContaining({ partitions: 8, partitionsWithFiles: 3 })]);
  expect((await dump(data, "deleted-0")).status).toBe(2);
});

test("sealed segments have their seals", async () => {
  const ran = await dump(data, "rolled-0", "--json", "--verify");
  expect(ran.status).toBe(0);
  expect(ofType(ran, "segment").map(({ base, seal }) => [base, seal])).toEqual([
    [0, "ok"],
    [1, "ok"],
    [2, "ok"],
    [3, "none"],
  ]);
});

test("--records shows what is in the batches, compressed ones too", async () => {
  const ran = await dump(data, "orders", "--json", "--records");
  const records = ofType(ran, "record");
  expect(records).toHaveLength(103);
  expect(records[2]).toMatchObject({ topic: "orders", partition: 0, offset: 2, key: "c", value: "3" });
  expect(records.at(-1)).toMatchObject({ partition: 1, offset: 99, key: null, value: "zipped" });
  expect((await dump(data, "orders-0", "--records")).stdout).toMatch(
    /^ +offset 0 {2}.*key "a" {2}value "1" {2}\(1 bytes\)$/m,
  );
});

test("it changes nothing, also while a broker runs", async () => {
  const before = fingerprint(data);
  await dump(data, "--verify");
  expect(fingerprint(data)).toEqual(before);
  cpSync(data, copy, { recursive: true });
  const broker = await startBroker(copy);
  await produce(broker, "orders", "d:4", "--partition", "0", "--key-separator", ":");
  const ran = await dump(copy, "orders-0", "--json", "--verify");
  expect([ran.status, ofType(ran, "end")[0]]).toEqual([
    0,
    expect.objectContaining({ records: 4, bad: 0, problems: 0 }),
  ]);
  expect(ofType(ran, "folder")[0]).toMatchObject({ clean: false, inUse: true });
  expect((await dump(copy, "orders-0")).stdout).toContain("a broker is at work on it");
  await broker.stop();
  expect(ofType(await dump(copy, "orders-0", "--json"), "folder")[0]).toMatchObject({ clean: true, inUse: false });
});

describe("damage", () => {
  async function secondBatch(): Promise<{ position: number; size: number }> {
    const [, batch] = ofType(await dump(data, "orders-0", "--json"), "batch");
    return batch as unknown as { position: number; size: number };
  }

  test("a changed byte is a BAD CRC; the batches behind it are read", async () => {
    const { position, size } = await secondBatch();
    const ran = await dump(damagedCopy("orders-0", position + size - 3, Buffer.from("?")), "orders-0", "--json");
    expect(ran.status).toBe(0);
    expect(ofType(ran, "batch").map(({ baseOffset, crc }) => [baseOffset, crc])).toEqual([
      [0, "ok"],
      [1, "BAD"],
      [2, "ok"],
    ]);
    const text = await dump(copy, "orders-0", "--verify");
    expect(text.status).toBe(1);
    expect(text.stdout).toMatch(/^ +\d+ +1\.\.1 +1 +\d+ +BAD /m);
    expect(text.stdout).toContain("= 3 batches, 2 records, offsets 0..2, 1 BAD");
    expect(text.stdout).not.toContain("leads astray"); // The index is as it was.
  });

  test("a length that is none leaves bytes that are no batch", async () => {
    const { position, size } = await secondBatch();
    const ran = await dump(damagedCopy("orders-0", position + 8, Buffer.from([127, 0, 0, 0])), "orders-0", "--json");
    expect(ofType(ran, "unreadable")).toEqual([
      { type: "unreadable", partition: "orders-0", segment: 0, position, size },
    ]);
    expect(ofType(ran, "batch").map(({ baseOffset }) => baseOffset)).toEqual([0, 2]);
  });

  test("an offset that does not follow is misplaced", async () => {
    const { position } = await secondBatch();
    const ran = await dump(damagedCopy("orders-0", position + 7, Buffer.from([0])), "orders-0", "--json", "--verify");
    expect(ran.status).toBe(1);
    expect(ofType(ran, "batch").map(({ crc }) => crc)).toEqual(["misplaced"]);
  });

  test("a torn end and zeros are what a crash leaves: shown, and not bad", async () => {
    cpSync(data, copy, { recursive: true });
    const log = logOf(copy, "orders-0");
    truncateSync(log, statSync(log).size - 5);
    const torn = await dump(copy, "orders-0", "--json");
    expect(ofType(torn, "torn")).toHaveLength(1);
    expect(ofType(torn, "end")[0]).toMatchObject({ records: 2, bad: 0 });
    const { position } = ofType(torn, "torn")[0] as { position: number };
    truncateSync(log, position);
    truncateSync(log, position + 4096);
    const zeros = await dump(copy, "orders-0", "--json");
    expect(ofType(zeros, "zeros")).toEqual([expect.objectContaining({ position, size: 4096 })]);
  });

  test("metadata that cannot be read is a problem of the folder; what has files is shown", async () => {
    cpSync(data, copy, { recursive: true });
    const log = openSync(join(copy, "metadata/metadata.log"), "r+");
    writeSync(log, Buffer.from("?"), 0, 1, 40);
    closeSync(log);
    const ran = await dump(copy, "--json", "--segments");
    expect(ofType(ran, "problem")).toEqual([
      expect.objectContaining({ partition: null, file: join(copy, "metadata/metadata.log") }),
    ]);
    expect(ofType(ran, "folder")[0]).toMatchObject({
      problem: expect.stringContaining("does not begin with this folder's id"),
    });
    expect(ofType(ran, "partition").map(({ partition }) => partition)).toEqual(["orders-0", "orders-1", "rolled-0"]);
  });

  test("a seal and an index that disagree with the log are problems", async () => {
    cpSync(data, copy, { recursive: true });
    const path = join(copy, "topics/rolled-0");
    const slots = openSync(join(path, "00000000000000000000.slots"), "r+");
    writeSync(slots, Buffer.from([1, 0, 0, 0]), 0, 4, 64);
    closeSync(slots);
    const seal = openSync(join(path, "00000000000000000000.seal"), "r+");
    writeSync(seal, Buffer.from([9]), 0, 1, 48);
    closeSync(seal);
    const ran = await dump(copy, "rolled-0", "--verify", "--json");
    expect(ran.status).toBe(1);
    expect(ofType(ran, "problem").map(({ problem }) => problem)).toEqual([
      "the seal is damaged",
      "the .slots file leads astray from offset 0 on",
    ]);
  });
});

describe("--verify", () => {
  /** A sound copy in which one thing is wrong. */
  async function problems(damage: (path: string) => void): Promise<{ status: number | null; found: unknown[] }> {
    cpSync(data, copy, { recursive: true });
    damage(copy);
    const ran = await dump(copy, "--json", "--verify");
    const found = ofType(ran, "problem").map(({ partition, file, segment, problem }) => {
      const where =
        typeof file === "string" ? file.slice(copy.length + 1) : `${partition as string} ${segment as number}`;
      return `${where}: ${problem as string}`;
    });
    return { status: ran.status, found };
  }

  function segmentFile(base: number, kind: string): string {
    return `${String(base).padStart(20, "0")}.${kind}`;
  }

  test("finds nothing where nothing is wrong", async () => {
    expect(await problems(() => {})).toEqual({ status: 0, found: [] });
  });

  test.each([
    ["a middle segment", 1, "rolled-0/00000000000000000002.log: offsets 1 to 1 before it are missing"],
    ["the first segment", 0, "rolled-0: offsets 0 to 0, where the log begins, are missing"],
    ["the last segment", 3, "rolled-0: offsets 3 to 3 were durable and are not there"],
  ])("finds that %s is missing", async (_, base, found) => {
    const { status, found: all } = await problems((path) =>
      rmSync(join(path, "topics/rolled-0", segmentFile(base, "log"))),
    );
    expect([status, all]).toEqual([1, [expect.stringContaining(`topics/${found}`)]]);
  });

  test("finds that all segments of a partition, or its whole folder, are missing", async () => {
    const lost = [1, [expect.stringContaining("topics/orders-0: offsets 0 to 2 were durable and are not there")]];
    const emptied = await problems((path) => rmSync(logOf(path, "orders-0")));
    expect([emptied.status, emptied.found]).toEqual(lost);
    rmSync(copy, { recursive: true });
    const removed = await problems((path) => rmSync(join(path, "topics/orders-0"), { recursive: true }));
    expect([removed.status, removed.found]).toEqual(lost);
  });

  test.each([
    ["its timestamp", 64 + 2],
    ["its offset", 64 + 8],
    ["its position", 64 + 12],
  ])("finds an entry of the time index that leads astray by %s", async (_, at) => {
    for (const partition of ["orders-0", "rolled-0"]) {
      const ran = await problems((path) => flip(join(path, "topics", partition, segmentFile(0, "times")), at));
      expect([ran.status, ran.found]).toEqual([
        1,
        [expect.stringContaining(`${partition} 0: the .times file leads astray`)],
      ]);
      rmSync(copy, { recursive: true });
    }
  });

  test("finds entries of a sealed segment's index that are cut off", async () => {
    const ran = await problems((path) => truncateSync(join(path, "topics/rolled-0", segmentFile(1, "slots")), 64));
    expect([ran.status, ran.found]).toEqual([1, ["rolled-0 1: the .slots file has 0 entries for 1 offsets"]]);
  });

  test.each([
    [
      "a partition's small files",
      {
        "topics/orders-0/00000000000000000003.producers": "A cache",
        "topics/orders-0/leader-epoch-checkpoint": "epoch",
        "topics/orders-0/partition.metadata": "No cache",
      },
    ],
    [
      "the folder's small files",
      { "cambium.meta": "No cache", "metadata/metadata.log": "", clean: "how far each log was durable" },
    ],
  ])("finds a changed byte in each of %s", async (_, files) => {
    // The first, one within, and the last, which is a mere end of a line in some.
    for (const part of [0, 0.5, 1]) {
      const { status, found } = await problems((path) => {
        for (const file of Object.keys(files)) {
          flip(join(path, file), Math.floor((statSync(join(path, file)).size - 1) * part));
        }
      });
      expect(status).toBe(1);
      for (const [file, meaning] of Object.entries(files)) {
        const isOfBatches = meaning === "epoch"; // Or where a batch disagrees with it.
        const of = (found as string[]).filter((problem) =>
          problem.includes(isOfBatches ? "leader-epoch" : `${file}: `),
        );
        expect(of.join(), `${file} at ${part}`).not.toBe("");
        expect(of.join()).toContain(meaning);
      }
      rmSync(copy, { recursive: true });
    }
  });

  test("finds epochs that are well-formed and not those of the batches", async () => {
    for (const text of ["0\n1\n2 0\n", "0\n2\n1 0\n2 2\n", "0\n1\n1 1\n"]) {
      const ran = await problems((path) => writeFileSync(join(path, "topics/orders-0/leader-epoch-checkpoint"), text));
      expect([ran.status, ran.found]).toEqual([1, [expect.stringContaining("leader-epoch-checkpoint disagree")]]);
      rmSync(copy, { recursive: true });
    }
  });

  test("finds a checkpoint that is damaged, and files that are missing or of no topic", async () => {
    const table = await problems((path) => {
      renameSync(join(path, "clean"), join(path, "checkpoint"));
      flip(join(path, "checkpoint"), 20);
    });
    expect([table.status, table.found]).toEqual([1, [expect.stringContaining("checkpoint: damaged")]]);
    rmSync(copy, { recursive: true });
    const missing = await problems((path) => {
      rmSync(join(path, "topics/orders-1/partition.metadata"));
      rmSync(join(path, "topics/orders-1/leader-epoch-checkpoint"));
      cpSync(join(path, "topics/orders-0"), join(path, "topics/strange-0"), { recursive: true });
    });
    expect([missing.status, missing.found]).toEqual([
      1,
      [
        expect.stringContaining("topics/orders-1/partition.metadata: missing"),
        expect.stringContaining("topics/orders-1/leader-epoch-checkpoint: missing"),
        expect.stringContaining("topics/strange-0: the metadata log knows no such partition"),
      ],
    ]);
  });

  test("after a kill nothing is wrong", async () => {
    cpSync(data, copy, { recursive: true });
    const broker = await startBroker(copy);
    await produce(broker, "orders", "e:5", "--partition", "0", "--key-separator", ":");
    await broker.stop("SIGKILL");
    const ran = await dump(copy, "--json", "--verify");
    expect([ran.status, ofType(ran, "problem")]).toEqual([0, []]);
    expect(ofType(ran, "folder")[0]).toMatchObject({ clean: false, inUse: false });
  });
});

describe("a name", () => {
  async function shown(name: string): Promise<unknown[]> {
    return ofType(await dump(data, name, "--json", "--segments"), "partition").map(({ partition }) => partition);
  }

  test("is a topic's, though a partition is called the same; else a partition's", async () => {
    expect(await shown("orders-1")).toEqual(["orders-1-0"]);
    expect(await shown("orders-0")).toEqual(["orders-0"]);
    expect(await shown("orders")).toEqual(["orders-0", "orders-1"]);
  });
});

/** Changes one byte. */
function flip(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 0x10;
  writeFileSync(file, bytes);
}

describe("what is no data folder", () => {
  test("is a wrong call", async () => {
    const ran = await dump(folder.path, "--json");
    expect(ran.status).toBe(2);
    expect(errorOf(ran)["message"]).toContain("is no data folder");
  });

  test("a partition that is not there, with the nearest one", async () => {
    const ran = await dump(data, "order-0");
    expect([ran.status, ran.stderr]).toEqual([2, expect.stringContaining("did you mean orders-0?")]);
  });

  test("the folder of one partition alone can be read", async () => {
    const ran = await dump(join(data, "topics/orders-0"), "--json");
    expect(ofType(ran, "partition")).toEqual([expect.objectContaining({ partition: "orders-0", segments: 1 })]);
  });
});

function fingerprint(path: string): string[] {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map((entry) => {
    const file = join(entry.parentPath, entry.name);
    return `${file} ${statSync(file).mtimeMs} ${createHash("sha256").update(readFileSync(file)).digest("hex")}`;
  });
}
