/**
 * The bytes of the journal (contract D3): groups, each written and synced as a whole. A group begins at a multiple of
 * GROUP_ALIGNMENT, so that no write touches a page of an earlier one. All integers are little-endian.
 *
 *   at size field
 *    0    4 magic            "CMJG"
 *    4    4 crc              CRC-32C of bytes [8, length)
 *    8    4 version          1
 *   12    4 length           of the group, without what fills its last page
 *   16   16 folderId
 *   32    4 generation       how often one of the journal's files was begun
 *   36    4 sequence         place in its generation, from 0
 *   40    4 frames
 *   44    4 zero
 *
 * and its frames, one behind the other, each a run of batches of one partition:
 *
 *    0   16 topicId
 *   16    8 base             of the segment, f64
 *   24    8 position         in the segment's log, f64
 *   32    4 length           of the batches
 *   36    4 nameLength       of the partition's folder, in bytes
 *   40    - name, batches
 */
import { assert } from "../base/assert.ts";
import { TOPIC_ID_SIZE, type TopicId, topicIdFromBytes } from "../base/topic-id.ts";
import type { Crc32c } from "../wasm/crc32c.ts";

export const GROUP_ALIGNMENT = 4096;
const GROUP_MAGIC = 0x474a4d43;
const GROUP_VERSION = 1;
const GROUP_HEADER_SIZE = 48;
const FOLDER_ID_AT = 16;
const FOLDER_ID_SIZE = 16;
const FRAME_HEADER_SIZE = 40;

/** Which partition a run of batches belongs to. */
export interface JournalSource {
  readonly topicIdBytes: Uint8Array;
  /** Of the partition's folder, without its parents; UTF-8. */
  readonly folderName: Uint8Array;
}

/** A run of batches as the journal kept it. */
export interface JournalFrame {
  readonly topicId: TopicId;
  readonly folderName: string;
  readonly base: number;
  readonly position: number;
  readonly batches: Uint8Array;
}

export interface JournalGroup {
  readonly generation: number;
  readonly sequence: number;
  readonly frames: readonly JournalFrame[];
  /** Bytes to the next group. */
  readonly size: number;
}

function aligned(length: number): number {
  return Math.ceil(length / GROUP_ALIGNMENT) * GROUP_ALIGNMENT;
}

/** Gathers the frames of one group. Its room is reused. */
export class GroupBuilder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #folderId: Uint8Array;
  readonly #crc32c: Crc32c;
  #length = GROUP_HEADER_SIZE;
  #frames = 0;

  /** @param capacity bytes of the largest group, a multiple of GROUP_ALIGNMENT */
  constructor(capacity: number, folderId: Uint8Array, crc32c: Crc32c) {
    assert(capacity % GROUP_ALIGNMENT === 0, "groups are aligned");
    assert(folderId.length === FOLDER_ID_SIZE, "a folder's id is a UUID");
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#folderId = folderId;
    this.#crc32c = crc32c;
  }

  get isEmpty(): boolean {
    return this.#frames === 0;
  }

  /** Bytes that the group would take in the file. */
  get size(): number {
    return aligned(this.#length);
  }

  /** @returns false: there is no room for it */
  add({ topicIdBytes, folderName }: JournalSource, base: number, position: number, batches: Uint8Array): boolean {
    const at = this.#length;
    const size = FRAME_HEADER_SIZE + folderName.length + batches.length;
    if (at + size > this.#bytes.length) return false;
    const view = this.#view;
    this.#bytes.set(topicIdBytes, at);
    view.setFloat64(at + 16, base, true);
    view.setFloat64(at + 24, position, true);
    view.setUint32(at + 32, batches.length, true);
    view.setUint32(at + 36, folderName.length, true);
    this.#bytes.set(folderName, at + FRAME_HEADER_SIZE);
    this.#bytes.set(batches, at + FRAME_HEADER_SIZE + folderName.length);
    this.#length += size;
    this.#frames++;
    return true;
  }

  /** The whole group, valid until the next `add`. */
  seal(generation: number, sequence: number): Uint8Array {
    const view = this.#view;
    view.setUint32(0, GROUP_MAGIC, true);
    view.setUint32(8, GROUP_VERSION, true);
    view.setUint32(12, this.#length, true);
    this.#bytes.set(this.#folderId, FOLDER_ID_AT);
    view.setUint32(32, generation, true);
    view.setUint32(36, sequence, true);
    view.setUint32(40, this.#frames, true);
    view.setUint32(4, this.#crc32c(this.#bytes.subarray(8, this.#length)), true);
    const { size } = this;
    this.#bytes.fill(0, this.#length, size);
    return this.#bytes.subarray(0, size);
  }

  clear(): void {
    this.#length = GROUP_HEADER_SIZE;
    this.#frames = 0;
  }
}

/** @param bytes of a journal's file @param at a multiple of GROUP_ALIGNMENT @returns null: no whole group of this folder begins there */
export function readGroup(bytes: Uint8Array, at: number, folderId: Uint8Array, crc32c: Crc32c): JournalGroup | null {
  if (at + GROUP_HEADER_SIZE > bytes.length) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (view.getUint32(0, true) !== GROUP_MAGIC || view.getUint32(8, true) !== GROUP_VERSION) return null;
  const length = view.getUint32(12, true);
  if (length < GROUP_HEADER_SIZE || at + length > bytes.length) return null;
  const group = bytes.subarray(at, at + length);
  if (folderId.some((byte, index) => group[FOLDER_ID_AT + index] !== byte)) return null;
  if (crc32c(group.subarray(8)) !== view.getUint32(4, true)) return null;
  const frames = readFrames(group, view.getUint32(40, true));
  return {
    generation: view.getUint32(32, true),
    sequence: view.getUint32(36, true),
    frames,
    size: aligned(length),
  };
}

/** The checksum was good: what does not fit is a bug of the writer's. */
function readFrames(group: Uint8Array, count: number): JournalFrame[] {
  const view = new DataView(group.buffer, group.byteOffset, group.length);
  const frames: JournalFrame[] = [];
  let at = GROUP_HEADER_SIZE;
  for (let index = 0; index < count; index++) {
    const length = view.getUint32(at + 32, true);
    const nameAt = at + FRAME_HEADER_SIZE;
    const batchesAt = nameAt + view.getUint32(at + 36, true);
    assert(batchesAt + length <= group.length, "frames lie within their group");
    frames.push({
      topicId: topicIdFromBytes(group.subarray(at, at + TOPIC_ID_SIZE)),
      folderName: new TextDecoder().decode(group.subarray(nameAt, batchesAt)),
      base: view.getFloat64(at + 16, true),
      position: view.getFloat64(at + 24, true),
      batches: group.subarray(batchesAt, batchesAt + length),
    });
    at = batchesAt + length;
  }
  return frames;
}
