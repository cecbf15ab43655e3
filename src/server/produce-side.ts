/**
 * The producing side of one connection: batches in, acknowledgements out, the window between them. A batch is copied once, in
 * the callback that brought it; nothing is allocated for it here.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { topicIdFromBytes } from "../base/topic-id.ts";
import type { Broker } from "../broker/broker.ts";
import type { Partition } from "../broker/partition.ts";
import type { PartitionNumbers, ProduceOwner } from "../broker/produce-owner.ts";
import type { ProduceBegin } from "../protocol/generated/messages.ts";
import { type ErrorBody, errorBody } from "../protocol/wire-error.ts";
import { AckQueue } from "./ack-queue.ts";
import type { ClientSocket } from "./client-socket.ts";
import type { HotFrames } from "./hot-frames.ts";
import type { ProduceWindow } from "./produce-window.ts";
import { Refusals, type RefusalTurns } from "./refusals.ts";
import { checkAcks, checkBatchSize, checkLeaderEpoch } from "./requests.ts";
import { type UploadBudget, Uploads } from "./uploads.ts";

export interface ProduceSideOwner {
  /** There are acknowledgements to send: `flush` is to be called soon. */
  wantsFlush(): void;
  granted(correlation: number, upload: number): void;
  progressed(upload: number, received: number): void;
  refused(correlation: number, error: ErrorBody): void;
  /** A granted upload does not come, or too slowly. */
  uploadTooSlow(): void;
}

export class ProduceSide implements ProduceOwner {
  readonly #broker: Broker;
  readonly #frames: HotFrames;
  readonly #window: ProduceWindow;
  readonly #owner: ProduceSideOwner;
  readonly #uploads: Uploads;
  readonly #acks = new AckQueue();
  readonly #refusals: Refusals;
  #isClosed = false;
  /** Hears of batches that want no answer. */
  readonly #silent: ProduceOwner = {
    produced: (_token, length) => this.#window.release(length),
    refused: (_token, length, error) => this.#refuse(null, length, error),
  };
  /** Hears of uploaded batches, whose bytes the window does not count: their memory was taken before they came. */
  readonly #uploaded: ProduceOwner = {
    produced: (token, _length, partition, baseOffset, duplicate) =>
      this.#acknowledge(token, partition, baseOffset, duplicate),
    refused: (token, _length, error) => this.#owner.refused(token, errorBody(error)),
  };
  readonly #uploadedSilently: ProduceOwner = { produced: () => {}, refused: () => {} };

  constructor(
    broker: Broker,
    frames: HotFrames,
    window: ProduceWindow,
    uploads: UploadBudget,
    refusals: RefusalTurns,
    owner: ProduceSideOwner,
  ) {
    this.#broker = broker;
    this.#frames = frames;
    this.#window = window;
    this.#owner = owner;
    this.#uploads = new Uploads(broker.store.memory.bytes, broker.pool, uploads, {
      granted: (correlation, upload) => owner.granted(correlation, upload),
      progressed: (upload, received) => owner.progressed(upload, received),
      inFront: () => window.onTheirWayMax,
      tooSlow: () => owner.uploadTooSlow(),
    });
    this.#refusals = new Refusals(refusals, {
      answer: (correlation, length, error) => {
        this.#window.release(length);
        if (correlation !== null) owner.refused(correlation, error);
      },
    });
  }

  /**
   * Takes the Produce in the frame reader. A batch that is refused is answered later.
   *
   * @throws BrokerError CREDIT_EXCEEDED, PROTOCOL_VIOLATION
   */
  produce(): void {
    const { reader, produce } = this.#frames;
    produce.read(reader);
    const { batchAt, batchSize, acks } = produce;
    this.#window.take(batchSize);
    this.#uploads.broughtFirst(batchSize);
    try {
      checkAcks(acks);
      const partition = this.#broker.topics.partitionByBytes(reader.bytes, produce.topicIdAt, produce.partition);
      checkLeaderEpoch(partition, produce.leaderEpoch);
      checkBatchSize(partition, batchSize);
      this.#refuseStalled(partition);
      const owner = acks === 0 ? this.#silent : this;
      this.#broker.intake.take(partition, reader.bytes, batchAt, batchSize, owner, reader.correlation);
    } catch (error) {
      this.#refuse(acks === 0 ? null : reader.correlation, batchSize, asBrokerError(error));
    }
  }

  /** @throws BrokerError MESSAGE_TOO_LARGE, BUSY, UNKNOWN_TOPIC_ID, ... */
  begin(correlation: number, { topicId, partition: index, leaderEpoch, acks, size }: ProduceBegin): void {
    checkAcks(acks);
    const partition = this.#broker.topics.partition(topicIdFromBytes(topicId), index);
    checkLeaderEpoch(partition, leaderEpoch);
    checkBatchSize(partition, size);
    this.#refuseStalled(partition);
    const owner = acks === 0 ? this.#uploadedSilently : this.#uploaded;
    this.#uploads.begin({ correlation, partition, size, owner, token: correlation });
  }

  /** Takes the ProducePart in the frame reader. @throws BrokerError PROTOCOL_VIOLATION */
  part(): void {
    const { reader, part } = this.#frames;
    part.read(reader);
    this.#uploads.part(part.upload, part.position, reader.bytes, part.bytesAt, part.bytesSize);
  }

  produced(token: number, length: number, partition: PartitionNumbers, baseOffset: number, duplicate: boolean): void {
    this.#window.release(length);
    this.#acknowledge(token, partition, baseOffset, duplicate);
  }

  refused(token: number, length: number, error: BrokerError): void {
    this.#refuse(token, length, error);
  }

  flush(socket: ClientSocket): void {
    if (!this.#acks.isEmpty) socket.cork(() => this.#acks.send(socket, this.#frames.ackEncoder));
  }

  /** Nothing new is taken; what was accepted is still answered. */
  leave(): void {
    this.#uploads.close();
  }

  /** The last acknowledgements and refusals. */
  finish(socket: ClientSocket): void {
    this.flush(socket);
    this.#refusals.answer(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#isClosed = true;
    this.#uploads.close();
    this.#refusals.answer(Number.POSITIVE_INFINITY);
    this.#acks.clear();
    this.#window.close();
  }

  #refuse(correlation: number | null, length: number, error: BrokerError): void {
    if (this.#isClosed) this.#window.release(length);
    else this.#refusals.add(correlation, length, errorBody(error));
  }

  #acknowledge(correlation: number, partition: PartitionNumbers, baseOffset: number, duplicate: boolean): void {
    this.#acks.add(correlation, partition, baseOffset, duplicate);
    this.#owner.wantsFlush();
  }

  /** Contract H1: a thread stuck in the disk cannot be ended; what it would write is refused meanwhile. */
  #refuseStalled({ log }: Partition): void {
    if (this.#broker.store.stateOf(log.worker) !== "stalled") return;
    throw new BrokerError("DISK_STALLED", "a call to the disk has not returned for several seconds");
  }
}
