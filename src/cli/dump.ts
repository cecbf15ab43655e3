/** `cambium dump`: what lies in the files of a data folder. It only reads, also while a broker runs. */
import { setImmediate } from "node:timers/promises";
import { BrokerError } from "../base/errors.ts";
import { DiskError, type FileHandle } from "../storage/disk.ts";
import { isFolderLocked } from "../storage/folder-lock.ts";
import type { ScanEnvironment } from "../storage/segment-scan.ts";
import type { Invocation } from "./command-definition.ts";
import { CommandError, UsageError } from "./command-error.ts";
import {
  dataFolderOf,
  type FileProblem,
  type FolderView,
  type PartitionFolder,
  type PartitionView,
  type SegmentView,
  viewFolder,
  viewPartition,
} from "./data-folder-view.ts";
import { dumpJson } from "./dump-json.ts";
import { dumpText } from "./dump-text.ts";
import { type DumpView, emptyTally, type Tally } from "./dump-view.ts";
import { EXIT_FAILED, EXIT_OK, type ExitCode } from "./failure.ts";
import type { Output } from "./output.ts";
import { PartitionCheck, type SegmentEnd } from "./partition-check.ts";
import { Progress } from "./progress.ts";
import { SegmentCheck } from "./segment-check.ts";
import { type BatchItem, type SegmentItem, segmentItems } from "./segment-items.ts";
import { forEachRecord } from "./segment-records.ts";
import { didYouMean } from "./settings.ts";

interface DumpOptions {
  readonly segments?: true;
  readonly records?: true;
  readonly verify?: true;
}

export async function dump(invocation: Invocation): Promise<ExitCode> {
  const { world, output, settings, options } = invocation;
  const environment = await world.openScan();
  const view = viewFolder(environment, settings.data);
  const partitions = selected(view.partitions, invocation.arguments[0] as string | undefined);
  // Behind the view: a broker that was at work while it was taken may have stopped, but then it stopped in order.
  const isInUse = isFolderLocked(dataFolderOf(environment, settings.data));
  const state = { isInUse, isClean: view.isClean };
  const dumping = new Dumping(environment, output, options as DumpOptions, world.stop.signal, state);
  dumping.folder(view, settings.data);
  const progress = new Progress(output, "dump", null, () => dumping.total);
  try {
    for (const partition of partitions) await dumping.partition(partition);
  } finally {
    progress.end();
  }
  if (typeof world.stop.signal.reason === "string") {
    throw new CommandError("INTERRUPTED", "a signal came before everything was read");
  }
  dumping.say(dumping.view.end(dumping.total));
  await output.flush();
  const { verify } = options as DumpOptions;
  return verify && dumping.total.bad + dumping.total.problems > 0 ? EXIT_FAILED : EXIT_OK;
}

const BREATH_MS = 50;

/** @param wanted "<topic>" for all of its partitions or, where no topic is named so, "<topic>-<partition>"; nothing for all */
function selected(partitions: readonly PartitionFolder[], wanted: string | undefined): readonly PartitionFolder[] {
  if (wanted === undefined) return partitions;
  const ofTopic = partitions.filter(({ name }) => name.replace(/-\d+$/, "") === wanted);
  if (ofTopic.length > 0) return ofTopic;
  const found = partitions.filter(({ name }) => name === wanted);
  if (found.length > 0) return found;
  const names = partitions.map(({ name }) => name);
  throw new UsageError(`the data folder has no partition or topic ${wanted}${didYouMean(wanted, names)}`);
}

interface FolderState {
  /** A broker is at work: files grow, and those of deleted topics vanish. */
  readonly isInUse: boolean;
  readonly isClean: boolean;
}

class Dumping {
  readonly total: Tally = emptyTally();
  readonly view: DumpView;
  readonly #environment: ScanEnvironment;
  readonly #output: Output;
  readonly #options: DumpOptions;
  readonly #stop: AbortSignal;
  readonly #state: FolderState;
  #breathedMs = performance.now();

  constructor(
    environment: ScanEnvironment,
    output: Output,
    options: DumpOptions,
    stop: AbortSignal,
    state: FolderState,
  ) {
    this.#environment = environment;
    this.#output = output;
    this.#options = options;
    this.#stop = stop;
    this.#state = state;
    this.view = output.json ? dumpJson : dumpText;
  }

  say(text: string): void {
    // Where there is little to say, a bar may show how far it is.
    if (this.#listsBatches) this.#output.write(`${text}\n`);
    else this.#output.line(text);
  }

  get #listsBatches(): boolean {
    return !this.#options.verify && !this.#options.segments;
  }

