/**
 * An idempotent producer as a test sees it: it sends numbered batches in order, again and again until each is acknowledged, and
 * remembers what it was told, which is what must be found after any crash.
 */

import { expect } from "vitest";
import { expectSame } from "./expect-same.ts";
import type { StorageRun, StoredBatch } from "./storage-run.ts";
import { batchOf, bodyOf } from "./stored-batches.ts";

/** What happened to the machine: what must have survived depends on it. */
export type End = "kill" | "power cut";

export class Client {
  readonly name: string;
  readonly #batches: Uint8Array[];
  readonly #numberOf: ReadonlyMap<string, number>;
  readonly #requests = new Map<number, number>();
  readonly #acked = new Map<number, number>();
  /** Base offsets that a batch was given, by number. */
  readonly #given = new Map<number, Set<number>>();
  /** What must outlive a kill, and what also a power cut: base offset by number. */
  #written = new Map<number, number>();
  #durable = new Map<number, number>();
  #run: StorageRun | null = null;

  constructor(name: string, total: number, producerId = 7) {
    this.name = name;
    let sequence = 0;
    this.#batches = Array.from({ length: total }, (_, number) => {
      const count = 1 + (number % 3);
      const batch = batchOf({
        count,
        number: number * 16,
        maker: producerId,
        producerId,
        producerEpoch: 0,
        baseSequence: sequence,
      });
      sequence += count;
      return batch;
    });
    this.#numberOf = new Map(this.#batches.map((batch, number) => [bodyOf(batch), number]));
  }

  get total(): number {
    return this.#batches.length;
  }

  get acked(): number {
    return this.#acked.size;
  }

  /** Appends the batches up to `end` that are not acknowledged, all in one write. */
  append(run: StorageRun, end: number): void {
    this.#watch(run);
    for (let number = 0; number < end; number++) {
      if (this.#acked.has(number)) continue;
      this.#requests.set(run.nextRequest, number);
      run.append(this.name, this.#batches[number]!);
    }
  }

  /** Sees the batches up to `end` through, in steps of `together`; what is refused is sent again a few times. */
  send(run: StorageRun, end: number, together = 1): void {
    for (let attempt = 0; this.acked < end && attempt < 3 * end; attempt++) {
      this.append(run, Math.min(end, this.acked + together));
      run.step();
      this.settle();
    }
    const told = [...this.#requests.keys()].slice(0, 3).map((request) => JSON.stringify(run.outcomes.get(request)));
    expectSame(
      this.acked,
      end,
      `all batches are acknowledged in the end; not ${[...told, ...run.warnings].join("; ")}`,
    );
  }

  /** Takes note of what the run was told; also after its death. */
  settle(): void {
    const run = this.#run;
    if (run === null) return;
    const synced = run.logs.has(this.name) ? run.syncedEnd(this.name) : 0;
    for (const [request, number] of this.#requests) {
      if (this.#acked.has(number)) continue;
      const outcome = run.outcomes.get(request);
      if (outcome === undefined || outcome.state === "waiting") continue;
      if (outcome.state !== "appended") {
        this.#written.delete(number);
        continue;
      }
      const { base, end, acked } = outcome;
      this.#given.set(number, (this.#given.get(number) ?? new Set()).add(base));
      this.#written.set(number, base);
      if (end <= synced) this.#durable.set(number, base);
      if (acked) this.#acked.set(number, base);
    }
  }

  /**
   * Checks what a reader gets after a crash against what was told before it. What was acknowledged at durability `os` and
   * taken by a power cut is not acknowledged any more: the producer begins again where the log ends.
   */
  audit(run: StorageRun, end: End, about: string): void {
    const stored = run.readAll(this.name);
    const found = new Map(stored.map((batch) => [this.#identify(batch, about), batch.baseOffset]));
    expectSame(found.size, stored.length, `${about}: no batch is there twice`);
    expectSame(
      [...found.keys()],
      [...found.keys()].sort((left, right) => left - right),
      `${about}: in the order in which they were sent`,
    );
    for (const [number, base] of end === "kill" ? this.#written : this.#durable)
      if (found.get(number) !== base)
        expectSame(found.get(number), base, `${about}: batch ${number} must be at ${base}`);
    for (const [number, base] of found) {
      const given = this.#given.get(number);
      if (given?.has(base) === false) expect([...given], `${about}: batch ${number} is at ${base}`).toContain(base);
    }
    this.#written = new Map(found);
    this.#durable = new Map(found);
    for (const number of this.#acked.keys()) if (!found.has(number)) this.#acked.delete(number);
    this.#watch(run);
  }

  /** Everything is there, once, in order, with nothing between. */
  auditComplete(run: StorageRun, about: string): void {
    const numbers = run.readAll(this.name).map((batch) => this.#identify(batch, about));
    expectSame(
      numbers,
      this.#batches.map((_, number) => number),
      about,
    );
  }

  #identify({ bytes }: StoredBatch, about: string): number {
    const number = this.#numberOf.get(bodyOf(bytes));
    if (number === undefined) throw new Error(`${about}: a batch that nobody sent`);
    return number;
  }

  #watch(run: StorageRun): void {
    if (this.#run === run) return;
    this.#run = run;
    this.#requests.clear();
  }
}
