/**
 * The binary protocol spoken over a plain socket, for tests of the broker: it can send whatever bytes it likes, stop in the
 * middle of a frame, stop reading, and vanish. It keeps no promise of the protocol by itself; the client in src/client does.
 */

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { BrokerError } from "../../src/base/errors.ts";
import type { Encodable } from "../../src/protocol/field-codec.ts";
import type { Bodies, Hello } from "../../src/protocol/generated/messages.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../../src/protocol/messages.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { clientHeaderSize, MessageReader, Opcode, writeClientHeader } from "../../src/protocol/websocket.ts";
import { parseUpgradeResponse, upgradeRequest } from "../../src/protocol/websocket-upgrade.ts";
import { brokerError } from "../../src/protocol/wire-error.ts";
import { type ReadBatch, readBatches } from "./batches.ts";

export interface RawOptions {
  readonly host?: string;
  /** What to say first; null: nothing, and nobody is waited for. */
  readonly hello?: Encodable<Hello> | null;
  /** The path and headers of the upgrade. */
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Closing {
  /** Of the WebSocket's close frame; 1006: there was none. */
  readonly code: number;
  readonly reason: string;
  /** The broker's Goodbye, if it said one. */
  readonly goodbye: BrokerError | null;
}

interface Waiting {
  take(message: Message): boolean;
  readonly reject: (error: Error) => void;
}

const CLOSED_WITHOUT_A_WORD = 1006;

export class RawClient {
  readonly socket: Socket;
  /** The broker's Welcome, if there was one. */
  welcome: Bodies["Welcome"] | null = null;
  /** Messages that nobody waited for. */
  readonly unasked: Message[] = [];
  readonly closed: Promise<Closing>;
  readonly #reader = new FrameReader(ANSWER_BYTES_MAX);
  readonly #messages = new MessageReader(ANSWER_BYTES_MAX);
  readonly #waiting = new Map<number, Waiting>();
  readonly #subscriptions = new Map<number, RawSubscription>();
  readonly #listeners = new Set<() => void>();
  #received: Uint8Array = new Uint8Array(0);
  #upgraded = false;
  #correlation = 0;
  #closing: { code: number; reason: string } | null = null;
  #goodbye: BrokerError | null = null;
  #isClosed = false;

