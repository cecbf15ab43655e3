/** Ways for a log worker to fail, on purpose: what `npm run test:workers` and torture runs ask for, to prove contract H1 and H5. */
import type { Core } from "../wasm/core.ts";

/**
 * `throw`: an exception; `trap`: WebAssembly reads outside its memory; `loop`: it never returns; `stall`: a file call takes
 * STALL_MS, and then all goes on.
 */
export type Fault = "throw" | "trap" | "loop" | "stall";

/**
 * Where it happens, the next time the worker comes there: batches are `accepted` and not written; they are `written` and
 * nobody was told; a sync is on its way (`syncing`); a log is being opened (`opening`) or closed (`closing`). At `sync thread`
 * it is the worker's sync thread that throws, whatever fault was asked for, and at `maintenance` a maintenance worker.
 */
export type FaultPoint = "accepted" | "written" | "syncing" | "opening" | "closing" | "sync thread" | "maintenance";

export interface PlannedFault {
  readonly fault: Fault;
  readonly point: FaultPoint;
}

/** Longer than it takes to be noticed. */
const STALL_MS = 8000;

/** @param stall blocks as a file call does that takes so long */
export function commitFault(fault: Fault, core: Core, stall: (ms: number) => void): void {
  if (fault === "stall") return stall(STALL_MS);
  if (fault === "throw") throw new Error("an injected fault");
  // The last page of a 4 GiB address space, which no memory of ours reaches.
  if (fault === "trap") core.headersCrc(0, 0xffff_ff00);
  for (;;) {
    // An endless loop outside any file call.
  }
}
