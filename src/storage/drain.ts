/**
 * What one log worker does, as steps (contract H3): batches of many partitions come in, each log stages its own, one write
 * per run goes out, and group commits follow one another while the next writes are already under way (contract D2).
 *
 * A round of the caller: `accept` for each waiting batch, `flush`, then `sync`. Completions come in by the DiskEvents,
 * outcomes go out by the LogEvents of the logs' environment.
 */
import { assert } from "../base/assert.ts";
import { MIB } from "../base/units.ts";
import { REFUSED_CLOSED } from "./append-result.ts";
import type { Disk, DiskEvents, FailedSync, FileHandle } from "./disk.ts";
import type { LogEvents, PartitionLog, SyncCollector } from "./partition-log.ts";

/** What recovery would have to scan at most, over all logs of a worker, before indexed points are taken early. */
const UNINDEXED_BYTES_MAX = 512 * MIB;

/** A group takes no more logs beyond this, so that the first ones do not wait for the last. */
const GROUP_HANDLES_MAX = 2048;
/** What one log brings at most: the active segment, what a log lets wait (unsynced-files.ts), and folders. */
const LOG_HANDLES_MAX = 128;
/** Most files and folders of a group. */
export const GROUP_SIZE_MAX: number = GROUP_HANDLES_MAX + LOG_HANDLES_MAX;

export class Drain implements DiskEvents {
  readonly #disk: Disk;
  readonly #events: LogEvents;
  readonly #logs = new Map<number, PartitionLog>();
  /** Logs with a staged run. */
  #staged: PartitionLog[] = [];
  /** Logs with something to sync in the next group. */
  #dirty = new Set<PartitionLog>();
  /** Logs that are synced in the background, when a tick finds them due. */
  #background = new Set<PartitionLog>();
  /** Logs in the group that is being synced, which is none while it is empty. */
  #syncing: PartitionLog[] = [];
  #groups = 0;

  constructor(disk: Disk, events: LogEvents) {
    this.#disk = disk;
    this.#events = events;
  }

  get syncInFlight(): boolean {
    return this.#syncing.length > 0;
  }

  get isEmpty(): boolean {
    return this.#logs.size === 0;
  }

  add(log: PartitionLog): void {
    assert(!this.#logs.has(log.entry), "a partition has one log");
    this.#logs.set(log.entry, log);
  }

  get(entry: number): PartitionLog | undefined {
    return this.#logs.get(entry);
  }

  /** The log is closed. */
  remove(entry: number): void {
    const log = this.#logs.get(entry);
    if (log === undefined) return;
    this.#logs.delete(entry);
    this.#dirty.delete(log);
    this.#background.delete(log);
  }

  /** @returns false: this batch must wait for a completion; the next ones of other logs need not */
  accept(entry: number, request: number, address: number, length: number, nowMs: number): boolean {
    const log = this.#logs.get(entry);
    if (log === undefined) {
      this.#events.refused(entry, request, REFUSED_CLOSED);
      return true;
    }
    const taken = log.stage(request, address, length, nowMs);
    if (this.#staged[this.#staged.length - 1] !== log) this.#staged.push(log);
    // It may wait for a sync, also where nobody else does.
    if (!taken) this.#dirty.add(log);
    return taken;
  }

  /** Submits the writes of everything that was accepted. */
  flush(): void {
    const staged = this.#staged;
    for (let index = 0; index < staged.length; index++) {
      const log = staged[index]!;
      log.submit();
      this.#wantsSync(log);
    }
    staged.length = 0;
  }

  /** Closes one log: `LogEvents.closed` follows. */
  close(entry: number): void {
    const log = this.#logs.get(entry);
    if (log === undefined) return this.#events.closed(entry, null);
    this.#dirty.add(log);
    log.close();
  }

  abandon(entry: number): void {
    const log = this.#logs.get(entry);
    if (log === undefined) return this.#events.closed(entry, null);
    log.abandon();
  }

  /** Begins a group commit of whatever is due, unless one is under way. */
  sync(nowMs: number): void {
    if (this.#syncing.length > 0 || this.#dirty.size === 0) return;
    const group = new Group();
    const logs: PartitionLog[] = [];
    for (const log of this.#dirty) {
      if (group.size >= GROUP_HANDLES_MAX) break; // The rest is the next group.
      this.#dirty.delete(log);
      if (!log.collectSync(group, nowMs)) {
        if (log.isSyncPressing) this.#background.add(log); // The next tick tries again.
        continue;
      }
      logs.push(log);
      this.#background.delete(log);
    }
    if (logs.length === 0) return;
    assert(group.size <= GROUP_SIZE_MAX, "a log bounds the files that wait");
    this.#syncing = logs;
    // May complete before it returns.
    this.#disk.submitSync(++this.#groups, group);
  }

  /** A few times a second: background syncs, and a bound on what recovery would have to scan. */
  tick(): void {
    for (const log of this.#background) this.#dirty.add(log);
    let total = 0;
    let largest: PartitionLog | null = null;
    for (const log of this.#logs.values()) {
      total += log.unindexedBytes;
      if (largest === null || log.unindexedBytes > largest.unindexedBytes) largest = log;
    }
    if (largest === null || total <= UNINDEXED_BYTES_MAX) return;
    largest.requestIndexedPoint();
    this.#dirty.add(largest);
  }

  writeCompleted(ticket: number, written: number, code: string): void {
    const log = this.#logs.get(ticket);
    assert(log !== undefined, "a log stays until its writes have ended");
    log.writeCompleted(written, code);
    this.#wantsSync(log);
  }

  syncCompleted(ticket: number, failed: readonly FailedSync[]): void {
    assert(ticket === this.#groups, "one group is in flight");
    const logs = this.#syncing;
    this.#syncing = [];
    for (const log of logs) {
      log.syncCompleted(failed);
      if (log.isSyncPressing) this.#dirty.add(log);
    }
  }

  #wantsSync(log: PartitionLog): void {
    if (log.syncsInBackground && !log.isSyncPressing) this.#background.add(log);
    else this.#dirty.add(log);
  }
}

class Group implements SyncCollector {
  readonly files: FileHandle[] = [];
  readonly directories: FileHandle[] = [];

  get size(): number {
    return this.files.length + this.directories.length;
  }

  addFile(file: FileHandle): void {
    this.files.push(file);
  }

  addDirectory(directory: FileHandle): void {
    this.directories.push(directory);
  }
}
