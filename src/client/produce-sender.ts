/**
 * Batches over a connection: as many as the broker's window allows, each to be answered by its correlation id. It outlives
 * connections; what is not answered when one is lost goes back to its queue.
 */
import { BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";
import type { ProduceGrant } from "../protocol/generated/messages.ts";
import { BATCH_BYTES_INLINE_MAX, BATCH_WINDOW_OVERHEAD } from "../protocol/limits.ts";
import type { Message } from "../protocol/messages.ts";
import { PRODUCE_ENVELOPE_SIZE } from "../protocol/produce.ts";
import { ProduceAckReader } from "../protocol/produce-ack.ts";
import { PRODUCE_PART_ENVELOPE_SIZE, writeProducePartEnvelope } from "../protocol/produce-part.ts";
import type { FrameReader } from "../protocol/verifier.ts";
import { brokerError } from "../protocol/wire-error.ts";
import type { Batch } from "./batch.ts";
import { Channel, type ChannelOwner } from "./channel.ts";
import type { Connection } from "./connection.ts";
import type { ConnectSettings } from "./options.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import { durabilityName } from "./topics.ts";
import { HEADROOM } from "./transport.ts";

/** Of a large batch: small enough that the broker, which tells of each, is heard of in time behind a slow link. */
const PART_BYTES_MAX: number = 256 * KIB;

/** Large batches that are asked for at a time, below what a broker takes before it answers BUSY. */
const ASKED_MAX = 32;

/** A batch that was sent and not answered. */
interface Sent {
  readonly queue: PartitionQueue;
  readonly batch: Batch;
  /** Bytes that count against the window. */
  readonly windowBytes: number;
  /** A large one, for which the broker was asked for memory. */
  isAsked: boolean;
}

/** The producer, as its sender sees it. */
export interface SenderOwner {
  connected(): void;
  /** There will be no connection any more. */
  failed(error: BrokerError): void;
}

export class ProduceSender implements ChannelOwner {
  readonly channel: Channel;
  readonly #windowWanted: number;
  readonly #owner: SenderOwner;
  readonly #queues = new Set<PartitionQueue>();
  /** Queues that have something to send, in turn. */
  readonly #ready = new Set<PartitionQueue>();
  readonly #sent = new Map<number, Sent>();
  readonly #ack = new ProduceAckReader();
  #connection: Connection | null = null;
  #window = 0;
  #windowAsked = 0;
  #unacknowledged = 0;
  /** Large batches that were asked for and not granted. */
  #asked = 0;
  /** Bytes above which a batch travels in parts. */
  inlineMax: number = BATCH_BYTES_INLINE_MAX;

  /**
   * @param windowBytes bytes of batches that may be unacknowledged, if the broker agrees
   */
  constructor(settings: ConnectSettings, windowBytes: number, owner: SenderOwner) {
    this.#windowWanted = windowBytes;
    this.#owner = owner;
    this.channel = new Channel(settings, windowBytes, this);
  }

  /** The queue's batches will be announced by `sendable`. */
  add(queue: PartitionQueue): void {
    this.#queues.add(queue);
  }

  remove(queue: PartitionQueue): void {
    this.#queues.delete(queue);
    this.#ready.delete(queue);
  }

  /** The queue has something that may be sent. */
  sendable(queue: PartitionQueue): void {
    this.#ready.add(queue);
    this.#pump();
  }

  connected(connection: Connection): void {
    const { window, batchBytesInlineMax } = connection.welcome;
    this.#connection = connection;
    this.#window = window;
    this.#windowAsked = 0;
    this.inlineMax = batchBytesInlineMax;
    this.#owner.connected();
    connection.batch(() => {
      for (const queue of this.#queues) queue.connected();
    });
  }

  disconnected(error: BrokerError): void {
    this.#connection = null;
    this.#unacknowledged = 0;
    this.#asked = 0;
    this.#sent.clear();
    this.#ready.clear();
    for (const queue of this.#queues) queue.disconnected(error);
  }

  failed(error: BrokerError): void {
    this.#owner.failed(error);
  }

  produceAck(frame: FrameReader): void {
    const sent = this.#answered(frame.correlation);
    if (sent === null) return;
    const ack = this.#ack;
    ack.read(frame);
    const { baseOffset, duplicate } = ack;
    sent.queue.acknowledged(sent.batch, { baseOffset, durability: durabilityName(ack.durability), duplicate });
    this.#pump();
  }

  message(message: Message): void {
    switch (message.type) {
      case "Error": {
        const sent = this.#answered(message.correlation);
        sent?.queue.refused(sent.batch, brokerError(message.body));
        break;
      }
      case "ProduceGrant":
        this.#upload(message.correlation, message.body);
        break;
      case "ProduceProgress":
        break;
      case "Window":
        // A smaller window counts from this answer on; nothing is sent until what is under way fits into it.
        this.#window = message.body.window;
        this.#connection?.post("WindowAck", { window: this.#window });
        this.#windowAsked = 0;
        break;
      default:
        throw new BrokerError("PROTOCOL_VIOLATION", `the broker sent a producer ${message.type}`);
    }
    this.#pump();
  }

  #answered(correlation: number): Sent | null {
    const sent = this.#sent.get(correlation);
    // The answer to something that was given up.
    if (sent === undefined) return null;
    this.#sent.delete(correlation);
    this.#unacknowledged -= sent.windowBytes;
    if (sent.isAsked) this.#asked--;
    return sent;
  }

  #pump(): void {
    if (this.#ready.size > 0) this.#connection?.batch(() => this.#sendReady());
  }

  #sendReady(): void {
    for (const queue of this.#ready) {
      let batch = queue.next();
      while (batch !== null && this.#send(queue, batch)) batch = queue.next();
      if (batch === null) this.#ready.delete(queue);
      // Until other large ones are granted or the window is wider this one waits, but others need not. Where only room is
      // missing they must, or it would wait for ever.
      else if (!this.#waitsForLarge(batch) && this.#windowBytesOf(batch) <= this.#window) return;
    }
  }

  /** As many are asked for as may be. */
  #waitsForLarge({ size }: Batch): boolean {
    return size > this.inlineMax && this.#asked === ASKED_MAX;
  }

  /** @returns false: the window has no room, or as many large batches are asked for as may be */
  #send(queue: PartitionQueue, batch: Batch): boolean {
    const connection = this.#connection!;
    const isLarge = batch.size > this.inlineMax;
    const windowBytes = this.#windowBytesOf(batch);
    if (this.#unacknowledged + windowBytes > this.#window) {
      this.#askForWindow(windowBytes);
      return false;
    }
    if (this.#waitsForLarge(batch)) return false;
    queue.send(batch);
    const correlation = connection.nextCorrelation();
    this.#sent.set(correlation, { queue, batch, windowBytes, isAsked: isLarge });
    this.#unacknowledged += windowBytes;
    if (isLarge) this.#asked++;
    const { topicId, partition, acks, envelope } = queue.target;
    if (isLarge) {
      connection.post("ProduceBegin", { topicId, partition, acks, size: batch.size }, correlation);
    } else {
      const frameAt = batch.at - PRODUCE_ENVELOPE_SIZE;
      envelope.write(batch.bytes, frameAt, correlation, batch.size);
      connection.send(batch.bytes, frameAt, PRODUCE_ENVELOPE_SIZE + batch.size);
    }
    return true;
  }

  /** Bytes that it counts against the window. */
  #windowBytesOf({ size }: Batch): number {
    return size > this.inlineMax ? 0 : size + BATCH_WINDOW_OVERHEAD;
  }

  /** The broker granted the memory for a large batch: its parts follow. */
  #upload(correlation: number, { upload }: ProduceGrant): void {
    const sent = this.#sent.get(correlation);
    const connection = this.#connection;
    if (sent === undefined || connection === null) return;
    if (sent.isAsked) this.#asked--;
    sent.isAsked = false;
    const { batch } = sent;
    const partAt = HEADROOM + PRODUCE_PART_ENVELOPE_SIZE;
    const partMax = Math.min(this.inlineMax, PART_BYTES_MAX);
    for (let position = 0; position < batch.size; position += partMax) {
      const size = Math.min(partMax, batch.size - position);
      const part = new Uint8Array(partAt + size);
      writeProducePartEnvelope(part, HEADROOM, correlation, upload, position, size);
      part.set(batch.bytes.subarray(batch.at + position, batch.at + position + size), partAt);
      connection.send(part, HEADROOM, PRODUCE_PART_ENVELOPE_SIZE + size);
    }
  }

  #askForWindow(needed: number): void {
    const wanted = Math.max(this.#windowWanted, needed);
    if (this.#window >= wanted || this.#windowAsked >= wanted) return;
    this.#windowAsked = wanted;
    this.#connection?.post("WindowRequest", { window: wanted });
  }
}
