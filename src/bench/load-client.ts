/** What a generator's process needs of a broker's client library. Each library has one implementation. */

export interface LoadClientOptions {
  /** host:port. */
  readonly server: string;
  /** One, or one for each partition. */
  readonly topics: readonly string[];
}

export interface LoadProducerOptions {
  /** Bytes of a batch. */
  readonly batchBytes: number;
  /** ms that a batch waits for more records. */
  readonly lingerMs: number;
  /** Told of records that were acknowledged, in the order of their partition. */
  readonly acknowledged: (partition: number, count: number) => void;
}

export interface LoadProducer {
  /**
   * Sends a record that `acknowledged` will tell of. Its bytes are only there until this returns.
   *
   * @returns null, or what to await before the next one
   */
  enqueue(partition: number, value: Uint8Array): Promise<void> | null;
  /** Sends a record; resolves when it is acknowledged. `acknowledged` tells of it, too. */
  send(partition: number, value: Uint8Array): Promise<void>;
  /** @throws what a record was lost for */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** Takes a record: bytes[at, at + size), through a view of the same bytes; valid until it returns. */
export type VisitValue = (partition: number, bytes: Uint8Array, view: DataView, at: number, size: number) => void;

export interface LoadConsumer {
  /** Reads from the earliest record on, until `close`. */
  run(visit: VisitValue): Promise<void>;
  close(): Promise<void>;
}

export interface LoadClient {
  producer(options: LoadProducerOptions): Promise<LoadProducer>;
  consumer(): Promise<LoadConsumer>;
  close(): Promise<void>;
}

export type ConnectLoadClient = (options: LoadClientOptions) => Promise<LoadClient>;
