/** `cambium dump`: what lies in the files of a data folder. It only reads, also while a broker runs. */
import { BrokerError } from "../base/errors.ts";
import type { FileHandle } from "../storage/disk.ts";
import type { ScanEnvironment } from "../storage/segment-scan.ts";
import type { Invocation } from "./command-definition.ts";
import { UsageError } from "./command-error.ts";
import { type PartitionFolder, type SegmentView, viewFolder, viewPartition } from "./data-folder-view.ts";
import { dumpJson } from "./dump-json.ts";
import { dumpText } from "./dump-text.ts";
import { type DumpView, emptyTally, type Tally } from "./dump-view.ts";
import { EXIT_FAILED, EXIT_OK, type ExitCode } from "./failure.ts";
import type { Output } from "./output.ts";
import { SegmentCheck } from "./segment-check.ts";
import { type BatchItem, type SegmentItem, segmentItems } from "./segment-items.ts";
import { forEachRecord } from "./segment-records.ts";
import { didYouMean } from "./settings.ts";

export interface DumpOptions {
  readonly segments?: true;
  readonly records?: true;
  readonly verify?: true;
}

export async function dump(invocation: Invocation): Promise<ExitCode> {
  const { world, output, settings, options } = invocation;
  const environment = await world.openScan();
  const view = viewFolder(environment, settings.data);
  const partitions = selected(view.partitions, invocation.arguments[0] as string | undefined);
  const dumping = new Dumping(environment, output, options as DumpOptions, world.stop.signal);
  dumping.say(dumping.view.folder(view, settings.data));
  for (const partition of partitions) await dumping.partition(partition);
  dumping.say(dumping.view.end(dumping.total));
  await output.flush();
  const { verify } = options as DumpOptions;
  return verify && dumping.total.bad + dumping.total.problems > 0 ? EXIT_FAILED : EXIT_OK;
}

/** @param wanted "<topic>-<partition>", "<topic>" for all of its partitions, or nothing for all */
function selected(partitions: readonly PartitionFolder[], wanted: string | undefined): readonly PartitionFolder[] {
  if (wanted === undefined) return partitions;
  const found = partitions.filter(({ name }) => name === wanted || name.replace(/-\d+$/, "") === wanted);
  if (found.length > 0) return found;
  const names = partitions.map(({ name }) => name);
  throw new UsageError(`the data folder has no partition or topic ${wanted}${didYouMean(wanted, names)}`);
}

class Dumping {
  readonly total: Tally = emptyTally();
  readonly view: DumpView;
  readonly #environment: ScanEnvironment;
  readonly #output: Output;
  readonly #options: DumpOptions;
  readonly #stop: AbortSignal;

  constructor(environment: ScanEnvironment, output: Output, options: DumpOptions, stop: AbortSignal) {
    this.#environment = environment;
    this.#output = output;
    this.#options = options;
    this.#stop = stop;
    this.view = output.json ? dumpJson : dumpText;
  }

  say(text: string): void {
    this.#output.write(`${text}\n`);
  }

  get #listsBatches(): boolean {
    return !this.#options.verify && !this.#options.segments;
  }

  async partition(folder: PartitionFolder): Promise<void> {
    const view = viewPartition(this.#environment, folder);
    this.say(this.view.partition(folder, view));
    for (const [index, segment] of view.segments.entries()) {
      if (this.#stop.aborted) return;
      this.say(this.view.segment(folder.name, segment, this.#listsBatches));
      await this.#segment(folder.name, segment, index === view.segments.length - 1);
    }
  }

  async #segment(partition: string, segment: SegmentView, isLast: boolean): Promise<void> {
    const { disk } = this.#environment;
    const check = this.#options.verify ? new SegmentCheck(this.#environment, segment) : null;
    const tally = emptyTally();
    const file = disk.open(segment.path, "read");
    let nextOffset = segment.base;
    let isWhole = true;
    try {
      for (const item of segmentItems(this.#environment, file, segment.size, (batch) => check?.batch(batch))) {
        if (this.#stop.aborted) break;
        const isBad = count(tally, item, isLast);
        isWhole &&= item.kind === "batch" && item.state === "ok";
        if (item.kind === "batch") nextOffset = Math.max(nextOffset, item.lastOffset + 1);
        if (isBad || this.#listsBatches) this.say(this.view.item(partition, segment, item));
        if (item.kind === "batch" && this.#options.records) await this.#records(partition, segment, file, item);
        if (this.#output.isSlow) await this.#output.flush();
      }
    } finally {
      disk.close(file);
    }
    for (const problem of check?.finish(isWhole) ?? []) {
      tally.problems++;
      this.say(this.view.problem(partition, segment, problem));
    }
    this.say(this.view.segmentEnd(partition, segment, tally, nextOffset));
    for (const key of Object.keys(tally) as (keyof Tally)[]) this.total[key] += tally[key];
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
function count(tally: Tally, item: SegmentItem, isLast: boolean): boolean {
  tally.bytes += item.size;
  const isBad =
    item.kind === "batch" ? item.state === "BAD" || item.state === "misplaced" : item.kind === "unreadable" || !isLast;
  if (isBad) tally.bad++;
  if (item.kind !== "batch") return isBad;
  tally.batches++;
  if (!isBad) tally.records += item.records;
  return isBad;
}
