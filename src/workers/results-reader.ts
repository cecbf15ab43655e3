/** The main thread's end of the results ring. */
import type { LogResults } from "../broker/log-store.ts";
import { appendError } from "../storage/append-result.ts";
import type { Ring } from "./ring.ts";
import * as shared from "./shared-memory.ts";

/** Who hears of the results of one worker. */
export type ResultsSink = Pick<LogResults, "appended" | "refused" | "durable" | "lost" | "closed">;

export class ResultsReader {
  readonly #ring: Ring;
  readonly #words: Int32Array;
  readonly #f64: Float64Array;

  constructor(ring: Ring, buffer: SharedArrayBuffer) {
    this.#ring = ring;
    this.#words = new Int32Array(buffer);
    this.#f64 = new Float64Array(buffer);
  }

  /** Tells everything that waits. @returns whether there was anything */
  take(results: ResultsSink): boolean {
    const ring = this.#ring;
    const { head } = ring;
    let { tail } = ring;
    if (tail === head) return false;
    while (tail !== head) {
      const address = ring.at(tail);
      const words = address >>> 2;
      const baseOffset = this.#f64[address >>> 3]!;
      const end = this.#f64[(address >>> 3) + 1]!;
      const kind = this.#words[words + 4]!;
      const entry = this.#words[words + 5]! >>> 0;
      const request = this.#words[words + 6]!;
      const code = this.#words[words + 7]!;
      tail = (tail + 1) | 0;
      if (kind === shared.RESULT_APPENDED) results.appended(entry, request, baseOffset, end, false);
      else if (kind === shared.RESULT_DURABLE) results.durable(entry, end);
      else if (kind === shared.RESULT_REFUSED) results.refused(entry, request, appendError(code));
      else if (kind === shared.RESULT_DUPLICATE) results.appended(entry, request, baseOffset, end, true);
      else if (kind === shared.RESULT_LOST) results.lost(entry, end, appendError(code));
      else results.closed(entry);
    }
    ring.consume(tail);
    return true;
  }
}
