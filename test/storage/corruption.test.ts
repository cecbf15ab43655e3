/** Every byte of a small data folder is flipped, one at a time: what follows is right or loud, and never a wrong record. */
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { expectSame } from "./expect-same.ts";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { DATA, type StartOptions, StorageRun } from "./storage-run.ts";
import { batchOf, headersOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";
const FOLDER = `${DATA}/topics/${LOG}`;
const TOTAL = 9;
const SETTINGS = { segmentBytes: 300 };

type Life = "stopped cleanly" | "killed";

function start(disk: FakeDisk, options: StartOptions = {}): StorageRun {
  return new StorageRun(disk, memory, { settings: SETTINGS, ...options });
}

const batches = Array.from({ length: TOTAL }, (_, number) =>
  batchOf({
    number: number * 16,
    count: 1 + (number % 2),
    producerId: number % 2,
    producerEpoch: 0,
    baseSequence: sequenceOf(number),
  }),
);

/** Producers take turns; those of odd numbers write two records a batch. */
function sequenceOf(number: number): number {
  return Math.floor(number / 2) * (1 + (number % 2));
}

/** Low bytes of base offset, length and leader epoch, and the magic: of all that lies outside a batch's CRC, the likeliest to lie. */
const OUTSIDE_CRC: readonly number[] = [7, 11, 15, 16];

/** Every bit of those, else one bit of each byte. */
function masksAt(path: string, bytes: Uint8Array, position: number): number[] {
  const outside =
    path.endsWith(".log") && headersOf(bytes).some((header) => OUTSIDE_CRC.includes(position - header.position));
  return outside ? [1, 2, 4, 8, 16, 32, 64, 128] : [1 << (position % 8)];
}

/** A folder with three segments or more, everything in it durable and, where it was killed, part of it above the checkpoint. */
function make(life: Life): FakeDisk {
  const disk = new FakeDisk(memory.memory.bytes);
  const run = start(disk);
  run.open(LOG);
  for (const [number, batch] of batches.entries()) {
    expect(run.produce(LOG, batch)).toMatchObject({ acked: true });
    if (number === 5) run.writeCheckpoint();
  }
  if (life === "stopped cleanly") run.stop();
  disk.kill(new Seeded(1));
  return disk;
}

const originals = (() => {
  const disk = make("stopped cleanly");
  const run = start(disk);
  run.open(LOG);
  return run.readAll(LOG);
})();

interface Found {
  /** The start or the recovery refused, with this code. */
  readonly refused: string | null;
  /** Batches that were read as they were written. */
  readonly good: number;
  /** Regions that answered CORRUPT_BATCH. */
  readonly corrupt: number;
  readonly quarantined: number;
  readonly run: StorageRun | null;
}

/** Starts on what is there and reads every offset. @throws AssertionError a record is wrong, or one is missing silently */
function take(disk: FakeDisk, about: string): Found {
  const refusal = (error: unknown): Found => {
    if (!(error instanceof BrokerError)) throw error;
    return { refused: error.code, good: 0, corrupt: 0, quarantined: 0, run: null };
  };
  let run: StorageRun;
  try {
    run = start(disk);
    run.open(LOG);
  } catch (error) {
    return refusal(error);
  }
  let good = 0;
  let corrupt = 0;
  for (let offset = run.logStart(LOG); offset < run.logEnd(LOG); ) {
    const original = originals.find((batch) => batch.baseOffset <= offset && offset < batch.nextOffset)!;
    try {
      const [batch] = run.read(LOG, offset);
      const same = batch?.baseOffset === original.baseOffset && Buffer.compare(batch.bytes, original.bytes) === 0;
      if (!same) expectSame(batch, original, `${about}: offset ${offset}`);
      offset = original.nextOffset;
      good++;
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      expectSame(error.code, "CORRUPT_BATCH", `${about}: offset ${offset}`);
      const next = Number(error.details["nextOffset"]);
      expect(next, `${about}: the next good offset after ${offset}`).toBeGreaterThan(offset);
      offset = next;
      corrupt++;
    }
  }
  const { quarantined } = run.log(LOG).recovered.report;
  return { refused: null, good, corrupt, quarantined: quarantined.length, run };
}

function flipEach(
  life: Life,
  chosen: (path: string) => boolean,
  check: (found: Found, about: string, path: string) => void,
): void {
  const contents = make(life).contents();
  const files = [...contents].filter(([path]) => chosen(path));
  expect(files.length).toBeGreaterThan(0);
  for (const [path, bytes] of files) {
    for (let position = 0; position < bytes.length; position++) {
      for (const mask of masksAt(path, bytes, position)) {
        const disk = new FakeDisk(memory.memory.bytes);
        disk.restore(contents);
        const about = `${path}, byte ${position} ^ ${mask}`;
        disk.flip(path, position, mask);
        check(take(disk, about), about, path);
      }
    }
  }
}

const named = (ending: string) => (path: string) => path.startsWith(FOLDER) && path.endsWith(ending);

/** The producers' state is whole: the last batch, sent again, is known. */
function expectDuplicateKnown({ run }: Found, about: string): void {
  const again = run!.produce(LOG, batches[TOTAL - 1]!);
  expect(again, `${about}: the last batch is sent again`).toMatchObject({
    duplicate: true,
    base: originals[TOTAL - 1]!.baseOffset,
  });
}

describe("after a clean stop", () => {
  const life = "stopped cleanly";

  test("E4 E5: a flipped byte of a log costs its batch, which is named, and no other", () => {
    flipEach(life, named(".log"), (found, about) => {
      expect(found, about).toMatchObject({ refused: null, good: TOTAL - 1, corrupt: 1, quarantined: 0 });
    });
  });

  test("B2: a flipped byte of an index costs nothing", () => {
    flipEach(
      life,
      (path) => named(".slots")(path) || named(".times")(path),
      (found, about) => {
        expect(found, about).toMatchObject({ refused: null, good: TOTAL, corrupt: 0 });
      },
    );
  });

  test("B6 G2: a flipped byte of a seal or a snapshot costs nothing, and producers are still known", () => {
    flipEach(
      life,
      (path) => named(".seal")(path) || named(".producers")(path),
      (found, about) => {
        expect(found, about).toMatchObject({ refused: null, good: TOTAL, corrupt: 0 });
        expectDuplicateKnown(found, about);
      },
    );
  });

  test("E1: a flipped byte of the clean mark is told, and the logs are scanned", () => {
    flipEach(
      life,
      (path) => path === `${DATA}/clean`,
      (found, about) => {
        expect(found, about).toMatchObject({ refused: null, good: TOTAL, corrupt: 0 });
        expect(found.run!.expected, about).toMatchObject({ clean: false, damaged: ["clean"] });
        expectDuplicateKnown(found, about);
      },
    );
  });

  test("B8: a flipped byte of cambium.meta stops the start", () => {
    flipEach(
      life,
      (path) => path === `${DATA}/cambium.meta`,
      (found, about) => {
        expectSame(found.refused, "LOG_DAMAGED", about);
      },
    );
  });

  test("E4: a flipped byte of the epoch checkpoint, which has no checksum, never makes a record wrong", () => {
    flipEach(life, named("leader-epoch-checkpoint"), () => {});
  });
});

describe("after a kill", () => {
  const life = "killed";

  test("E2: a flipped byte of a log is corruption, or a torn end, which is in the quarantine", () => {
    flipEach(life, named(".log"), (found, about) => {
      expect(found, about).toMatchObject({ refused: null, good: TOTAL - 1 });
      expectSame(found.corrupt + found.quarantined, 1, about);
    });
  });

  test("E3: a flipped byte of the checkpoint is told, and the logs are scanned", () => {
    flipEach(
      life,
      (path) => path === `${DATA}/checkpoint`,
      (found, about) => {
        expect(found, about).toMatchObject({ refused: null, good: TOTAL, corrupt: 0 });
        expectSame(found.run!.expected.damaged, ["checkpoint"], about);
        expectDuplicateKnown(found, about);
      },
    );
  });

  test("G2: a flipped byte of a snapshot costs nothing, and producers are still known", () => {
    flipEach(life, named(".producers"), (found, about) => {
      expect(found, about).toMatchObject({ refused: null, good: TOTAL, corrupt: 0 });
      expectDuplicateKnown(found, about);
    });
  });
});
