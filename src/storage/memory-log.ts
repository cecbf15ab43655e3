/**
 * A log of durability `memory` (contract D1): checked, numbered and published like any other, written nowhere. Its batches
 * live in the blocks they arrived in, whose owner bounds them and moves the log's start.
 */
import { Admission } from "./admission.ts";
import { REFUSED_CLOSED } from "./append-result.ts";
import * as field from "./log-memory.ts";
import type { LogEnvironment, LogSettings, PartitionLog } from "./partition-log.ts";
import { Producers } from "./producers.ts";

export class MemoryLog implements PartitionLog {
  readonly entry: number;
  readonly unindexedBytes = 0;
  readonly syncsInBackground = true;
  readonly isSyncPressing = false;
  readonly isSmallSync = false;
  readonly isInJournal = false;
  readonly #environment: LogEnvironment;
  #settings: LogSettings;
  readonly #producers = new Producers();
  readonly #admission: Admission;
  readonly #numbers: Float64Array;
  #end: number;
  #closing = false;

  /** @param end offset of the first append */
  constructor(environment: LogEnvironment, entry: number, settings: LogSettings, end: number) {
    this.entry = entry;
    this.#end = end;
    this.#environment = environment;
    this.#settings = settings;
    this.#admission = new Admission(environment, this.#producers);
    this.#numbers = environment.memory.f64.subarray(entry >>> 3, (entry + field.ENTRY_SIZE) >>> 3);
    environment.publisher.begin(entry);
    this.#numbers.fill(0, 1);
    this.#numbers[field.LEADER_EPOCH] = environment.incarnation;
    this.#publishEnd();
    environment.publisher.end(entry);
  }

  stage(request: number, address: number, length: number, nowMs: number): boolean {
    const { core, events, incarnation, publisher } = this.#environment;
    const admission = this.#admission;
    const refusal = this.#closing ? REFUSED_CLOSED : admission.check(address, length, this.#settings, nowMs);
    if (refusal < 0) {
      events.refused(this.entry, request, refusal);
      return true;
    }
    if (admission.duplicateOf >= 0) {
      events.appended(this.entry, request, admission.duplicateOf, admission.duplicateEnd, true);
      return true;
    }
    const base = this.#end;
    core.stampBatch(address, base, incarnation);
    admission.stage(base);
    this.#end += admission.lastOffsetDelta + 1;
    this.#producers.commit(this.#end);
    publisher.begin(this.entry);
    this.#publishEnd();
    publisher.end(this.entry);
    events.appended(this.entry, request, base, this.#end, false);
    return true;
  }

  submit(): void {}

  writeCompleted(): void {}

  collectSync(): boolean {
    return false;
  }

  collectJournaled(): void {}

  journalCompleted(): void {}

  syncCompleted(): void {}

  requestIndexedPoint(): void {}

  configure(settings: LogSettings): void {
    this.#settings = settings;
  }

  close(): void {
    this.#closing = true;
    this.#environment.events.closed(this.entry, null);
  }

  abandon(): void {
    this.close();
  }

  #publishEnd(): void {
    this.#numbers[field.LOG_END] = this.#end;
    this.#numbers[field.DURABLE_END] = this.#end;
    this.#numbers[field.LAST_STABLE] = this.#end;
  }
}
