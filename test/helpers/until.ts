import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until it holds.
 *
 * @throws Error it does not within 30 seconds
 */
export async function until(condition: () => boolean, complaint = "it did not happen in time"): Promise<void> {
  for (const deadline = performance.now() + 30_000; !condition(); await sleep(2))
    if (performance.now() > deadline) throw new Error(complaint);
}
