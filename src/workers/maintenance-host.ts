/** The main thread's side of the maintenance workers: typed calls of maintenance-worker.ts. Every promise rejects with a BrokerError. */
import { Piscina } from "piscina";
import { BrokerError } from "../base/errors.ts";
import type { ReadResult } from "../storage/reader.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import type * as folderTasks from "./folder-tasks.ts";
import type * as logTasks from "./log-tasks.ts";
import type * as tasks from "./maintenance-worker.ts";
import { type TaskOutcome, unwrap } from "./task-outcome.ts";
import { type ThreadData, workerFile } from "./thread.ts";

export class MaintenanceHost {
  readonly #pools: readonly Piscina[];

  /** @param workers one pool of one thread each, because each has scratch memory of its own */
  constructor(workers: readonly ThreadData[]) {
    this.#pools = workers.map(
      (data) =>
        new Piscina({
          filename: workerFile("maintenance-worker", import.meta.url),
          workerData: data,
          minThreads: 1,
          maxThreads: 1,
          idleTimeout: Number.POSITIVE_INFINITY,
          concurrentTasksPerWorker: 1,
          recordTiming: false,
          workerHistogram: false,
          atomics: "sync",
        }),
    );
  }

  recover(task: logTasks.RecoverTask): Promise<RecoveredLog> {
    return this.#run("recover", task);
  }

  read(task: logTasks.ReadTask): Promise<ReadResult> {
    return this.#run("read", task);
  }

  findByTime(task: logTasks.TimeTask): Promise<number> {
    return this.#run("findByTime", task);
  }

  removePartition(folder: string): Promise<void> {
    return this.#run("removePartition", folder);
  }

  removeLeftovers(folder: string): Promise<void> {
    return this.#run("removeLeftovers", folder);
  }

  openFolder(task: folderTasks.FolderTask): Promise<folderTasks.FolderState> {
    return this.#run("openFolder", task);
  }

  checkpoint(task: folderTasks.TableTask): Promise<void> {
    return this.#run("checkpoint", task);
  }

  cleanMark(task: folderTasks.TableTask): Promise<void> {
    return this.#run("cleanMark", task);
  }

  writeMetadata(task: folderTasks.MetadataTask): Promise<number> {
    return this.#run("writeMetadata", task);
  }

  async stop(): Promise<void> {
    // Node aborts the process when a thread is ended while it loads its modules.
    await Promise.allSettled(this.#pools.map((pool) => pool.run(undefined, { name: "ready" })));
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  async #run<Value>(name: keyof typeof tasks, task: unknown): Promise<Value> {
    const pool = this.#pools.reduce((idlest, candidate) =>
      candidate.queueSize < idlest.queueSize ? candidate : idlest,
    );
    let outcome: TaskOutcome<Value>;
    try {
      outcome = await pool.run(task, { name });
    } catch (error) {
      throw new BrokerError("BUSY", `the maintenance worker failed at ${name}`, { cause: error });
    }
    return unwrap(outcome);
  }
}
