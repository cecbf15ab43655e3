/** Tells the operator that clients are turned away, at most once a minute: who is refused comes back again and again. */
import type { WebSocketServerOptions } from "./websocket-server.ts";

const INTERVAL_MS = 60_000;

export class RefusedConnections {
  readonly #options: Pick<WebSocketServerOptions, "log" | "monotonicMs">;
  #count = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(options: Pick<WebSocketServerOptions, "log" | "monotonicMs">) {
    this.#options = options;
  }

  /** Once more. @param connections that are open, as many as may be */
  refused(connections: number): void {
    this.#count++;
    const nowMs = this.#options.monotonicMs();
    if (nowMs - this.#toldMs < INTERVAL_MS) return;
    const facts = { connections, refused: this.#count };
    this.#options.log(
      "warn",
      "connections are refused: as many are open as may be (--connections-max, ulimit -n)",
      facts,
    );
    this.#count = 0;
    this.#toldMs = nowMs;
  }
}
