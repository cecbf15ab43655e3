/** The whole chain, with a real broker: `scripts/cut-sockets.ts` does the same at length. */
import { expect, test } from "vitest";
import { runCuts } from "./cut-run.ts";

test.each(["disk", "memory"] as const)(
  "50 cut sockets lose, repeat, reorder and alter nothing (%s)",
  async (durability) => {
    const { records, duplicatesRecognised, ...found } = await runCuts({ cuts: 50, seed: 1, durability });
    expect(found).toEqual({ cuts: 50, lost: 0, duplicated: 0, reordered: 0, altered: 0, misplaced: 0 });
    expect(records).toBeGreaterThan(1000);
    // Otherwise the cuts came when nothing was under way.
    expect(duplicatesRecognised).toBeGreaterThan(0);
  },
);
