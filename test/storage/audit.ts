/** What must be true of a partition's files and of what they are read as, however they came about. */

import { folders } from "../../src/storage/data-folder.ts";
import type { RecoveredLog } from "../../src/storage/recovery.ts";
import { recoverLog } from "../../src/storage/recovery.ts";
import { INDEX_HEADER_SIZE, parseSegmentFileName, segmentFileName } from "../../src/storage/segment-files.ts";
import { expectSame } from "./expect-same.ts";
import { DATA, type StorageRun } from "./storage-run.ts";
import { type BatchHeader, decodeProducers, headersOf, type KnownProducer, producersIn } from "./stored-batches.ts";

const SLOT_SIZE = 4;
const TIMES_ENTRY_SIZE = 16;

/** Files of a partition by name. */
export function partitionFiles(run: StorageRun, name: string): Map<string, Uint8Array> {
  const prefix = `${folders.topics(DATA)}/${name}/`;
  const found = [...run.disk.contents()].filter(([path]) => path.startsWith(prefix));
  return new Map(found.map(([path, bytes]) => [path.slice(prefix.length), bytes]));
}

/** Headers of all batches of a partition, as its files hold them. */
function allHeaders(files: ReadonlyMap<string, Uint8Array>): BatchHeader[] {
  return basesIn(files).flatMap((base) => headersOf(files.get(segmentFileName(base, "log"))!));
}

function basesIn(files: ReadonlyMap<string, Uint8Array>): number[] {
  const parsed = [...files.keys()].map(parseSegmentFileName);
  return parsed.flatMap((file) => (file?.kind === "log" ? [file.base] : [])).sort((left, right) => left - right);
}

/**
 * Right after a recovery that found no corruption: the log is one run of good batches, index files agree with it, and the
 * producers' state is what the batches say (A3, B2, E2, G1).
 */
export function auditRecovered(run: StorageRun, name: string, about: string): void {
  const { recovered } = run.log(name);
  const files = partitionFiles(run, name);
  const bases = basesIn(files);
  expectSame(recovered.report.corruptions, [], about);
  expectSame(bases, [...recovered.bases], about);
  const headers = allHeaders(files);
  let end = recovered.logStartOffset;
  for (const header of headers) {
    if (header.baseOffset !== end) expectSame(header.baseOffset, end, `${about}: offsets follow one another`);
    end = header.nextOffset;
  }
  expectSame(recovered.end.end, end, about);
  for (const [index, base] of bases.entries()) {
    const ofSegment = headersOf(files.get(segmentFileName(base, "log"))!);
    expectSame(ofSegment[0]?.baseOffset ?? base, base, `${about}: segment ${base} begins with its base`);
    auditIndex(files, base, ofSegment, index === bases.length - 1, `${about}: segment ${base}`);
  }
  auditProducers(recovered, headers, about);
}

function auditIndex(
  files: ReadonlyMap<string, Uint8Array>,
  base: number,
  headers: readonly BatchHeader[],
  isActive: boolean,
  about: string,
): void {
  // One without a header, which a crash may leave for a sealed segment, is as good as none.
  const whole = (bytes: Uint8Array | undefined): Uint8Array | undefined =>
    bytes === undefined || bytes.length < INDEX_HEADER_SIZE ? undefined : bytes;
  const slots = whole(files.get(segmentFileName(base, "slots")));
  const times = whole(files.get(segmentFileName(base, "times")));
  if (isActive) expectSame(slots !== undefined && times !== undefined, true, `${about}: has its index`);
  const positions = headers.flatMap(({ baseOffset, nextOffset, position }) =>
    Array.from({ length: nextOffset - baseOffset }, () => position),
  );
  if (slots !== undefined) {
    const view = new DataView(slots.buffer, slots.byteOffset + INDEX_HEADER_SIZE);
    const entries = Array.from({ length: Math.floor(view.byteLength / SLOT_SIZE) }, (_, slot) =>
      view.getUint32(slot * SLOT_SIZE, true),
    );
    // That of a sealed segment may be short: a reader that misses an entry has it made anew. Or long, by a write that failed.
    if (isActive) expectSame(entries, positions, `${about}: slots`);
    else expectSame(entries.slice(0, positions.length), positions.slice(0, entries.length), `${about}: slots`);
  }
  if (times === undefined) return;
  const view = new DataView(times.buffer, times.byteOffset + INDEX_HEADER_SIZE);
  // Of a sealed segment a write that failed may have left part of an entry.
  const entries = (isActive ? Math.ceil : Math.floor)(view.byteLength / TIMES_ENTRY_SIZE);
  for (let at = 0; at < entries * TIMES_ENTRY_SIZE; at += TIMES_ENTRY_SIZE) {
    const slot = view.getUint32(at + 8, true);
    const header = headers.find(({ baseOffset }) => baseOffset === base + slot);
    expectSame(header?.position, view.getUint32(at + 12, true), `${about}: times`);
    const upTo = headers.filter(({ baseOffset }) => baseOffset <= base + slot);
    expectSame(view.getFloat64(at, true), Math.max(...upTo.map(({ maxTimestamp }) => maxTimestamp)), `${about}: times`);
  }
}

function auditProducers({ producers }: RecoveredLog, headers: readonly BatchHeader[], about: string): void {
  const known = producers === null ? new Map<number, KnownProducer>() : decodeProducers(producers);
  const expected = producersIn(headers);
  expectSame([...known.keys()].sort(), [...expected.keys()].sort(), `${about}: producers`);
  for (const [id, { epoch, batches }] of known) {
    // A snapshot may remember more than five, of those that were not yet durable; each must be in the log.
    const newest = { epoch, batches: batches.slice(-expected.get(id)!.batches.length) };
    expectSame(newest, expected.get(id), `${about}: producer ${id}`);
    for (const [, , base, last] of batches) {
      const found = headers.some(({ baseOffset, nextOffset }) => baseOffset === base && nextOffset === last + 1);
      expectSame(found, true, `${about}: batch ${base} of producer ${id} is in the log`);
    }
  }
}

/** Recovery of what was just recovered changes nothing and says the same. */
export function auditSecondRecovery(run: StorageRun, name: string, about: string): void {
  const { task, recovered } = run.log(name);
  const before = partitionFiles(run, name);
  const again = recoverLog(run.reading, task);
  // Wall times come from the file where the log was cut: not the same, only not earlier.
  const facts = ({ end, ...rest }: RecoveredLog): unknown => ({
    ...rest,
    end: { ...end, firstAppendMs: 0, lastAppendMs: 0 },
    report: null,
  });
  expectSame(facts(again), facts(recovered), `${about}: recovered twice`);
  const after = partitionFiles(run, name);
  expectSame([...after.keys()].sort(), [...before.keys()].sort(), `${about}: files after the second recovery`);
  const changed = [...after].filter(([file, bytes]) => Buffer.compare(bytes, before.get(file)!) !== 0);
  expectSame(changed, [], `${about}: files after the second recovery`);
}

/** Every offset is found, by the index, in the batch that holds it. */
export function auditLookups(run: StorageRun, name: string, about: string): void {
  const headers = allHeaders(partitionFiles(run, name));
  for (let offset = run.logStart(name); offset < run.durableEnd(name); offset++) {
    const [first] = run.read(name, offset);
    const holder = headers.find(({ baseOffset, nextOffset }) => baseOffset <= offset && offset < nextOffset);
    // Asserted only where it fails: the assertion costs more than the lookup.
    if (first?.baseOffset !== holder?.baseOffset)
      expectSame(first?.baseOffset, holder?.baseOffset, `${about}: offset ${offset}`);
  }
}
