/** A pool of one thread that stays and does one task after another: each worker has memory of its own, so none can stand in. */
import { Piscina } from "piscina";
import { type ThreadData, workerFile } from "./thread.ts";

export interface OneThreadOptions {
  /** Node closes the files that a dead thread left open. */
  readonly trackUnmanagedFds?: boolean;
}

/**
 * Of each thread's heap. What a task leaves behind is little and dies at once, and a thread keeps whatever it once filled: by what
 * Node grants (48), a broker with records in 10,000 topics held 30 to 120 MB more.
 */
const YOUNG_GENERATION_MB = 6;

/**
 * @param name of the module that exports the tasks, beside this one
 * @param data what the thread is given
 */
export function oneThreadPool(name: string, data: ThreadData, options: OneThreadOptions = {}): Piscina {
  return new Piscina({
    filename: workerFile(name),
    workerData: data,
    minThreads: 1,
    maxThreads: 1,
    idleTimeout: Number.POSITIVE_INFINITY,
    concurrentTasksPerWorker: 1,
    recordTiming: false,
    workerHistogram: false,
    atomics: "sync",
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    ...options,
  });
}