  /** Connects, upgrades and says Hello. @throws BrokerError what the broker said instead of Welcome */
  static async connect(port: number, options: RawOptions = {}): Promise<RawClient> {
    const { host = "127.0.0.1", hello = {} } = options;
    const client = new RawClient(connect({ host, port, noDelay: true }));
    await once(client.socket, "connect");
    client.#upgrade(`${host}:${port}`, options);
    await client.until(() => client.#upgraded);
    if (hello !== null) await client.hello(hello);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on("close", () => {
        this.#isClosed = true;
        const closing = this.#closing ?? { code: CLOSED_WITHOUT_A_WORD, reason: "" };
        const error = this.#goodbye ?? new BrokerError("CONNECTION_LOST", `closed with ${closing.code}`);
        for (const { reject } of this.#waiting.values()) reject(error);
        this.#waiting.clear();
        resolve({ ...closing, goodbye: this.#goodbye });
        this.#tell();
      });
    });
    socket.on("error", () => {}); // "close" follows.
    socket.on("data", (bytes) => this.#take(bytes));
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** A number for the next request. */
  nextCorrelation(): number {
    return ++this.#correlation;
  }

  async hello(hello: Encodable<Hello> = {}): Promise<Bodies["Welcome"]> {
    const welcome = await this.ask("Hello", { version: 1, client: "test", ...hello }, "Welcome");
    this.welcome = welcome;
    return welcome;
  }

  /** Bytes as they are, outside of any frame. */
  sendRaw(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** One WebSocket message. */
  sendFrame(frame: Uint8Array, opcode: Opcode = Opcode.Binary): void {
    this.socket.write(webSocketFrame(frame, opcode));
  }

  send<Name extends BodyName>(type: Name, body: Encodable<Bodies[Name]>, correlation = 0): void {
    this.sendFrame(encodeMessage(type, correlation, body));
  }

  /** @returns whatever answers first, an Error too */
  request<Name extends BodyName>(type: Name, body: Encodable<Bodies[Name]>): Promise<Message> {
    const correlation = this.nextCorrelation();
    const answer = this.answerTo(correlation);
    this.send(type, body, correlation);
    return answer;
  }

  /** @returns the answer's body @throws BrokerError what the broker answered instead, or said at its end */
  async ask<Name extends BodyName, AnswerName extends BodyName>(
    type: Name,
    body: Encodable<Bodies[Name]>,
    answer: AnswerName,
  ): Promise<Bodies[AnswerName]> {
    const message = await this.request(type, body);
    if (message.type === "Error") throw brokerError(message.body);
    if (message.type !== answer) throw new Error(`${type} was answered by ${message.type}`);
    return message.body as Bodies[AnswerName];
  }

  /** The first message with this correlation. */
  answerTo(correlation: number): Promise<Message> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed)
        return reject(this.#goodbye ?? new BrokerError("CONNECTION_LOST", "the connection is closed"));
      const take = (message: Message): boolean => {
        resolve(message);
        return true;
      };
      this.#waiting.set(correlation, { take, reject });
    });
  }

  /** @returns ids of the new topic's partitions' topic */
  async createTopic(
    name: string,
    settings: Readonly<Record<string, string>> = {},
    partitions = 1,
  ): Promise<Uint8Array> {
    const pairs = Object.entries(settings).map(([key, value]) => ({ key, value }));
    const { topics } = await this.ask("CreateTopic", { name, partitions, settings: pairs }, "TopicsResult");
    return topics[0]!.topicId!;
  }

  /** @throws BrokerError the batch was refused */
  produce(
    topicId: Uint8Array,
    batch: Uint8Array,
    options: Omit<Encodable<Bodies["Produce"]>, "topicId" | "batch"> = {},
  ): Promise<Bodies["ProduceAck"]> {
    return this.ask("Produce", { topicId, batch, ...options }, "ProduceAck");
  }

  /** Sends a batch in parts. @throws BrokerError it was refused */
  async upload(topicId: Uint8Array, batch: Uint8Array, partSize = 1 << 20): Promise<Bodies["ProduceAck"]> {
    const correlation = this.nextCorrelation();
    const granted = this.answerTo(correlation);
    this.send("ProduceBegin", { topicId, size: batch.length }, correlation);
    const grant = await granted;
    if (grant.type === "Error") throw brokerError(grant.body);
    if (grant.type !== "ProduceGrant") throw new Error(`ProduceBegin was answered by ${grant.type}`);
    const { upload } = grant.body;
    const acknowledged = this.answerTo(correlation);
    for (let position = 0; position < batch.length; position += partSize) {
      this.send("ProducePart", { upload, position, bytes: batch.subarray(position, position + partSize) });
    }
    const ack = await acknowledged;
    if (ack.type === "Error") throw brokerError(ack.body);
    if (ack.type !== "ProduceAck") throw new Error(`the upload was answered by ${ack.type}`);
    return ack.body;
  }

  /** @throws BrokerError the fetch failed */
  fetch(request: Encodable<Bodies["Fetch"]>): Promise<RawFetch> {
    const correlation = this.nextCorrelation();
    const slices: Bodies["Data"][] = [];
    const fetched = new Promise<RawFetch>((resolve, reject) => {
      const take = (message: Message): boolean => {
        if (message.type === "Error") reject(brokerError(message.body));
        else if (message.type !== "Data") reject(new Error(`a fetch was answered by ${message.type}`));
        else {
          slices.push(message.body);
          if (!message.body.last) return false;
          resolve({ slices, bytes: joined(slices), batches: readBatches(joined(slices)) });
        }
        return true;
      };
      this.#waiting.set(correlation, { take, reject });
    });
    this.send("Fetch", request, correlation);
    return fetched;
  }

  /** @throws BrokerError the broker refused */
  async subscribe(request: Encodable<Bodies["Subscribe"]>): Promise<RawSubscription> {
    const subscription = new RawSubscription(this);
    this.#subscriptions.set(request.subscription ?? 0, subscription);
    subscription.result = await this.ask("Subscribe", request, "SubscribeResult");
    return subscription;
  }

  /** Resolves when something came in and the condition holds. @throws Error the connection closed before */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#isClosed) throw this.#goodbye ?? new Error("the connection closed before that");
      await new Promise<void>((resolve) => this.#listeners.add(resolve));
      this.#listeners.clear();
    }
  }

  /** Vanishes without a word. */
  destroy(): void {
    this.socket.destroy();
  }

  /** Says goodbye properly. */
  close(): Promise<Closing> {
    if (!this.#isClosed) this.sendFrame(Uint8Array.of(1000 >> 8, 1000 & 0xff), Opcode.Close);
    this.socket.end();
    return this.closed;
  }

  #upgrade(host: string, { path = "/cambium", headers }: RawOptions): void {
    const key = "AAAAAAAAAAAAAAAAAAAAAA==";
    this.socket.write(
      upgradeRequest({ host, path, key, protocol: "cambium.v1", ...(headers && { headers }) }),
      "latin1",
    );
  }

  #take(bytes: Buffer): void {
    this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes]);
    if (!this.#upgraded) {
      const response = parseUpgradeResponse(this.#received);
      if (response === null) return;
      if (response.status !== 101) {
        this.#closing = { code: response.status, reason: "the upgrade was refused" };
        this.socket.destroy();
        return;
      }
      this.#received = this.#received.subarray(response.size);
      this.#upgraded = true;
    }
    this.#takeMessages();
    this.#tell();
  }

