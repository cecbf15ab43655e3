/** A batch full of records of one shape, in the core's memory, with what it takes to encode it again. */
import {
  BATCH_HEADER_SIZE,
  ENCODE_ENTRY_SIZE,
  ENCODE_KEY_AT,
  ENCODE_KEY_SIZE_AT,
  ENCODE_TIMESTAMP_DELTA_AT,
  ENCODE_VALUE_AT,
  ENCODE_VALUE_SIZE_AT,
} from "../../assembly/layout.ts";
import { KIB } from "../../src/base/units.ts";
import type { CoreMemory } from "./core-memory.ts";

export interface RecordShape {
  readonly name: string;
  /** Bytes; -1: none. */
  readonly keySize: number;
  readonly valueSize: number;
  readonly headerCount: number;
}

export const BASE_TIMESTAMP = 1.8e12;

const HEADERS_SIZE_MAX = KIB;

/** Sixteen records have the same time. */
const timestampDeltaOf = (index: number): number => index >> 4;

export class ShapedBatch {
  readonly at: number;
  readonly size: number;
  readonly count: number;
  /** The records for `encodeRecords`, which knows no headers. */
  readonly table: number;
  readonly #memory: CoreMemory;
  readonly #shape: RecordShape;
  readonly #sizeMax: number;
  readonly #headers: number;
  readonly #headersSize: number;

  /** @param at address of `sizeMax` bytes for the batch, and behind them of what it is made of */
  constructor(memory: CoreMemory, at: number, sizeMax: number, shape: RecordShape) {
    const { core } = memory;
    this.#memory = memory;
    this.#shape = shape;
    this.#sizeMax = sizeMax;
    this.at = at;
    this.#headers = at + sizeMax;
    this.table = this.#headers + HEADERS_SIZE_MAX;
    this.#headersSize = this.#encodeHeaders();
    let count = 0;
    let size = BATCH_HEADER_SIZE;
    for (;;) {
      const written = this.#encodeRecord(at + size, sizeMax - size, count);
      if (written < 0) break;
      size += written;
      count++;
    }
    this.size = size;
    this.count = count;
    core.finishBatch(at, size, count, 0, BASE_TIMESTAMP, BASE_TIMESTAMP + timestampDeltaOf(count - 1));
    core.sealBatch(at, size);
    for (let index = 0; index < count; index++) this.#addToTable(index);
  }

  /** Encodes its records once more, one by one. @returns their bytes */
  encodeRecords(target: number): number {
    let size = 0;
    for (let index = 0; index < this.count; index++) size += this.#encodeRecord(target + size, this.#sizeMax, index);
    return size;
  }

  #encodeHeaders(): number {
    const { core, payload } = this.#memory;
    let size = 0;
    for (let index = 0; index < this.#shape.headerCount; index++)
      size += core.encodeHeader(this.#headers + size, HEADERS_SIZE_MAX - size, payload + 3 * index, 8, payload, 16);
    return size;
  }

  #encodeRecord(target: number, room: number, index: number): number {
    const { core, payload } = this.#memory;
    const { keySize, valueSize, headerCount } = this.#shape;
    return core.encodeRecord(
      target,
      room,
      index,
      timestampDeltaOf(index),
      payload + index,
      keySize,
      payload + 7 * index,
      valueSize,
      this.#headers,
      this.#headersSize,
      headerCount,
    );
  }

  #addToTable(index: number): void {
    const { view, payload } = this.#memory;
    const { keySize, valueSize } = this.#shape;
    const entry = this.table + index * ENCODE_ENTRY_SIZE;
    view.setFloat64(entry + ENCODE_TIMESTAMP_DELTA_AT, timestampDeltaOf(index), true);
    view.setUint32(entry + ENCODE_KEY_AT, payload + index, true);
    view.setInt32(entry + ENCODE_KEY_SIZE_AT, keySize, true);
    view.setUint32(entry + ENCODE_VALUE_AT, payload + 7 * index, true);
    view.setInt32(entry + ENCODE_VALUE_SIZE_AT, valueSize, true);
  }
}
