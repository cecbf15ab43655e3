/** Tells the operator that clients are turned away, at most once a minute: who is refused comes back again and again. */

const INTERVAL_MS = 60_000;

export interface RefusalSink {
  monotonicMs(): number;
  log(level: "warn", message: string, facts: Readonly<Record<string, unknown>>): void;
}

export class RefusedConnections {
  readonly #sink: RefusalSink;
  #count = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(sink: RefusalSink) {
    this.#sink = sink;
  }

  /** Once more. @param connections that are open, as many as may be */
  refused(connections: number): void {
    this.#count++;
    const nowMs = this.#sink.monotonicMs();
    if (nowMs - this.#toldMs < INTERVAL_MS) return;
    const facts = { connections, refused: this.#count };
    this.#sink.log("warn", "connections are refused: as many are open as may be (--connections-max, ulimit -n)", facts);
    this.#count = 0;
    this.#toldMs = nowMs;
  }
}
