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
import type { Disk, DiskEvents, FailedSync } from "./disk.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Journal } from "./journal.ts";
import type { LogEvents, PartitionLog } from "./partition-log.ts";

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
  #group: GroupCommit | null = null;
  /** Those of them for which the journal is. */
  #journaled: ReadonlySet<PartitionLog> = new Set();
  #groups = 0;
  readonly #journal: Journal | null;

  /** @param journal of all logs that will be added */
  constructor(disk: Disk, events: LogEvents, journal: Journal | null = null) {
    this.#disk = disk;
    this.#events = events;
    this.#journal = journal;
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
    if (this.#logs.size === 0) this.#journal?.close();
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
    if (this.#syncing.length > 0) return;
    for (const { entry } of this.#journal?.releasing() ?? []) this.#dirty.add(this.#logs.get(entry)!);
    if (this.#dirty.size === 0) return;
    const group = new GroupCommit(this.#disk);
    const journaled = this.#writeJournal(group);
    const logs = [...journaled];
    let smallLogs = journaled.size;
    for (const log of this.#dirty) {
      if (group.size >= GROUP_HANDLES_MAX) break; // The rest is the next group.
      this.#dirty.delete(log);
      if (journaled.has(log)) continue;
      if (log.isSmallSync) smallLogs++;
      if (!log.collectSync(group, nowMs)) {
        if (log.isSyncPressing) this.#background.add(log); // The next tick tries again.
        continue;
      }
      logs.push(log);
      this.#background.delete(log);
    }
    if (logs.length === 0) return group.cancel();
    this.#journal?.observe(smallLogs);
    assert(group.size <= GROUP_SIZE_MAX, "a log bounds the files that wait");
    this.#syncing = logs;
    this.#group = group;
    this.#journaled = journaled;
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
    const journaled = this.#journaled;
    const failures = this.#group!.end(failed);
    const isDurable = failures.files.length === 0 && failures.folders.size === 0;
    this.#syncing = [];
    this.#group = null;
    this.#journaled = new Set();
    const isJournalDurable = journaled.size > 0 && this.#journal!.completed(failures);
    for (const log of logs) {
      if (journaled.has(log)) log.journalCompleted(isJournalDurable);
      else log.syncCompleted(failures);
      // A disk that fails is not asked again at once: the next tick does.
      if (log.isSyncPressing) (isDurable ? this.#dirty : this.#background).add(log);
    }
  }

  /** Contract D3: many small logs are made durable by one file. @returns the logs for which the group syncs it */
  #writeJournal(group: GroupCommit): ReadonlySet<PartitionLog> {
    const journal = this.#journal;
    const logs = new Set<PartitionLog>();
    if (journal === null || !journal.hasStaged) return logs;
    for (const log of this.#dirty) if (log.isInJournal) logs.add(log);
    if (!journal.write(logs.size, group)) return new Set();
    for (const log of logs) log.collectJournaled();
    return logs;
  }

  #wantsSync(log: PartitionLog): void {
    if (log.syncsInBackground && !log.isSyncPressing) this.#background.add(log);
    else this.#dirty.add(log);
  }
}
