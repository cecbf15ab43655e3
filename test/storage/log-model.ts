/**
 * Random lives of a log against a plain array: appends, completions in any order, rolls, failing writes and syncs, kills, power
 * cuts, restarts, reads.
 */
import fc from "fast-check";
import { expect } from "vitest";
import { auditRecovered } from "./audit.ts";
import { FakeDisk } from "./fake-disk.ts";
import { Seeded } from "./seeded.ts";
import { StorageMemory } from "./storage-memory.ts";
import { StorageRun } from "./storage-run.ts";
import { batchOf, bodyOf } from "./stored-batches.ts";

const memory = new StorageMemory();
const LOG = "t-0";

export type Command =
  | { readonly do: "append"; readonly count: number; readonly apart: boolean }
  | {
      readonly do:
        | "step"
        | "settle"
        | "completeWrite"
        | "completeSync"
        | "checkpoint"
        | "failSync"
        | "failWrite"
        | "heal"
        | "stop";
    }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "read"; readonly at: number }
  | { readonly do: "crash"; readonly kind: "kill" | "power cut"; readonly seed: number };

const commands: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      count: fc.integer({ min: 1, max: 4 }),
      apart: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("step" as const, "completeWrite" as const, "completeSync" as const, "settle" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "checkpoint" as const,
        "failSync" as const,
        "failWrite" as const,
        "heal" as const,
        "stop" as const,
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1, 200, 6000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), at: fc.nat(1000) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("crash" as const),
      kind: fc.constantFrom("kill", "power cut"),
      seed: fc.nat(1_000_000),
    }),
  },
);

interface Sent {
  readonly number: number;
  readonly body: string;
  readonly request: number;
}

class Model {
  readonly #disk = new FakeDisk(memory.memory.bytes);
  readonly #durability: "disk" | "os";
  #run!: StorageRun;
  #boot = 1;
  #nextNumber = 0;
  #sent: Sent[] = [];
  /** Number of the batch at each base offset that must be there, and what a power cut may not take. */
  #durable = new Map<number, number>();
  readonly #bodies = new Map<string, number>();

  constructor(durability: "disk" | "os") {
    this.#durability = durability;
    this.#start();
  }

  do(command: Command): void {
    const run = this.#run;
    if (command.do === "append") this.#append(command.count, command.apart);
    else if (command.do === "step") run.step();
    else if (command.do === "completeWrite") this.#disk.completeWrite();
    else if (command.do === "completeSync") this.#disk.completeSync();
    else if (command.do === "checkpoint") run.writeCheckpoint();
    else if (command.do === "wait") this.#wait(command.ms);
    else if (command.do === "read") this.#read(command.at);
    else if (command.do === "failSync") this.#fail("sync");
    else if (command.do === "failWrite") this.#fail("write");
    else if (command.do === "settle") this.#settle();
    else if (command.do === "heal") this.#disk.fault = null;
    else if (command.do === "stop") this.#stop();
    else if (command.do === "crash") this.#crash(command.kind, new Seeded(command.seed));
    this.#note();
    const numbers = [this.#run.logStart(LOG), this.#run.durableEnd(LOG), this.#run.logEnd(LOG)];
    expect(numbers, "A1").toEqual(numbers.toSorted((left, right) => left - right));
  }

  end(): void {
    this.#disk.fault = null;
    this.#stop();
    this.#readAll("at the end");
  }

  #start(): void {
    const settings = { durability: this.#durability, segmentBytes: 400, segmentMs: 10_000 };
    this.#run = new StorageRun(this.#disk, memory, { settings, bootId: `boot-${this.#boot}` });
    this.#run.open(LOG);
    this.#disk.held = true;
    this.#sent = [];
  }

  #append(count: number, apart: boolean): void {
    if (apart) memory.skip();
    const number = this.#nextNumber++;
    const batch = batchOf({ count, number: number * 16 });
    const body = bodyOf(batch);
    this.#bodies.set(body, number);
    const request = this.#run.offer(LOG, batch);
    if (request !== null) this.#sent.push({ number, body, request });
  }

