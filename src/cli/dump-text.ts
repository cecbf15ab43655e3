/** Dump for people: partitions, under them segments, under those a table of batches. */
import { momentText, pluralText, sizeText } from "./amounts.ts";
import { attributesOf, type DumpView } from "./dump-view.ts";
import { recordText } from "./record-format.ts";
import type { BatchItem } from "./segment-items.ts";

const COLUMNS = ["POSITION", "OFFSETS", "RECORDS", "BYTES", "CRC", "CODEC", "EPOCH", "PRODUCER", "TIMES"] as const;
const WIDTHS = [10, 19, 7, 9, 9, 6, 5, 12, 0];

export const dumpText: DumpView = {
  folder: ({ meta, isClean, partitions }, data, isInUse) => {
    const facts =
      meta === null ? [] : [`layout ${meta.layout}`, `incarnation ${meta.incarnation}`, `written by ${meta.writtenBy}`];
    const stopped = isClean ? "stopped cleanly" : "not stopped cleanly";
    const state = isInUse ? "a broker is at work on it, so what is shown moves" : stopped;
    return [
      data,
      ...facts,
      state,
      `${pluralText(partitions.filter(({ files }) => files === "present").length, "partition")} with files`,
    ].join("  ");
  },
  partition: ({ name, files }, { topicId, epochs, segments }) => {
    if (files === "unwritten") return `\n${name}  empty: it has no files yet`;
    if (files === "memory") return `\n${name}  durability memory: nothing of it is in files`;
    const began = epochs.map(({ epoch, startOffset }) => `${epoch}@${startOffset}`).join(" ");
    return `\n${name}  topic id ${topicId ?? "none"}  ${pluralText(segments.length, "segment")}  epochs ${began === "" ? "none" : began}`;
  },
  segment: (_partition, segment, withItems) => {
    const { base, size, seal, sealState, slotsState, slots, timesState, times } = segment;
    const sealed = seal === null ? `seal ${sealState}` : `seal ok, up to ${seal.nextOffset - 1}`;
    const head = `  segment ${base}  ${sizeText(size)}  ${sealed}  slots ${slotsState} (${slots})  times ${timesState} (${times})`;
    return withItems ? `${head}\n${line(COLUMNS)}` : head;
  },
  item: (_partition, _segment, item) => {
    if (item.kind === "batch") return line(batchCells(item));
    const meaning = {
      zeros: "zeros: nothing was written here yet",
      torn: "TORN: a batch that is cut off; at the end of a log that is what a crash leaves, or a broker at work",
      unreadable: "BAD: no batch",
    };
    return line([item.position, "-", "-", item.size, meaning[item.kind]]);
  },
  record: (_partition, record) => `      ${recordText(record)}`,
  problem: (_partition, { base }, problem) => `    PROBLEM in segment ${base}: ${problem}`,
  fileProblem: (partition, { file, problem }) => `${partition === null ? "" : "    "}PROBLEM: ${file}: ${problem}`,
  segmentEnd: (_partition, segment, { batches, records, bad }, nextOffset) => {
    const offsets = records === 0 ? "no records" : `offsets ${segment.base}..${nextOffset - 1}`;
    return `    = ${pluralText(batches, "batch")}, ${pluralText(records, "record")}, ${offsets}, ${bad === 0 ? "all CRCs ok" : `${bad} BAD`}`;
  },
  end: ({ batches, records, bytes, bad, problems }) => {
    const state =
      bad + problems === 0
        ? "nothing bad"
        : `${bad} BAD, ${pluralText(problems, "problem")} with other files or how segments join`;
    return `\n${pluralText(batches, "batch")}, ${pluralText(records, "record")}, ${sizeText(bytes)}: ${state}`;
  },
};

function line(cells: readonly (string | number)[]): string {
  const padded = cells.map((cell, column) => {
    const text = String(cell);
    return COLUMNS[column] === "BYTES" || COLUMNS[column] === "RECORDS"
      ? text.padStart(WIDTHS[column]!)
      : text.padEnd(WIDTHS[column]!);
  });
  return `    ${padded.join("  ").trimEnd()}`;
}

function batchCells(batch: BatchItem): (string | number)[] {
  const { position, baseOffset, lastOffset, records, size, state, attributes, leaderEpoch, producer } = batch;
  const { codec, timestampType, transactional, control } = attributesOf(attributes);
  const marks = [transactional && "transactional", control && "control", timestampType === "append" && "append time"];
  return [
    position,
    `${baseOffset}..${lastOffset}`,
    records,
    size,
    state,
    codec,
    leaderEpoch,
    producer === null ? "-" : `${producer.id}/${producer.epoch}/${producer.baseSequence}`,
    [timesText(batch), ...marks.filter((mark) => mark !== false)].join("  "),
  ];
}

function timesText({ baseTimestamp, maxTimestamp }: BatchItem): string {
  const span = maxTimestamp - baseTimestamp;
  return `${momentText(baseTimestamp)}${span === 0 ? "" : ` ${span < 0 ? "" : "+"}${span} ms`}`;
}
