/**
 * Random lives of logs that share a folder and a worker, against plain arrays: appends, completions in any order, rolls, the
 * journal, failing disks, closing and reopening, kills, power cuts and crashes of the recovery after them, restarts, reads.
 */
import fc from "fast-check";
import { expect } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { DiskError } from "../../src/storage/disk.ts";
import { auditRecovered } from "./audit.ts";
import { Crashed, FakeDisk, type Operation, type OperationKind } from "./fake-disk.ts";
import type { Survival } from "./fake-files.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { StorageRun, type StoredBatch } from "./storage-run.ts";
import { batchOf, bodyOf } from "./stored-batches.ts";

const memory = new StorageMemory();

/** What lives in the folder, and what bounds it. */
export interface Folder {
  /** Of each log. */
  readonly durabilities: readonly ("disk" | "os")[];
  readonly segmentBytes: number;
  /** Of each of the journal's two files; 0: there is none. */
  readonly journalBytes: number;
  /** Files of all logs that may wait for a sync. */
  readonly unsyncedMax: number;
}

/** Operations that fail from now on. */
export interface FaultPlan {
  readonly kinds: readonly OperationKind[];
  /** Part of the paths that it strikes. */
  readonly path: string;
  readonly code: string;
  /** So many go through before, and so many fail. */
  readonly after: number;
  readonly times: number;
  /** Of a write that fails, how many bytes go through. */
  readonly written: number;
}

/** A crash while the storage recovers from the one before. */
export interface Relapse {
  readonly kind: "kill" | "power cut";
  /** Operations that the recovery has done. */
  readonly after: number;
  readonly fault: FaultPlan | null;
}

export interface Crash {
  readonly do: "crash";
  readonly kind: "kill" | "power cut";
  readonly seed: number;
  /** Of a power cut. */
  readonly survival?: Survival;
  /** It comes in the middle of what is done later, after so many operations of the disk. */
  readonly after?: number;
  readonly relapses?: readonly Relapse[];
}

/** What takes nothing. `failSync` and `failWrite` go on until `heal`. */
export type Simple =
  | "step"
  | "settle"
  | "completeWrite"
  | "completeSync"
  | "checkpoint"
  | "failSync"
  | "failWrite"
  | "heal"
  | "stop";

export type Command =
  /** To one log, the first where none is named. `apart`: not right behind the last batch in memory. */
  | {
      readonly do: "append";
      readonly log?: number | "all";
      readonly count: number;
      readonly apart: boolean;
      readonly valueSize?: number;
    }
  | { readonly do: Simple }
  | { readonly do: "fail"; readonly fault: FaultPlan }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "read"; readonly log?: number; readonly at: number }
  | { readonly do: "reopen"; readonly log: number }
  | Crash;

const LOGS_MAX = 5;
/** Rounds after which a disk that works has ended all that a log waits for. */
const ROUNDS = 8;

const folders: fc.Arbitrary<Folder> = fc.record({
  durabilities: fc.array(fc.constantFrom("disk" as const, "disk" as const, "os" as const), {
    minLength: 1,
    maxLength: LOGS_MAX,
  }),
  segmentBytes: fc.constantFrom(300, 400, 800, 3000, 1 << 20),
  journalBytes: fc.constantFrom(0, 8192, 1 << 20),
  unsyncedMax: fc.constantFrom(Number.POSITIVE_INFINITY, 12),
});

const faults: fc.Arbitrary<FaultPlan> = fc.record({
  kinds: fc.constantFrom<OperationKind[][]>(
    ["sync"],
    ["write"],
    ["create", "syncDirectory"],
    ["remove", "truncate", "sync"],
    ["rename"],
  ),
  path: fc.constantFrom("", "/topics/", "/t0-0", "/t1-0", ".log", ".slots", ".producers", "/journal"),
  code: fc.constantFrom("EIO", "ENOSPC"),
  after: fc.nat(2),
  times: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  written: fc.nat(120),
});

