/** A pool of one thread that stays and does one task after another: each worker has memory of its own, so none can stand in. */
import { Piscina } from "piscina";
import { type ThreadData, workerFile } from "./thread.ts";

export interface OneThreadOptions {
  /** Node closes the files that a dead thread left open. */
  readonly trackUnmanagedFds?: boolean;
}

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
    ...options,
  });
}
