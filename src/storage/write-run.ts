/**
 * The batches on their way to the file. Those that lie one behind the other in memory are staged as one run and leave by one
 * write; while it flies the next run is staged. The arrays are reused, so that a batch costs no allocation.
 */
import { assert } from "../base/assert.ts";
import type { LogEvents } from "./partition-log.ts";

class Batches {
  readonly requests: number[] = [];
  readonly bases: number[] = [];
  readonly ends: number[] = [];
  count = 0;
}

export class WriteRun {
  readonly #entry: number;
  readonly #events: LogEvents;
  #staged = new Batches();
  #flying = new Batches();
  #address = 0;
  #length = 0;
  #inFlight = false;

  constructor(entry: number, events: LogEvents) {
    this.#entry = entry;
    this.#events = events;
  }

  /** Where the staged run begins in memory. */
  get address(): number {
    return this.#address;
  }

  /** Bytes of the staged run. */
  get length(): number {
    return this.#length;
  }

  get inFlight(): boolean {
    return this.#inFlight;
  }

  /** Can a batch at this address leave with the same write? */
  reaches(address: number): boolean {
    return this.#length === 0 || address === this.#address + this.#length;
  }

  add(request: number, base: number, end: number, address: number, length: number): void {
    assert(this.reaches(address), "a run lies in one piece");
    const staged = this.#staged;
    staged.requests[staged.count] = request;
    staged.bases[staged.count] = base;
    staged.ends[staged.count] = end;
    staged.count++;
    if (this.#length === 0) this.#address = address;
    this.#length += length;
  }

  /** The staged run leaves. */
  launch(): void {
    assert(!this.#inFlight, "one write is in flight");
    const batches = this.#flying;
    this.#flying = this.#staged;
    this.#staged = batches;
    this.#length = 0;
    this.#inFlight = true;
  }

  landed(): void {
    assert(this.#inFlight, "a completion follows a submission");
    this.#inFlight = false;
  }

  /** The run that flew is in the log. */
  tellAppended(): void {
    const { requests, bases, ends, count } = this.#flying;
    this.#flying.count = 0;
    for (let index = 0; index < count; index++) {
      this.#events.appended(this.#entry, requests[index]!, bases[index]!, ends[index]!, false);
    }
  }

  /** Nothing of it will be in the log. @param code a refusal */
  refuseAll(code: number): void {
    assert(!this.#inFlight, "what is being written cannot be taken back");
    this.#length = 0;
    this.#refuse(this.#flying, code);
    this.#refuse(this.#staged, code);
  }

  #refuse(batches: Batches, code: number): void {
    const { requests, count } = batches;
    batches.count = 0;
    for (let index = 0; index < count; index++) this.#events.refused(this.#entry, requests[index]!, code);
  }
}
