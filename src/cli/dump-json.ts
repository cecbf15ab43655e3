/** Dump for programs: one JSON object a line, each with its `type`. */
import { attributesOf, type DumpView } from "./dump-view.ts";
import { recordJson } from "./record-format.ts";

export const dumpJson: DumpView = {
  folder: ({ meta, problems, isClean, partitions }, data, isInUse) =>
    JSON.stringify({
      type: "folder",
      data,
      clean: isClean,
      inUse: isInUse,
      partitions: partitions.length,
      partitionsWithFiles: partitions.filter(({ files }) => files === "present").length,
      meta,
      problem: problems.length === 0 ? null : problems.map(({ file, problem }) => `${file}: ${problem}`).join("; "),
    }),
  partition: ({ name, files }, { topicId, epochs, segments }) =>
    JSON.stringify({ type: "partition", partition: name, files, topicId, epochs, segments: segments.length }),
  segment: (partition, { base, size, sealState, slotsState, slots, timesState, times }) =>
    JSON.stringify({
      type: "segment",
      partition,
      base,
      size,
      seal: sealState,
      slots: { state: slotsState, entries: slots },
      times: { state: timesState, entries: times },
    }),
  item: (partition, { base }, item) => {
    if (item.kind !== "batch") {
      const { kind, position, size } = item;
      return JSON.stringify({ type: kind, partition, segment: base, position, size });
    }
    const { kind, state, crc, attributes, ...facts } = item;
    const all = {
      type: kind,
      partition,
      segment: base,
      ...facts,
      ...attributesOf(attributes),
      crc: state,
      storedCrc: crc,
    };
    return JSON.stringify(all);
  },
  record: (_partition, record) => JSON.stringify({ type: "record", ...recordJson(record) }),
  problem: (partition, { base }, problem) => JSON.stringify({ type: "problem", partition, segment: base, problem }),
  fileProblem: (partition, { file, problem }) => JSON.stringify({ type: "problem", partition, file, problem }),
  segmentEnd: (partition, { base }, tally, nextOffset) =>
    JSON.stringify({ type: "segmentEnd", partition, segment: base, nextOffset, ...tally }),
  end: (tally) => JSON.stringify({ type: "end", ...tally }),
};
