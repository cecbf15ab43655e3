/** The main thread's side of the maintenance workers: typed calls of maintenance-worker.ts. Every promise rejects with a BrokerError. */
import type { Piscina } from "piscina";
import { BrokerError } from "../base/errors.ts";
import type { Leftover } from "../broker/log-store.ts";
import type { MetadataPoint } from "../storage/metadata-lines.ts";
import type { ReadResult } from "../storage/reader.ts";
import type { RecoveredLog } from "../storage/recovery.ts";
import type * as folderTasks from "./folder-tasks.ts";
import type * as logTasks from "./log-tasks.ts";
import type * as tasks from "./maintenance-worker.ts";
import { oneThreadPool } from "./one-thread-pool.ts";
import { type TaskOutcome, unwrap } from "./task-outcome.ts";
import type { ThreadData } from "./thread.ts";

/** A task leaves no state behind, so it can run again on the thread that follows a dead one. All but this: it counts a start. */
const ONCE: keyof typeof tasks = "openFolder";

export class MaintenanceHost {
  readonly #pools: readonly Piscina[];
  #isStopping = false;

  /**
   * @param workers one pool of one thread each, because each has scratch memory of its own
   * @param died    told when a thread died; piscina starts another
   */
  constructor(workers: readonly ThreadData[], died: () => void) {
    this.#pools = workers.map((data) => {
      const pool = oneThreadPool("maintenance-worker", data);
      pool.on("workerDestroy", () => {
        if (!this.#isStopping) died();
      });
      // Whoever waits for a task is told by its promise. Without anybody who listens here, the process would end.
      pool.on("error", () => {});
      return pool;
    });
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

  removePartition(folder: string): Promise<Leftover | null> {
    return this.#run("removePartition", folder);
  }

  removeLeftovers(folder: string): Promise<readonly Leftover[]> {
    return this.#run("removeLeftovers", folder);
  }

  openFolder(task: folderTasks.FolderTask): Promise<folderTasks.FolderState> {
    return this.#run("openFolder", task);
  }

  settleJournal(task: folderTasks.JournalTask): Promise<void> {
    return this.#run("settleJournal", task);
  }

  recovered(task: folderTasks.RecoveredTask): Promise<void> {
    return this.#run("recovered", task);
  }

  checkpoint(task: folderTasks.TableTask): Promise<void> {
    return this.#run("checkpoint", task);
  }

  cleanMark(task: folderTasks.TableTask): Promise<void> {
    return this.#run("cleanMark", task);
  }

  writeMetadata(task: folderTasks.MetadataTask): Promise<MetadataPoint> {
    return this.#run("writeMetadata", task);
  }

  async stop(): Promise<void> {
    // Node aborts the process when a thread is ended while it loads its modules.
    await Promise.allSettled(this.#pools.map((pool) => pool.run(undefined, { name: "ready" })));
    this.#isStopping = true;
    await Promise.all(this.#pools.map((pool) => pool.destroy()));
  }

  /** Lets a thread die in the middle of a task. */
  injectFault(): void {
    this.#attempt("die", undefined).catch(() => {});
  }

  async #run<Value>(name: keyof typeof tasks, task: unknown): Promise<Value> {
    let outcome: TaskOutcome<Value>;
    try {
      outcome = await this.#attempt<Value>(name, task).catch((error: unknown) => {
        if (name === ONCE) throw error;
        return this.#attempt<Value>(name, task);
      });
    } catch (error) {
      throw new BrokerError("BUSY", `the maintenance worker failed at ${name}`, { cause: error });
    }
    return unwrap(outcome);
  }

  /** Rejects where the thread died, or the task failed with what is no BrokerError. */
  #attempt<Value>(name: keyof typeof tasks, task: unknown): Promise<TaskOutcome<Value>> {
    const pool = this.#pools.reduce((idlest, candidate) =>
      candidate.queueSize < idlest.queueSize ? candidate : idlest,
    );
    return pool.run(task, { name }) as Promise<TaskOutcome<Value>>;
  }
}
