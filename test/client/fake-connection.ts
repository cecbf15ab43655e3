/** One client of the fake broker. */
import { createHash } from "node:crypto";
import type { Socket } from "node:net";
import { BrokerError } from "../../src/base/errors.ts";
import type { Offset, Timestamp } from "../../src/base/units.ts";
import type { Encodable } from "../../src/protocol/field-codec.ts";
import type { Bodies } from "../../src/protocol/generated/messages.ts";
import { Durability, Start } from "../../src/protocol/generated/wire.ts";
import { BATCH_WINDOW_OVERHEAD, REQUEST_BYTES_MAX } from "../../src/protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../../src/protocol/messages.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { encodeControlFrame, Opcode } from "../../src/protocol/websocket.ts";
import { errorBody } from "../../src/protocol/wire-error.ts";
import type { FakeBrokerState, FakeTopic } from "./fake-broker-state.ts";
import { FakePartition } from "./fake-partition.ts";

interface FakeSubscription {
  readonly partition: FakePartition;
  offset: number;
  /** Bytes of the batch at `offset` that were sent. */
  position: number;
  credit: number;
}

interface Upload {
  readonly correlation: number;
  readonly topic: FakeTopic;
  readonly index: number;
  readonly bytes: Uint8Array;
  received: number;
}