  #takeMessages(): void {
    let start = 0;
    for (;;) {
      const event = this.#messages.read(this.#received, start, this.#received.length);
      start = this.#messages.next;
      const payload = this.#received.subarray(
        this.#messages.payloadAt,
        this.#messages.payloadAt + this.#messages.payloadSize,
      );
      if (event === "incomplete") break;
      if (event === "violation") throw new Error(this.#messages.violation);
      if (event === "binary") this.#message(payload);
      if (event === "ping") this.sendFrame(payload, Opcode.Pong);
      if (event === "close") {
        this.#closing = { code: this.#messages.closeCode, reason: new TextDecoder().decode(payload.subarray(2)) };
        this.sendFrame(payload.subarray(0, 2), Opcode.Close);
        this.socket.end();
        break;
      }
    }
    this.#received = this.#received.slice(start);
  }

  #message(payload: Uint8Array): void {
    const fault = this.#reader.verify(payload);
    if (fault !== null) throw new Error(`the broker sent no frame: ${fault}`);
    const message = decodeMessage(this.#reader);
    if (message.type === "Goodbye") this.#goodbye = brokerError(message.body.error);
    const waiting = this.#waiting.get(message.correlation);
    if (message.type === "Data" && message.body.subscription !== 0) {
      this.#subscriptions.get(message.body.subscription)?.take(message.body);
    } else if (message.type === "SubscriptionEnd") {
      this.#subscriptions.get(message.body.subscription)?.end(brokerError(message.body.error));
    } else if (waiting === undefined) {
      this.unasked.push(message);
    } else if (waiting.take(message) && this.#waiting.get(message.correlation) === waiting) {
      this.#waiting.delete(message.correlation);
    }
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export interface RawFetch {
  readonly slices: readonly Bodies["Data"][];
  readonly bytes: Uint8Array;
  readonly batches: readonly ReadBatch[];
}

/** What came of one subscription: slices, put together to batches. */
export class RawSubscription {
  readonly #client: RawClient;
  result: Bodies["SubscribeResult"] | null = null;
  readonly batches: ReadBatch[] = [];
  readonly sliceSizes: number[] = [];
  bytes = 0;
  ended: BrokerError | null = null;
  /** What came of the batch that is under way. */
  #part: Uint8Array = new Uint8Array(0);

  constructor(client: RawClient) {
    this.#client = client;
  }

  /** Offset after what came. */
  get nextOffset(): number {
    return this.batches.at(-1)?.nextOffset ?? this.result!.offset;
  }

  get records(): number {
    return this.batches.reduce((sum, { stamps }) => sum + stamps.length, 0);
  }

  take({ bytes, batchPosition, baseOffset }: Bodies["Data"]): void {
    this.bytes += bytes.length;
    this.sliceSizes.push(bytes.length);
    if (batchPosition !== this.#part.length) {
      throw new Error(`a slice begins at byte ${batchPosition} of its batch, not at ${this.#part.length}`);
    }
    const whole = batchPosition === 0 ? bytes : concat([this.#part, bytes]);
    const size = wholeBatchesSize(whole);
    for (const batch of readBatches(whole.subarray(0, size))) this.batches.push(batch);
    this.#part = whole.slice(size);
    if (batchPosition === 0 && size > 0 && this.batches.length > 0) {
      const first = Number(new DataView(whole.buffer, whole.byteOffset).getBigInt64(0));
      if (first !== baseOffset) throw new Error(`a slice at ${baseOffset} begins with the batch at ${first}`);
    }
  }

  end(error: BrokerError): void {
    this.ended = error;
  }

  /** Resolves when so many records are here. */
  async untilRecords(count: number): Promise<void> {
    await this.#client.until(() => this.records >= count || this.ended !== null);
    if (this.records < count) throw this.ended!;
  }

  untilEnded(): Promise<void> {
    return this.#client.until(() => this.ended !== null);
  }
}

/** A frame as a client sends it, whole. */
export function webSocketFrame(payload: Uint8Array, opcode: Opcode = Opcode.Binary): Uint8Array {
  const headerSize = clientHeaderSize(payload.length);
  const frame = new Uint8Array(headerSize + payload.length);
  writeClientHeader(frame, 0, opcode, payload.length);
  frame.set(payload, headerSize);
  return frame;
}

/** Bytes of the batches that are whole. */
function wholeBatchesSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  while (bytes.length - at >= 12 && bytes.length - at >= 12 + view.getInt32(at + 8)) at += 12 + view.getInt32(at + 8);
  return at;
}

function joined(slices: readonly Bodies["Data"][]): Uint8Array {
  return concat(slices.map(({ bytes }) => bytes));
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** @returns what the broker grants a client that asks for this window, and goes again */
export async function grantedWindow(port: number, wanted: number): Promise<number> {
  const client = await RawClient.connect(port, { hello: { window: wanted } });
  const { window } = client.welcome!;
  await client.close();
  return window;
}