const log = fc.nat(LOGS_MAX - 1);
const ends = fc.constantFrom("kill" as const, "power cut" as const);

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      log: fc.oneof(log, fc.constant("all" as const)),
      count: fc.integer({ min: 1, max: 4 }),
      apart: fc.boolean(),
      valueSize: fc.constantFrom(20, 20, 20, 300, 30_000),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("step" as const, "completeWrite" as const, "completeSync" as const, "settle" as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("checkpoint" as const, "heal" as const, "stop" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fail" as const), fault: faults }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 200, 6000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), log, at: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const), log }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      kind: ends,
      seed: fc.nat(1_000_000),
      survival: fc.constantFrom("none" as const, "some" as const),
      after: fc.oneof(fc.constant(0), fc.nat(60)),
      relapses: fc.array(
        fc.record({ kind: ends, after: fc.nat(40), fault: fc.option(faults, { freq: 3, nil: null }) }),
        { maxLength: 2 },
      ),
    }),
  },
);

interface Sent {
  readonly number: number;
  readonly request: number;
}

/** What is known of one log from outside. */
class KnownLog {
  readonly name: string;
  readonly durability: "disk" | "os";
  /** In the life of this start. */
  sent: Sent[] = [];
  /** Number of the batch at each base offset that must be there. */
  durable = new Map<number, number>();
  readonly #bodies = new Map<string, number>();
  #nextNumber = 0;

  constructor(index: number, durability: "disk" | "os") {
    this.name = `t${index}-0`;
    this.durability = durability;
  }

  newBatch(count: number, valueSize: number): { readonly number: number; readonly batch: Uint8Array } {
    const number = this.#nextNumber++;
    const batch = batchOf({ count, number: number * 16, valueSize });
    this.#bodies.set(bodyOf(batch), number);
    return { number, batch };
  }

  numberOf(batch: Uint8Array): number | undefined {
    return this.#bodies.get(bodyOf(batch));
  }
}

