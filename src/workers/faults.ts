/** Ways for a log worker to die, on purpose: what `npm run test:workers` and torture runs ask for, to prove contract H1 and H5. */
import type { Core } from "../wasm/core.ts";

/** `throw`: an exception; `trap`: WebAssembly reads outside its memory; `loop`: it never returns. */
export type Fault = "throw" | "trap" | "loop";

export function commitFault(fault: Fault, core: Core): void {
  if (fault === "throw") throw new Error("an injected fault");
  // The last page of a 4 GiB address space, which no memory of ours reaches.
  if (fault === "trap") core.headersCrc(0, 0xffff_ff00);
  for (;;) {
    // An endless loop outside any file call.
  }
}
