/** A partition of the fake broker: batches in an array, and what Kafka remembers of producers, written a second time. */
import { crc32c } from "@node-rs/crc32";
import { BrokerError } from "../../src/base/errors.ts";

export interface FakeBatch {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: Uint8Array;
}

interface RememberedBatch {
  readonly first: number;
  readonly last: number;
  readonly baseOffset: number;
}

interface RememberedProducer {
  epoch: number;
  batches: RememberedBatch[];
}

const BATCHES_REMEMBERED = 5;

export class FakePartition {
  readonly batches: FakeBatch[] = [];
  readonly producers = new Map<bigint, RememberedProducer>();
  logStartOffset = 0;
  highWatermark = 0;

  /**
   * Appends a batch.
   *
   * @throws BrokerError as a broker would
   */
  append(batch: Uint8Array): { readonly baseOffset: number; readonly duplicate: boolean } {
    const bytes = Uint8Array.from(batch);
    const view = new DataView(bytes.buffer);
    const count = view.getInt32(57);
    if (bytes.length !== view.getInt32(8) + 12 || crc32c(bytes.subarray(21)) !== view.getUint32(17))
      throw new BrokerError("CORRUPT_BATCH", "the batch's length or CRC is wrong");
    if (view.getInt32(23) !== count - 1) throw new BrokerError("INVALID_RECORD", "the batch's count is wrong");
    const known = this.#duplicateOf(view, count);
    if (known !== null) return { baseOffset: known, duplicate: true };
    const baseOffset = this.highWatermark;
    view.setBigInt64(0, BigInt(baseOffset));
    view.setInt32(12, 1);
    this.highWatermark += count;
    this.batches.push({ baseOffset, nextOffset: this.highWatermark, bytes });
    return { baseOffset, duplicate: false };
  }

  /** Adds a batch as it is, whatever it says. */
  put(bytes: Uint8Array, count: number): void {
    const baseOffset = this.highWatermark;
    this.highWatermark += count;
    this.batches.push({ baseOffset, nextOffset: this.highWatermark, bytes });
  }

  /** @returns the base offset of the batch that this one repeats; null: it is the next one */
  #duplicateOf(view: DataView, count: number): number | null {
    const producerId = view.getBigInt64(43);
    if (producerId < 0n) return null;
    const epoch = view.getInt16(51);
    const first = view.getInt32(53);
    const last = (first + count - 1) % 2 ** 31;
    let producer = this.producers.get(producerId);
    if (producer !== undefined && epoch < producer.epoch)
      throw new BrokerError("INVALID_PRODUCER_EPOCH", "a newer epoch has written");
    if (producer !== undefined && epoch > producer.epoch) {
      if (first !== 0) throw new BrokerError("OUT_OF_ORDER_SEQUENCE", "a new epoch begins at 0");
      producer = undefined;
    }
    if (producer !== undefined) {
      const repeated = producer.batches.find((batch) => batch.first === first && batch.last === last);
      if (repeated !== undefined) return repeated.baseOffset;
      const expected = ((producer.batches.at(-1)?.last ?? -1) + 1) % 2 ** 31;
      if (first !== expected)
        throw new BrokerError("OUT_OF_ORDER_SEQUENCE", `${first} does not follow ${expected - 1}`);
    }
    producer ??= { epoch, batches: [] };
    producer.batches = [...producer.batches, { first, last, baseOffset: this.highWatermark }].slice(
      -BATCHES_REMEMBERED,
    );
    this.producers.set(producerId, producer);
    return null;
  }
}