const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export class FakeConnection {
  readonly socket: Socket;
  readonly #broker: FakeBrokerState;
  readonly #reader = new FrameReader(REQUEST_BYTES_MAX);
  readonly subscriptions = new Map<number, FakeSubscription>();
  readonly #uploads = new Map<number, Upload>();
  #received: Uint8Array = new Uint8Array(0);
  #isOpen = false;
  /** Bytes of batches that are not answered; the test fails when it exceeds the window. */
  unacknowledged = 0;
  unacknowledgedMax = 0;
  /** Bytes of batches that were sent. */
  dataBytesSent = 0;
  window: number;
  /** What Hello asked for; -1: it did not come. */
  windowWanted = -1;
  /** The WindowRequests and WindowAcks that came. */
  readonly windowRequests: number[] = [];
  readonly windowAcks: number[] = [];

  constructor(broker: FakeBrokerState, socket: Socket) {
    this.#broker = broker;
    this.socket = socket;
    this.window = broker.window;
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", () => {}); // "close" follows.
  }

  send<Name extends BodyName>(type: Name, correlation: number, body: Encodable<Bodies[Name]>): void {
    if (!this.#broker.isMute) this.sendFrame(encodeMessage(type, correlation, body));
  }

  /** One binary message, or whatever the bytes are. */
  sendFrame(frame: Uint8Array, opcode: Opcode = Opcode.Binary): void {
    const header =
      frame.length < 126
        ? Uint8Array.of(0x80 | opcode, frame.length)
        : Uint8Array.of(
            0x80 | opcode,
            127,
            0,
            0,
            0,
            0,
            ...new Uint8Array(Uint32Array.of(frame.length).buffer).reverse(),
          );
    this.socket.write(Buffer.concat([header, frame]));
  }

  /** A wider window counts at once, a smaller one when the client agrees. */
  tellWindow(window: number): void {
    this.window = Math.max(this.window, window);
    this.send("Window", 0, { window });
  }

  /** Sends what subscriptions have credit for. */
  feed(): void {
    if (this.#broker.isMute) return;
    for (const [id, subscription] of this.subscriptions) {
      while (subscription.credit > 0 && this.#slice(id, subscription));
    }
  }

  #take(bytes: Uint8Array): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    if (!this.#isOpen && !this.#upgrade()) return;
    for (let frame = this.#nextFrame(); frame !== null && !this.socket.destroyed; frame = this.#nextFrame()) {
      this.#frame(frame.opcode, frame.payload);
    }
  }

  #upgrade(): boolean {
    const head = Buffer.from(this.#received).toString("latin1");
    const end = head.indexOf("\r\n\r\n");
    if (end < 0) return false;
    const key = /^sec-websocket-key: (.+)$/im.exec(head)?.[1] ?? "";
    const accept = createHash("sha1")
      .update(key.trim() + WEBSOCKET_GUID)
      .digest("base64");
    this.socket.write(
      [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        `Sec-WebSocket-Accept: ${accept}`,
        "Sec-WebSocket-Protocol: cambium.v1",
        "",
        "",
      ].join("\r\n"),
    );
    this.#received = this.#received.subarray(end + 4);
    this.#isOpen = true;
    return true;
  }

  #nextFrame(): { readonly opcode: number; readonly payload: Uint8Array } | null {
    const bytes = Buffer.from(this.#received.buffer, this.#received.byteOffset, this.#received.length);
    if (bytes.length < 2) return null;
    const short = bytes[1]! & 0x7f;
    const lengthSize = short === 126 ? 2 : short === 127 ? 8 : 0;
    const payloadAt = 2 + lengthSize + 4;
    if (bytes.length < payloadAt) return null;
    const size = lengthSize === 0 ? short : lengthSize === 2 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < payloadAt + size) return null;
    const mask = bytes.subarray(payloadAt - 4, payloadAt);
    const isMasked = mask.some((byte) => byte !== 0);
    const masked = bytes.subarray(payloadAt, payloadAt + size);
    const payload = isMasked ? masked.map((byte, index) => byte ^ mask[index & 3]!) : Uint8Array.from(masked);
    this.#received = this.#received.subarray(payloadAt + size);
    return { opcode: bytes[0]! & 0xf, payload };
  }

  #frame(opcode: number, payload: Uint8Array): void {
    if (opcode === Opcode.Close) {
      this.socket.end(Uint8Array.of(0x88, 2, 3, 0xe8));
    } else if (opcode === Opcode.Ping) {
      this.socket.write(encodeControlFrame(Opcode.Pong, payload));
    } else if (opcode === Opcode.Binary) {
      const fault = this.#reader.verify(payload);
      if (fault !== null) throw new Error(`the client sent what is no frame: ${fault}`);
      this.#message(decodeMessage(this.#reader));
    }
  }

  #message(message: Message): void {
    const { correlation } = message;
    try {
      this.#handle(message);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      this.send("Error", correlation, errorBody(error));
    }
  }

  #handle(message: Message): void {
    const broker = this.#broker;
    const { correlation } = message;
    switch (message.type) {
      case "Hello": {
        const error = broker.hello();
        if (error !== null) {
          this.send("Goodbye", 0, { error: errorBody(error) });
          this.socket.end();
          return;
        }
        broker.welcomes++;
        this.windowWanted = message.body.window;
        return this.send("Welcome", 0, {
          version: 1,
          clusterId: new Uint8Array(16),
          broker: "fake",
          window: this.window,
          frameBytesMax: REQUEST_BYTES_MAX,
          batchBytesInlineMax: broker.inlineMax,
        });
      }
      case "DescribeTopics":
        broker.descriptions++;
        void broker.described.then(() => this.#describe(correlation, message.body.names ?? [...broker.topics.keys()]));
        return;
      case "CreateTopic":
        broker.topic(message.body.name, message.body.partitions);
        return this.#describe(correlation, [message.body.name]);
      case "DeleteTopic":
        broker.topics.delete(message.body.name);
        return this.send("Done", correlation, {});
      case "AlterTopic": {
        const { name, partitions } = message.body;
        const topic = broker.topics.get(name);
        while (topic !== undefined && topic.partitions.length < partitions) topic.partitions.push(new FakePartition());
        return this.#describe(correlation, [name]);
      }
      case "StatsRequest":
        return this.send("StatsResult", correlation, { json: '{"version":"fake"}' });
      case "InitProducer": {
        const error = broker.initProducer();
        if (error !== null) throw error;
        const { producerId, producerEpoch } = message.body;
        if (producerId < 0n)
          return this.send("InitProducerResult", correlation, {
            producerId: broker.nextProducerId++,
            producerEpoch: 0,
          });
        return this.send("InitProducerResult", correlation, { producerId, producerEpoch: producerEpoch + 1 });
      }
      case "Produce": {
        const { topicId, partition, batch } = message.body;
        const windowBytes = batch.length + BATCH_WINDOW_OVERHEAD;
        this.unacknowledged += windowBytes;
        this.unacknowledgedMax = Math.max(this.unacknowledgedMax, this.unacknowledged);
        if (this.unacknowledged > this.window) throw new Error("the client exceeds its window");
        return this.#produce(correlation, broker.partition(topicId, partition).topic, partition, batch, windowBytes);
      }
      case "ProduceBegin": {
        const { topicId, partition: index, size } = message.body;
        const { topic } = broker.partition(topicId, index);
        this.#uploads.set(correlation, { correlation, topic, index, bytes: new Uint8Array(size), received: 0 });
        if (broker.grants) this.send("ProduceGrant", correlation, { upload: correlation });
        return;
      }
      case "ProducePart":
        return this.#part(message.body);
      case "WindowRequest":
        this.windowRequests.push(message.body.window);
        if (broker.widens) this.tellWindow(Math.max(this.window, message.body.window));
        return;
      case "WindowAck":
        this.windowAcks.push(message.body.window);
        this.window = message.body.window;
        return;
      case "ListOffset": {
        const { partition } = broker.partition(message.body.topicId, message.body.partition);
        const offset = startOffset(partition, message.body.start, message.body.value) as Offset;
        return this.send("ListOffsetResult", correlation, {
          ...numbers(partition),
          offset,
          timestamp: -1 as Timestamp,
        });
      }
      case "Fetch":
        return this.#fetch(correlation, message.body);
      case "Subscribe": {
        const { subscription, topicId, partition: index, start, value, credit } = message.body;
        const { partition } = broker.partition(topicId, index);
        const offset = startOffset(partition, start, value);
        this.subscriptions.set(subscription, { partition, offset, position: 0, credit });
        this.send("SubscribeResult", correlation, { ...numbers(partition), offset: offset as Offset });
        const error = broker.afterSubscribe();
        if (error !== null) {
          this.subscriptions.delete(subscription);
          return this.send("SubscriptionEnd", 0, { subscription, error: errorBody(error) });
        }
        return this.feed();
      }
      case "Credit": {
        const subscription = this.subscriptions.get(message.body.subscription);
        if (subscription !== undefined) subscription.credit += message.body.bytes;
        return this.feed();
      }
      case "Unsubscribe":
        this.subscriptions.delete(message.body.subscription);
        return this.send("Done", correlation, {});
      default:
        throw new Error(`the fake broker does not know ${message.type}`);
    }
  }

  #describe(correlation: number, names: readonly string[]): void {
    const unknown = errorBody(new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", "there is no such topic"));
    const topics = names.map((name) => {
      const topic = this.#broker.topics.get(name);
      if (topic === undefined) return { name, error: unknown };
      const partitions = topic.partitions.map((partition, index) => ({ ...numbers(partition), partition: index }));
      const { id: topicId, maxMessageBytes, settings = [] } = topic;
      return { name, topicId, durability: Durability.Os, maxMessageBytes, partitions, settings };
    });
    this.send("TopicsResult", correlation, { topics });
  }

  #part({ upload, position, bytes }: Bodies["ProducePart"]): void {
    const open = this.#uploads.get(upload);
    if (open === undefined || open.received !== position) throw new Error("the client's part does not follow");
    open.bytes.set(bytes, position);
    open.received += bytes.length;
    if (open.received < open.bytes.length) return;
    this.#uploads.delete(upload);
    this.#produce(open.correlation, open.topic, open.index, open.bytes, 0);
  }

  #produce(correlation: number, topic: FakeTopic, index: number, batch: Uint8Array, windowBytes: number): void {
    const broker = this.#broker;
    const fate = broker.fate({ topic: topic.name, partition: index, batch, index: broker.arrivals++ });
    if (fate === "cut") this.socket.destroy();
    if (fate === "cut" || fate === "ignore") return;
    const answer = this.#outcome(correlation, topic, index, batch, fate);
    if (fate === "take and cut") {
      this.socket.destroy();
      return;
    }
    const later = (): void => {
      this.unacknowledged -= windowBytes;
      answer();
    };
    if (fate === "take and hold") broker.held.push(later);
    else if (broker.ackDelayMs > 0) setTimeout(later, broker.ackDelayMs);
    else later();
  }

  /** @returns gives the answer */
  #outcome(correlation: number, topic: FakeTopic, index: number, batch: Uint8Array, fate: unknown): () => void {
    const partition = topic.partitions[index]!;
    try {
      if (fate instanceof BrokerError) throw fate;
      const { baseOffset, duplicate } = partition.append(batch);
      this.#broker.appended();
      if (fate === "take and doubt") throw new BrokerError("UNKNOWN_OUTCOME", "it may be in the log or not");
      const body = { ...numbers(partition), baseOffset: baseOffset as Offset, durability: Durability.Os, duplicate };
      return () => this.send("ProduceAck", correlation, body);
    } catch (error) {
      if (!(error instanceof BrokerError)) throw error;
      return () => this.send("Error", correlation, errorBody(error));
    }
  }

  #fetch(correlation: number, body: Bodies["Fetch"]): void {
    const { topicId, partition: index, start, value, bytesMax, waitMsMax } = body;
    const { partition } = this.#broker.partition(topicId, index);
    const offset = startOffset(partition, start, value);
    if (waitMsMax > 0 && offset === partition.highWatermark) {
      setTimeout(() => this.#fetch(correlation, { ...body, waitMsMax: 0 }), waitMsMax);
      return;
    }
    const reader = { partition, offset, position: 0, credit: bytesMax };
    while (reader.credit > 0 && this.#slice(0, reader, correlation));
    const end = { ...numbers(partition), baseOffset: reader.offset as Offset, last: true, bytes: new Uint8Array(0) };
    this.send("Data", correlation, end);
  }

  /** @returns false: there is nothing to send */
  #slice(id: number, reader: FakeSubscription, correlation = 0): boolean {
    const { partition } = reader;
    const first = partition.batches.findIndex(({ nextOffset }) => nextOffset > reader.offset);
    if (first < 0) return false;
    const batch = partition.batches[first]!;
    const { sliceMax } = this.#broker;
    const bytesMax = Math.min(sliceMax, reader.credit);
    // A fetch gets its first batch whole; a subscription only what it has credit for.
    const partMax = id === 0 ? sliceMax : bytesMax;
    const parts: Uint8Array[] = [];
    const { position } = reader;
    if (position > 0 || batch.bytes.length > partMax) {
      parts.push(batch.bytes.subarray(position, position + partMax));
      reader.position = position + parts[0]!.length;
      if (reader.position === batch.bytes.length) {
        reader.position = 0;
        reader.offset = batch.nextOffset;
      }
    } else {
      let size = 0;
      for (const { bytes, nextOffset } of partition.batches.slice(first)) {
        if (size > 0 && size + bytes.length > bytesMax) break;
        size += bytes.length;
        parts.push(bytes);
        reader.offset = nextOffset;
      }
    }
    const bytes = new Uint8Array(Buffer.concat(parts));
    reader.credit -= bytes.length;
    this.dataBytesSent += bytes.length;
    const body = { ...numbers(partition), subscription: id, batchPosition: position, bytes };
    this.send("Data", correlation, { ...body, baseOffset: batch.baseOffset as Offset });
    return true;
  }
}

function numbers(partition: FakePartition) {
  const highWatermark = partition.highWatermark as Offset;
  return {
    logStartOffset: partition.logStartOffset as Offset,
    highWatermark,
    lastStableOffset: highWatermark,
    logEndOffset: highWatermark,
    durableEndOffset: highWatermark,
    leaderEpoch: 1,
  };
}

function startOffset(partition: FakePartition, start: Start, value: number): number {
  const { logStartOffset, highWatermark, batches } = partition;
  if (start === Start.Earliest) return logStartOffset;
  if (start === Start.Latest) return highWatermark;
  if (start === Start.Offset) {
    if (value >= logStartOffset && value <= highWatermark) return value;
    throw new BrokerError("OFFSET_OUT_OF_RANGE", "the offset is not in the log", {
      details: { logStartOffset, highWatermark },
    });
  }
  // As the real one does for a compressed batch: its first offset.
  const found = batches.find(
    ({ bytes }) => new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(35) >= BigInt(value),
  );
  return found?.baseOffset ?? highWatermark;
}
