/**
 * Data on its way to a client: a subscription that goes on as long as there is credit, and the answer to one fetch. Both are
 * read slice by slice when the connection has room.
 */
import type { BrokerError } from "../base/errors.ts";
import { TIMER_MS_MAX } from "../base/options.ts";
import type { Offset } from "../base/units.ts";
import type { PartitionReader, ReaderOwner } from "../broker/partition-reader.ts";
import type { DataHeader } from "../protocol/data.ts";
import { SLICE_BYTES_MAX } from "../protocol/limits.ts";
import { withNumbers } from "./requests.ts";

/** What a stream needs of its connection. */
export interface StreamHost {
  /** Sends a slice of the broker's memory as one Data frame. */
  sendData(correlation: number, header: DataHeader, address: number, length: number): void;
  /** The stream may have something to send: `step` will be called. */
  ready(stream: DataStream): void;
  /** The stream is over; null: it came to its own end. */
  ended(stream: DataStream, error: BrokerError | null): void;
}

export interface DataStream {
  /** Sends at most one slice. @returns whether there may be more right away */
  step(): boolean;
  close(): void;
}

const header: { -readonly [Field in keyof DataHeader]: DataHeader[Field] } = {
  subscription: 0,
  baseOffset: 0 as Offset,
  batchPosition: 0,
  last: false,
  logStartOffset: 0 as Offset,
  highWatermark: 0 as Offset,
  lastStableOffset: 0 as Offset,
  leaderEpoch: 0,
};

/** One header serves all frames: it is encoded before anything else happens. */
function headerOf(reader: PartitionReader, subscription: number, last: boolean): DataHeader {
  const { partition } = reader;
  header.subscription = subscription;
  header.baseOffset = reader.baseOffset as Offset;
  header.batchPosition = reader.batchPosition;
  header.last = last;
  header.logStartOffset = partition.logStartOffset as Offset;
  header.highWatermark = partition.highWatermark as Offset;
  header.lastStableOffset = partition.lastStableOffset as Offset;
  header.leaderEpoch = partition.leaderEpoch;
  return header;
}

export class Subscription implements DataStream, ReaderOwner {
  readonly id: number;
  readonly #host: StreamHost;
  #reader: PartitionReader | null = null;
  #credit: number;

  constructor(id: number, host: StreamHost, credit: number) {
    this.id = id;
    this.#host = host;
    this.#credit = credit;
  }

  start(reader: PartitionReader): void {
    this.#reader = reader;
    this.#host.ready(this);
  }

  /** @param bytes more that may be sent */
  addCredit(bytes: number): void {
    this.#credit = Math.min(Number.MAX_SAFE_INTEGER, this.#credit + bytes);
    if (this.#reader !== null) this.#host.ready(this);
  }

  step(): boolean {
    const reader = this.#reader;
    if (reader === null || this.#credit <= 0) return false;
    const bytesMax = Math.min(SLICE_BYTES_MAX, this.#credit);
    if (reader.next(bytesMax, bytesMax) !== "slice") return false;
    this.#credit -= reader.length;
    this.#host.sendData(0, headerOf(reader, this.id, false), reader.address, reader.length);
    return true;
  }

  readable(): void {
    this.#host.ready(this);
  }

  failed(error: BrokerError): void {
    const reader = this.#reader;
    this.close();
    this.#host.ended(this, reader === null ? error : withNumbers(error, reader.partition));
  }

  close(): void {
    this.#reader?.close();
    this.#reader = null;
  }
}

export interface FetchLimits {
  readonly bytesMax: number;
  readonly bytesMin: number;
  readonly waitMsMax: number;
}

/** A longer one would fire at once. */

export class FetchAnswer implements DataStream, ReaderOwner {
  readonly correlation: number;
  readonly #host: StreamHost;
  readonly #limits: FetchLimits;
  #reader: PartitionReader | null = null;
  #bytesLeft: number;
  #timer: NodeJS.Timeout | undefined;
  #waiting = false;
  /** A batch was sent. */
  #began = false;

  constructor(correlation: number, host: StreamHost, limits: FetchLimits) {
    this.correlation = correlation;
    this.#host = host;
    this.#limits = limits;
    this.#bytesLeft = Math.max(1, limits.bytesMax);
  }

  start(reader: PartitionReader): void {
    this.#reader = reader;
    if (!this.#enough() && this.#limits.waitMsMax > 0) {
      this.#waiting = true;
      this.#timer = setTimeout(() => this.#go(), Math.min(TIMER_MS_MAX, this.#limits.waitMsMax));
      return;
    }
    this.#host.ready(this);
  }

  step(): boolean {
    const reader = this.#reader;
    if (reader === null || this.#waiting) return false;
    // The first batch comes whatever its size, a later one only where it fits.
    if (this.#began && !reader.insideBatch && reader.nextSize > this.#bytesLeft) return this.#finish(reader);
    const step = reader.next(Math.min(SLICE_BYTES_MAX, this.#bytesLeft), SLICE_BYTES_MAX);
    if (step === "pending") return false;
    if (step === "end") return this.#finish(reader);
    this.#began = true;
    this.#bytesLeft -= reader.length;
    // A batch that was begun is sent whole, as Kafka does.
    const last = !reader.insideBatch && (this.#bytesLeft <= 0 || reader.offset >= reader.limit);
    this.#host.sendData(this.correlation, headerOf(reader, 0, last), reader.address, reader.length);
    if (last) this.#end();
    return !last;
  }

  readable(): void {
    if (this.#waiting && this.#enough()) this.#go();
    else if (!this.#waiting) this.#host.ready(this);
  }

  failed(error: BrokerError): void {
    const reader = this.#reader;
    this.close();
    this.#host.ended(this, reader === null ? error : withNumbers(error, reader.partition));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#reader?.close();
    this.#reader = null;
  }

  #enough(): boolean {
    const reader = this.#reader;
    if (reader === null || reader.offset >= reader.limit) return false;
    return reader.partition.bytesFrom(reader.offset) >= Math.min(this.#limits.bytesMin, this.#limits.bytesMax);
  }

  #go(): void {
    clearTimeout(this.#timer);
    this.#waiting = false;
    this.#host.ready(this);
  }

  /** Ends the answer with an empty slice. @returns false: there is nothing more */
  #finish(reader: PartitionReader): false {
    reader.baseOffset = reader.offset;
    reader.batchPosition = 0;
    this.#host.sendData(this.correlation, headerOf(reader, 0, true), reader.address, 0);
    this.#end();
    return false;
  }

  #end(): void {
    this.close();
    this.#host.ended(this, null);
  }
}
