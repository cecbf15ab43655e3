import fc from "fast-check";
import { expect, test } from "vitest";
import { SentTimes } from "../../src/bench/sent-times.ts";

test("comes out as it went in, however many wait", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ pushed: fc.nat(3000), shifted: fc.nat(3000) }), { maxLength: 12 }), (steps) => {
      const times = new SentTimes();
      let [pushed, shifted, wrong] = [0, 0, 0];
      for (const step of steps) {
        for (let count = 0; count < step.pushed; count++, pushed++) times.push(pushed, pushed + 0.5);
        times.shift(Math.min(step.shifted, pushed - shifted), (dueNs, sentNs) => {
          if (dueNs !== shifted || sentNs !== shifted + 0.5) wrong++;
          shifted++;
        });
      }
      expect(wrong).toBe(0);
    }),
    { numRuns: 50 },
  );
});
