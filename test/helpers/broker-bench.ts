/** A broker over a stepped store: topics without a disk or a thread, and somebody to produce to them. */
import { BrokerError } from "../../src/base/errors.ts";
import { Broker, type BrokerOptions } from "../../src/broker/broker.ts";
import { LocalMetaStore, type MetadataRecord } from "../../src/broker/local-meta-store.ts";
import type { Partition } from "../../src/broker/partition.ts";
import type { PartitionReader } from "../../src/broker/partition-reader.ts";
import type { PartitionNumbers, ProduceOwner } from "../../src/broker/produce-owner.ts";
import { type FakeBatch, fakeBatch, SteppedLogStore, type SteppedOptions } from "./stepped-log-store.ts";

export interface BenchOptions extends SteppedOptions, Partial<BrokerOptions> {
  readonly records?: readonly MetadataRecord[];
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

export class BrokerBench {
  readonly store: SteppedLogStore;
  readonly meta: LocalMetaStore;
  readonly broker: Broker;
  readonly lines: LogLine[] = [];
  /** The metadata log, as it would be on disk. */
  readonly records: MetadataRecord[];
  nowMs = 0;
  #writesFail = false;

  constructor(options: BenchOptions = {}) {
    this.store = new SteppedLogStore(options);
    this.records = [...(options.records ?? [])];
    const point = { generation: 1, size: this.records.length, crc: 0 };
    this.meta = new LocalMetaStore(this.records, point, ({ records, how }) => {
      if (this.#writesFail) return Promise.reject(new BrokerError("NO_SPACE", "as the test wants it"));
      if (how === "replace") this.records.length = 0;
      this.records.push(...records);
      return Promise.resolve({ ...point, size: this.records.length });
    });
    let id = 0;
    this.broker = new Broker(this.store, this.meta, {
      incarnation: 1,
      folders: { topics: "topics", quarantine: "quarantine" },
      expected: {},
      clean: true,
      sameBoot: true,
      log: (level, message, facts) => this.lines.push({ level, message, ...(facts && { facts }) }),
      monotonicMs: () => this.nowMs,
      random: (bytes) => {
        new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, ++id);
      },
      ...options,
    });
    this.store.listen(this.broker);
  }

  /** Metadata cannot be written until `stop`. */
  failWrites(): { stop(): void } {
    this.#writesFail = true;
    return {
      stop: () => {
        this.#writesFail = false;
      },
    };
  }

  async topic(name: string, settings: Readonly<Record<string, string>> = {}, partitions = 1): Promise<Partition> {
    await this.broker.topics.create({ name, partitions, settings: Object.entries(settings) }, false);
    return this.partition(name);
  }

  partition(name: string, index = 0): Partition {
    return this.broker.topics.known(name).partitions[index]!;
  }

  /** Brings a batch to the broker as a door does. */
  produce(partition: Partition, batch: FakeBatch, owner: ProduceOwner = new Outcomes(), token = 0): void {
    const bytes = fakeBatch(batch);
    this.broker.intake.take(partition, bytes, 0, bytes.length, owner, token);
  }

  /** A topic whose log is open. */
  async openTopic(name: string, settings: Readonly<Record<string, string>> = {}): Promise<Partition> {
    const partition = await this.topic(name, settings);
    await partition.open();
    return partition;
  }
}

export type Outcome =
  | { readonly token: number; readonly baseOffset: number; readonly duplicate: boolean; readonly highWatermark: number }
  | { readonly token: number; readonly error: BrokerError["code"] };

/** Remembers what became of batches, in order. */
export class Outcomes implements ProduceOwner {
  readonly all: Outcome[] = [];
  /** Bytes that came back. */
  bytes = 0;

  get offsets(): number[] {
    return this.all.flatMap((outcome) => ("baseOffset" in outcome ? [outcome.baseOffset] : []));
  }

  get errors(): string[] {
    return this.all.flatMap((outcome) => ("error" in outcome ? [outcome.error] : []));
  }

  get tokens(): number[] {
    return this.all.map(({ token }) => token);
  }

  produced(token: number, length: number, partition: PartitionNumbers, baseOffset: number, duplicate: boolean): void {
    this.bytes += length;
    this.all.push({ token, baseOffset, duplicate, highWatermark: partition.highWatermark });
  }

  refused(token: number, length: number, error: BrokerError): void {
    this.bytes += length;
    this.all.push({ token, error: error.code });
  }
}

/** Reads as a connection does: asks for slices until there are no more, and again when it is told to. */
export class Reading {
  readonly reader: PartitionReader;
  readonly slices: { readonly baseOffset: number; readonly batchPosition: number; readonly bytes: Uint8Array }[] = [];
  failure: BrokerError | null = null;
  wakes = 0;
  readonly #bench: BrokerBench;

  constructor(bench: BrokerBench, partition: Partition, offset = 0) {
    this.#bench = bench;
    this.reader = bench.broker.reader(
      partition,
      offset,
      {
        readable: () => {
          this.wakes++;
        },
        failed: (error) => {
          this.failure = error;
        },
      },
      false,
    );
  }

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.slices.map(({ bytes }) => bytes)));
  }

  /** Takes one slice. */
  next(bytesMax = 1 << 20, partMax = 1 << 20): "slice" | "end" | "pending" {
    const step = this.reader.next(bytesMax, partMax);
    if (step !== "slice") return step;
    const { address, length, baseOffset, batchPosition } = this.reader;
    const bytes = this.#bench.store.memory.bytes.slice(address, address + length);
    this.slices.push({ baseOffset, batchPosition, bytes });
    return step;
  }

  /** Reads to the end, waiting for what is pending. */
  async toEnd(bytesMax = 1 << 20, partMax = 1 << 20): Promise<void> {
    for (;;) {
      const step = this.next(bytesMax, partMax);
      if (step === "end" || this.failure !== null) return;
      if (step === "pending") await turns();
    }
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn++) await Promise.resolve();
}