class Model {
  readonly #disk = new FakeDisk(memory.memory.bytes);
  readonly #folder: Folder;
  readonly #logs: readonly KnownLog[];
  #run!: StorageRun;
  #boot = 1;
  /** A crash that is still to come. */
  #doom: Crash | null = null;

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#logs = folder.durabilities.map((durability, index) => new KnownLog(index, durability));
    this.#start();
  }

  do(command: Command): void {
    try {
      this.#do(command);
      this.#note();
    } catch (error) {
      if (!(error instanceof Crashed) || this.#doom === null) throw error;
      this.#note();
      this.#crash(this.#doom);
    }
    for (const { name } of this.#logs) {
      const numbers = [this.#run.logStart(name), this.#run.durableEnd(name), this.#run.logEnd(name)];
      expect(numbers, "A1").toEqual(numbers.toSorted((left, right) => left - right));
    }
  }

  end(): void {
    this.#doom = null;
    this.#disk.crashAt = Number.POSITIVE_INFINITY;
    this.#stop();
    this.#readAll("at the end");
  }

  #do(command: Command): void {
    const run = this.#run;
    if (command.do === "append") this.#append(command.log ?? 0, command.count, command.apart, command.valueSize);
    else if (command.do === "step") run.step();
    else if (command.do === "completeWrite") this.#disk.completeWrite();
    else if (command.do === "completeSync") this.#disk.completeSync();
    else if (command.do === "checkpoint") this.#checkpoint();
    else if (command.do === "wait") this.#wait(command.ms);
    else if (command.do === "read") this.#read(this.#log(command.log ?? 0), command.at);
    else if (command.do === "failSync") this.#failSubmitted("sync");
    else if (command.do === "failWrite") this.#failSubmitted("write");
    else if (command.do === "fail") this.#disk.fault = struckBy(command.fault);
    else if (command.do === "settle") this.#settle();
    else if (command.do === "heal") this.#disk.fault = null;
    else if (command.do === "reopen") this.#reopen(this.#log(command.log));
    else if (command.do === "stop") this.#stop();
    else if (command.do === "crash") this.#doomed(command);
  }

  #doomed(crash: Crash): void {
    const { after = 0 } = crash;
    if (after === 0) return this.#crash(crash);
    if (this.#doom !== null) return;
    this.#doom = crash;
    this.#disk.crashAt = this.#disk.operations + after;
  }

  #log(index: number): KnownLog {
    return this.#logs[index % this.#logs.length]!;
  }

  /** As the process starts, and recovers every log. */
  #recover(): void {
    const { segmentBytes, journalBytes, unsyncedMax } = this.#folder;
    const settings = { segmentBytes, segmentMs: 10_000 };
    const bootId = `boot-${this.#boot}`;
    this.#run = new StorageRun(this.#disk, memory, { settings, bootId, journalBytes, unsyncedMax });
    this.#run.openAll(Object.fromEntries(this.#logs.map(({ name, durability }) => [name, { durability }])));
  }

  #start(): void {
    this.#disk.held = false;
    this.#recover();
    this.#disk.held = true;
    for (const known of this.#logs) known.sent = [];
  }

  #append(to: number | "all", count: number, apart: boolean, valueSize = 20): void {
    for (const known of to === "all" ? this.#logs : [this.#log(to)]) {
      if (apart) memory.skip();
      const { number, batch } = known.newBatch(count, valueSize);
      if (memory.room < batch.length) {
        this.#settle();
        memory.freeBatches();
      }
      // Before: the process may die in it, and the log have told its outcome.
      const sent = { number, request: this.#run.nextRequest };
      known.sent.push(sent);
      if (this.#run.offer(known.name, batch) === null) known.sent.pop();
    }
  }

  #wait(ms: number): void {
    this.#run.nowMs += ms;
    this.#run.drain.tick();
  }

  /** One that fails only costs the next recovery time. */
  #checkpoint(): void {
    try {
      this.#run.writeCheckpoint();
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    }
  }

  #failSubmitted(kind: "sync" | "write"): void {
    this.#disk.fault = (operation) =>
      operation.kind === kind && operation.submitted ? { code: kind === "sync" ? "EIO" : "ENOSPC", written: 13 } : null;
  }

  /** What is acknowledged must be there from now on. */
  #note(): void {
    for (const { sent, durable } of this.#logs) {
      for (const { number, request } of sent) {
        const outcome = this.#run.outcomes.get(request);
        if (outcome?.state === "appended" && outcome.acked) durable.set(outcome.base, number);
      }
    }
  }

  #stop(): void {
    const run = this.#run;
    this.#disk.fault = null;
    this.#settle();
    this.#note();
    this.#disk.held = false;
    run.stop();
    expect(this.#disk.openPaths, "files that a clean stop left open").toEqual([]);
    this.#disk.kill(new Seeded(1));
    this.#doom = null;
    this.#start();
    this.#audit("after a clean stop");
  }

  #settle(): void {
    for (let round = 0; round < 4; round++) {
      this.#run.step();
      this.#run.completeAll();
    }
  }

  /** Closed for want of use, and opened again; where the disk keeps it from that, once it works again. */
  #reopen({ name, durability }: KnownLog): void {
    const run = this.#run;
    run.drain.close(run.log(name).entry);
    for (let round = 0; round < ROUNDS && !run.log(name).closed; round++) {
      if (round === ROUNDS / 2) this.#disk.fault = null;
      this.#settle();
      this.#wait(100);
    }
    expect(run.log(name).closed, `${name} closes`).toBe(true);
    this.#note();
    this.#disk.fault = null;
    run.reopen(name, { durability });
    auditRecovered(run, name, `${name}, reopened`);
  }

  #crash({ kind, seed, survival = "some", relapses = [] }: Crash): void {
    const chance = new Seeded(seed);
    // At os a power cut may take what was acknowledged above the last background sync, and give its offsets again.
    const synced = new Map(this.#logs.map(({ name }) => [name, this.#run.syncedEnd(name)]));
    this.#doom = null;
    this.#die(kind, survival, chance, synced);
    for (const { kind: again, after, fault } of relapses) {
      this.#disk.crashAt = this.#disk.operations + after;
      if (fault !== null) this.#disk.fault = struckBy(fault);
      try {
        this.#recover();
      } catch (error) {
        // A disk that fails keeps a broker from starting, or a partition from being served, and says so.
        const isTold = error instanceof DiskError || (error instanceof BrokerError && error.code !== "LOG_DAMAGED");
        if (!(error instanceof Crashed || (fault !== null && isTold))) throw error;
      }
      this.#die(again, survival, chance, synced);
    }
    this.#start();
    this.#audit(`after a ${kind}`);
  }

  #die(kind: "kill" | "power cut", survival: Survival, chance: Seeded, synced: ReadonlyMap<string, number>): void {
    this.#disk.held = false;
    if (kind === "kill") return this.#disk.kill(chance);
    this.#disk.powerCut(survival, chance);
    this.#boot++;
    for (const { name, durability, durable } of this.#logs)
      if (durability === "os") for (const base of durable.keys()) if (base >= synced.get(name)!) durable.delete(base);
  }

  #audit(about: string): void {
    for (const { name } of this.#logs) auditRecovered(this.#run, name, `${name} ${about}`);
    this.#readAll(about);
  }

  #readAll(about: string): void {
    for (const known of this.#logs) {
      const found = new Map<number, number>();
      const where = `${known.name} ${about}`;
      for (const { baseOffset, bytes } of this.#run.readAll(known.name)) {
        const number = known.numberOf(bytes);
        expect(number, `${where}: somebody sent the batch at ${baseOffset}`).toBeDefined();
        found.set(baseOffset, number!);
      }
      for (const [base, number] of known.durable) expect(found.get(base), `${where}: offset ${base}`).toBe(number);
      const numbers = [...found.values()];
      expect(numbers, `${where}: in the order sent, none twice`).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      known.durable = found; // Readable, so it must stay.
    }
  }

  /** @returns null: the disk fails just now, and the reader was told */
  #readOne(name: string, offset: number): StoredBatch | undefined | null {
    try {
      return this.#run.read(name, offset)[0];
    } catch (error) {
      const isTold = error instanceof BrokerError && (error.code === "STORAGE_ERROR" || error.code === "NO_SPACE");
      if (this.#disk.fault === null || !isTold) throw error;
      return null;
    }
  }

  #read(known: KnownLog, at: number): void {
    const run = this.#run;
    const { name, durable } = known;
    // Where the first sync failed, a power cut may take the file that nobody was promised: the log begins after it.
    const start = run.logStart(name);
    const end = run.durableEnd(name);
    if (end === start) return;
    const offset = start + (at % (end - start));
    const first = this.#readOne(name, offset);
    if (first === null) return;
    expect(first !== undefined && first.baseOffset <= offset && offset < first.nextOffset, `offset ${offset}`).toBe(
      true,
    );
    expect(first!.nextOffset).toBeLessThanOrEqual(end);
    const sent = durable.get(first!.baseOffset);
    if (sent !== undefined) expect(known.numberOf(first!.bytes), `offset ${offset}`).toBe(sent);
  }
}

function struckBy({ kinds, path, code, after, times, written }: FaultPlan): FakeDisk["fault"] {
  let seen = 0;
  return (operation: Operation) => {
    if (!kinds.includes(operation.kind) || !operation.path.includes(path)) return null;
    const turn = seen++;
    return turn >= after && turn < after + times ? { code, written } : null;
  };
}

/** @throws Error a promise was broken */
export function live(folder: Folder, life: readonly Command[]): void {
  const model = new Model(folder);
  for (const command of life) model.do(command);
  model.end();
}

/** @throws Error the shortest life found that breaks a promise, and the seed that repeats the run */
export function liveLogs(options: { readonly seed: number; readonly lives: number }): void {
  fc.assert(fc.property(folders, fc.array(commands, { minLength: 10, maxLength: 100 }), live), {
    seed: options.seed,
    numRuns: options.lives,
  });
}
