/** The records of one batch. Its bytes are its own: it may be walked as often as one likes, at any time. */
import type { Offset } from "../base/units.ts";
import { BatchCursor } from "./batch-cursor.ts";
import type { ConsumedRecord } from "./consumed-record.ts";
import type { ReadableBatch } from "./consumer-feed.ts";
import type { RecordCursor } from "./record-cursor.ts";

export class RecordBatch implements Iterable<ConsumedRecord> {
  readonly topic: string;
  readonly partition: number;
  /** Of its first record; the first one wanted may come later. */
  readonly baseOffset: Offset;
  /** After its last record. */
  readonly nextOffset: Offset;
  /** Records in it, those not wanted included. */
  readonly count: number;
  readonly #batch: ReadableBatch;

  constructor(batch: ReadableBatch) {
    const { subscription, header } = batch;
    this.topic = subscription.topic;
    this.partition = subscription.partition;
    this.baseOffset = header.baseOffset;
    this.nextOffset = header.nextOffset;
    this.count = header.count;
    this.#batch = batch;
  }

  /**
   * Walks over the records.
   *
   * @param visit gets the same cursor again and again; it is valid until `visit` returns
   * @throws BrokerError CORRUPT_BATCH  the batch is intact, but its bytes are no records
   */
  forEach(visit: (record: RecordCursor) => void): void {
    const cursor = new BatchCursor();
    cursor.open(this.#batch);
    while (cursor.next()) visit(cursor);
    if (cursor.fault !== null) throw cursor.fault;
  }

  /** The records as objects. @throws as `forEach` does */
  *[Symbol.iterator](): Generator<ConsumedRecord> {
    const cursor = new BatchCursor();
    cursor.open(this.#batch);
    while (cursor.next()) yield cursor.recordOver(cursor.bytes, 0);
    if (cursor.fault !== null) throw cursor.fault;
  }
}