  #wait(ms: number): void {
    this.#run.nowMs += ms;
    this.#run.drain.tick();
  }

  #fail(kind: "sync" | "write"): void {
    this.#disk.fault = (operation) =>
      operation.kind === kind && operation.submitted ? { code: kind === "sync" ? "EIO" : "ENOSPC", written: 13 } : null;
  }

  /** What is acknowledged must be there from now on. */
  #note(): void {
    for (const { number, request } of this.#sent) {
      const outcome = this.#run.outcomes.get(request);
      if (outcome?.state === "appended" && outcome.acked) this.#durable.set(outcome.base, number);
    }
  }

  #stop(): void {
    const run = this.#run;
    this.#disk.fault = null;
    this.#settle();
    this.#note();
    this.#disk.held = false;
    run.stop();
    this.#disk.kill(new Seeded(1));
    this.#start();
    auditRecovered(this.#run, LOG, "after a clean stop");
    this.#readAll("after a clean stop");
  }

  #settle(): void {
    for (let round = 0; round < 4; round++) {
      this.#run.step();
      this.#run.completeAll();
    }
  }

  #crash(kind: "kill" | "power cut", chance: Seeded): void {
    const synced = this.#run.syncedEnd(LOG);
    if (kind === "kill") this.#disk.kill(chance);
    else {
      this.#disk.powerCut("some", chance);
      this.#boot++;
    }
    // At os a power cut may take what was acknowledged above the last background sync, and give its offsets again.
    if (kind === "power cut" && this.#durability === "os")
      for (const base of this.#durable.keys()) if (base >= synced) this.#durable.delete(base);
    this.#start();
    auditRecovered(this.#run, LOG, `after a ${kind}`);
    this.#readAll(`after a ${kind}`);
  }

  #readAll(about: string): void {
    const found = new Map<number, number>();
    for (const { baseOffset, bytes } of this.#run.readAll(LOG)) {
      const number = this.#bodies.get(bodyOf(bytes));
      expect(number, `${about}: somebody sent the batch at ${baseOffset}`).toBeDefined();
      found.set(baseOffset, number!);
    }
    for (const [base, number] of this.#durable) expect(found.get(base), `${about}: offset ${base}`).toBe(number);
    const numbers = [...found.values()];
    expect(numbers, `${about}: in the order sent, none twice`).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    this.#durable = found; // Readable, so it must stay.
  }

  #read(at: number): void {
    const run = this.#run;
    // Where the first sync failed, a power cut may take the file that nobody was promised: the log begins after it.
    const start = run.logStart(LOG);
    const end = run.durableEnd(LOG);
    if (end === start) return;
    const offset = start + (at % (end - start));
    const [first] = run.read(LOG, offset);
    expect(first !== undefined && first.baseOffset <= offset && offset < first.nextOffset, `offset ${offset}`).toBe(
      true,
    );
    expect(first!.nextOffset).toBeLessThanOrEqual(end);
    const known = this.#durable.get(first!.baseOffset);
    if (known !== undefined) expect(this.#bodies.get(bodyOf(first!.bytes)), `offset ${offset}`).toBe(known);
  }
}

/** @throws Error a promise was broken */
export function live(durability: "disk" | "os", life: readonly Command[]): void {
  const model = new Model(durability);
  for (const command of life) model.do(command);
  model.end();
}

/** @throws Error the shortest life found that breaks a promise, and the seed that repeats the run */
export function liveLogs(durability: "disk" | "os", options: { readonly seed: number; readonly lives: number }): void {
  fc.assert(
    fc.property(fc.array(commands, { minLength: 10, maxLength: 60 }), (life) => live(durability, life)),
    { seed: options.seed, numRuns: options.lives },
  );
}