  folder(view: FolderView, data: string): void {
    this.say(this.view.folder(view, data, this.#state.isInUse));
    for (const problem of view.problems) this.#fileProblem(null, problem);
  }

  async partition(folder: PartitionFolder): Promise<void> {
    const view = viewPartition(this.#environment, folder);
    const check = this.#options.verify && folder.files !== "memory" ? new PartitionCheck(folder, view) : null;
    if (check === null || folder.files === "present") this.say(this.view.partition(folder, view));
    let nextOffset = folder.expected?.logStartOffset ?? 0;
    for (const [index, segment] of view.segments.entries()) {
      if (this.#stop.aborted) return;
      this.say(this.view.segment(folder.name, segment, this.#listsBatches));
      const end = await this.#segment(folder, view, segment, index === view.segments.length - 1);
      if (end === null) return;
      check?.segment(segment, end);
      ({ nextOffset } = end);
    }
    if (check === null || this.#stop.aborted) return;
    const { isInUse, isClean } = this.#state;
    const problems = check.finish(this.#environment, nextOffset, isClean && !isInUse);
    if (isInUse && this.#environment.disk.status(folder.path) === null) return; // Its topic was deleted.
    for (const problem of problems) this.#fileProblem(folder.name, problem);
  }

  /** @returns where its batches end; null: it is gone, or the reading was ended */
  async #segment(
    folder: PartitionFolder,
    { epochs, isOwn }: PartitionView,
    segment: SegmentView,
    isLast: boolean,
  ): Promise<SegmentEnd | null> {
    const partition = folder.name;
    const file = this.#open(segment);
    if (file === null) return null;
    const isUnsettled = isLast && !(this.#state.isClean && !this.#state.isInUse);
    const check = this.#options.verify
      ? new SegmentCheck(this.#environment, segment, { epochs: isOwn ? epochs : [], isUnsettled })
      : null;
    const tally = emptyTally();
    let nextOffset = segment.base;
    let isWhole = true;
    try {
      for (const item of segmentItems(this.#environment, file, segment.size, (batch) => check?.batch(batch))) {
        const counts = countsOf(item, isLast);
        add(tally, counts);
        add(this.total, counts);
        isWhole &&= item.kind === "batch" && item.state === "ok";
        if (item.kind === "batch") nextOffset = Math.max(nextOffset, item.lastOffset + 1);
        if (counts.bad > 0 || this.#listsBatches) this.say(this.view.item(partition, segment, item));
        if (item.kind === "batch" && this.#options.records) await this.#records(partition, segment, file, item);
        await this.#breathe();
        if (this.#stop.aborted) return null;
      }
    } finally {
      this.#environment.disk.close(file);
      for (const problem of check?.finish(isWhole) ?? []) this.#problem(partition, segment, problem, tally);
    }
    this.say(this.view.segmentEnd(partition, segment, tally, nextOffset));
    return { nextOffset, isWhole };
  }

  #open(segment: SegmentView): FileHandle | null {
    try {
      return this.#environment.disk.open(segment.path, "read");
    } catch (error) {
      if (this.#state.isInUse && error instanceof DiskError && error.code === "ENOENT") return null;
      throw error;
    }
  }

  #fileProblem(partition: string | null, problem: FileProblem): void {
    if (problem.isUsualInUse === true && this.#state.isInUse) return;
    this.total.problems++;
    this.say(this.view.fileProblem(partition, problem));
  }

  #problem(partition: string, segment: SegmentView, problem: string, tally: Tally): void {
    if (this.#stop.aborted) return;
    tally.problems++;
    this.total.problems++;
    this.say(this.view.problem(partition, segment, problem));
  }

  /** Reading blocks, so signals, the bar and a slow reader get their turn from time to time. */
  async #breathe(): Promise<void> {
    if (this.#output.isSlow) await this.#output.flush();
    if (performance.now() - this.#breathedMs < BREATH_MS) return;
    await setImmediate();
    this.#breathedMs = performance.now();
  }

  async #records(partition: string, segment: SegmentView, file: FileHandle, batch: BatchItem): Promise<void> {
    if (batch.state !== "ok") return;
    try {
      await forEachRecord(this.#environment.disk, file, partition, batch, (record) => {
        this.say(this.view.record(partition, record));
      });
    } catch (error) {
      // A codec that is not to be had here is no reason to end.
      if (!(error instanceof BrokerError)) throw error;
      this.say(this.view.problem(partition, segment, error.message));
    }
  }
}

/** @param isLast at the end of the last segment a torn batch is what a crash leaves, or a broker at work */
function countsOf(item: SegmentItem, isLast: boolean): Tally {
  const counts = { ...emptyTally(), bytes: item.size };
  if (item.kind === "batch") {
    const isBad = item.state === "BAD" || item.state === "misplaced";
    return { ...counts, batches: 1, records: isBad ? 0 : item.records, bad: isBad ? 1 : 0 };
  }
  return { ...counts, bad: item.kind === "unreadable" || !isLast ? 1 : 0 };
}

function add(sum: Tally, counts: Tally): void {
  for (const key of Object.keys(sum) as (keyof Tally)[]) sum[key] += counts[key];
}
