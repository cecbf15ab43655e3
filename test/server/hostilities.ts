/** What hostile clients say, and what the broker must answer: the table behind hostile.test.ts. */
import type { ErrorName } from "../../src/base/errors.ts";
import type { Offset } from "../../src/base/units.ts";
import { Body, Start } from "../../src/protocol/generated/wire.ts";
import { BATCH_BYTES_INLINE_MAX, REQUEST_BYTES_MAX } from "../../src/protocol/limits.ts";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { PRODUCE_ENVELOPE_SIZE, ProduceEnvelope } from "../../src/protocol/produce.ts";
import { Opcode } from "../../src/protocol/websocket.ts";
import { batchOfSize, HEADER_SIZE, makeBatch, resealed } from "../helpers/batches.ts";
import { type RawClient, webSocketFrame } from "../helpers/raw-client.ts";

/** What there is to be hostile to. */
export interface Scene {
  /** One partition, `max.message.bytes` at its default; empty. */
  readonly topicId: Uint8Array;
  /** Durability `memory`; what it held at offset 0 is gone. */
  readonly shortenedId: Uint8Array;
}

export interface Hostility {
  readonly name: string;
  /** The connection has not said Hello. */
  readonly unwelcome?: boolean;
  say(client: RawClient, scene: Scene): void;
  readonly outcome:
    | { readonly answer: ErrorName; readonly retriable?: boolean }
    | { readonly close: number; readonly goodbye?: ErrorName }
    /** Nothing is said, and the connection goes on. */
    | "nothing";
}

/** Correlation of whatever is to be answered. */
export const ASKED = 77;

/** No topic. */
const elsewhere = new Uint8Array(16).fill(9);

const violation = { close: 1002, goodbye: "PROTOCOL_VIOLATION" } as const;
/** The library ends the socket without a close frame. */
const cut = { close: 1006 } as const;
const INT_MAX = 2 ** 31 - 1;

function frame(name: string, outcome: Hostility["outcome"], bytes: (scene: Scene) => Uint8Array): Hostility {
  return { name, outcome, say: (client, scene) => client.sendFrame(bytes(scene)) };
}

/** A good Produce, changed. */
function bentProduce(name: string, bend: (view: DataView, bytes: Uint8Array) => void): Hostility {
  return frame(name, violation, ({ topicId }) => {
    const batch = makeBatch();
    const bytes = new Uint8Array(PRODUCE_ENVELOPE_SIZE + batch.length);
    new ProduceEnvelope({ topicId }).write(bytes, 0, ASKED, batch.length);
    bytes.set(batch, PRODUCE_ENVELOPE_SIZE);
    bend(new DataView(bytes.buffer), bytes);
    return bytes;
  });
}

const COUNT_AT: number = PRODUCE_ENVELOPE_SIZE - 4;

const brokenFrames: Hostility[] = [
  frame("an empty message", violation, () => new Uint8Array(0)),
  frame("a message shorter than any frame", violation, () => new Uint8Array(15)),
  frame("a message of zeros", violation, () => new Uint8Array(1000)),
  bentProduce("another file identifier", (view) => view.setUint32(4, 0x31304d43)),
  bentProduce("a root table outside the frame", (view) => view.setUint32(0, 0xffff_fff0, true)),
  bentProduce("a vtable before the frame", (view) => view.setInt32(view.getUint32(0, true), INT_MAX, true)),
  bentProduce("a vtable behind the frame", (view) => view.setInt32(view.getUint32(0, true), -INT_MAX, true)),
  bentProduce("a vtable of an odd size", (view) => view.setUint16(vtableOf(view), 7, true)),
  bentProduce("a vtable larger than the frame", (view) => view.setUint16(vtableOf(view), 0xfffe, true)),
  bentProduce("a field outside its table", (view) => view.setUint16(vtableOf(view) + 8, 0x7ffe, true)),
  bentProduce("a body of no type", (view, bytes) => setBodyType(view, bytes, Body.NONE)),
  bentProduce("a body of a type that nobody knows", (view, bytes) => setBodyType(view, bytes, 200)),
  bentProduce("a Produce that says it is a CreateTopic", (view, bytes) => setBodyType(view, bytes, Body.CreateTopic)),
  bentProduce("a batch of 2^31 bytes", (view) => view.setUint32(COUNT_AT, 2 ** 31, true)),
  bentProduce("a batch of 2^32 - 1 bytes", (view) => view.setUint32(COUNT_AT, 2 ** 32 - 1, true)),
  bentProduce("a batch one byte longer than its frame", (view) =>
    view.setUint32(COUNT_AT, view.getUint32(COUNT_AT, true) + 1, true),
  ),
  ...[8, 16, COUNT_AT, PRODUCE_ENVELOPE_SIZE, PRODUCE_ENVELOPE_SIZE + 50].map((size) =>
    frame(`a Produce cut off after ${size} bytes`, violation, ({ topicId }) =>
      encodeMessage("Produce", ASKED, { topicId, batch: makeBatch() }).slice(0, size),
    ),
  ),
  frame("a name that is not UTF-8", violation, () => {
    const bytes = encodeMessage("DeleteTopic", ASKED, { name: "aaaaaaaa" });
    bytes.fill(0xff, bytes.indexOf(0x61), bytes.indexOf(0x61) + 8);
    return bytes;
  }),
  frame("an answer instead of a question", violation, () => encodeMessage("Done", ASKED, {})),
  frame("a second Hello", violation, () => encodeMessage("Hello", ASKED, { version: 1 })),
  frame("a part of no upload", violation, () =>
    encodeMessage("ProducePart", 0, { upload: 1, bytes: new Uint8Array(9) }),
  ),
];

/** Position of the root table's vtable. */
function vtableOf(view: DataView): number {
  const root = view.getUint32(0, true);
  return root - view.getInt32(root, true);
}

/** The root table's second slot is the body's type. */
function setBodyType(view: DataView, bytes: Uint8Array, type: number): void {
  bytes[view.getUint32(0, true) + view.getUint16(vtableOf(view) + 6, true)] = type;
}

/** A WebSocket frame's first bytes, with a length that needs not be true. */
function webSocketHeader(first: number, second: number, length?: bigint): Uint8Array {
  const header = new Uint8Array(length === undefined ? 6 : 14);
  header.set([first, second]);
  if (length !== undefined) new DataView(header.buffer).setBigUint64(2, length);
  return header;
}

const brokenWebSockets: Hostility[] = [
  {
    name: "text",
    say: (client) => client.sendFrame(new TextEncoder().encode("hello"), 1 as Opcode),
    outcome: { close: 1003 },
  },
  {
    name: "a message of one byte more than may be",
    say: (client) => client.sendFrame(new Uint8Array(REQUEST_BYTES_MAX + 1)),
    outcome: cut,
  },
  ...[2n ** 31n, 2n ** 32n - 1n, 2n ** 63n, 2n ** 64n - 1n].map(
    (length): Hostility => ({
      name: `a message announced with ${length} bytes`,
      say: (client) => client.sendRaw(webSocketHeader(0x82, 0xff, length)),
      outcome: cut,
    }),
  ),
  { name: "a reserved bit", say: (client) => client.sendRaw(webSocketHeader(0xc2, 0x80)), outcome: cut },
  { name: "an opcode of the future", say: (client) => client.sendRaw(webSocketHeader(0x83, 0x80)), outcome: cut },
  {
    name: "a ping that is too long",
    say: (client) => client.sendFrame(new Uint8Array(126), Opcode.Ping),
    outcome: cut,
  },
  { name: "more pings than any heartbeat needs", say: floodOfPings, outcome: cut },
  { name: "more pongs than pings", say: (client) => flood(client, Opcode.Pong, 0), outcome: cut },
  { name: "a continuation of nothing", say: (client) => client.sendRaw(webSocketHeader(0x80, 0x80)), outcome: cut },
  {
    name: "a close with a reserved code",
    say: (client) => client.sendFrame(Uint8Array.of(3, 237), Opcode.Close),
    outcome: { close: 1005 },
  },
];

/** In one write: all of them are answered before anybody could read. */
function flood(client: RawClient, opcode: Opcode, size: number): void {
  const frame = webSocketFrame(new Uint8Array(size), opcode);
  client.sendRaw(Buffer.concat(Array.from({ length: 5000 }, () => frame)));
}

function floodOfPings(client: RawClient): void {
  flood(client, Opcode.Ping, 125);
}

const beforeWelcome: Hostility[] = [
  { name: "more pings than any heartbeat needs, and no Hello", say: floodOfPings, outcome: cut },
  { name: "a request before Hello", say: ask("StatsRequest", {}), outcome: violation },
  {
    name: "a Hello of version 0",
    say: ask("Hello", { version: 0 }),
    outcome: { close: 1008, goodbye: "UNSUPPORTED_VERSION" },
  },
  {
    name: "a Hello with credentials that nobody asked for",
    say: ask("Hello", { version: 1, mechanism: "PLAIN", credentials: new Uint8Array(9) }),
    outcome: { close: 1008, goodbye: "AUTHENTICATION_FAILED" },
  },
].map((hostility) => ({ ...hostility, unwelcome: true }) as Hostility);

type Encode = typeof encodeMessage;

function ask<Name extends Parameters<Encode>[0]>(
  type: Name,
  body: Parameters<typeof encodeMessage<Name>>[2],
): Hostility["say"] {
  return (client) => client.send(type, body, ASKED);
}

function produce(name: string, answer: ErrorName, change: (batch: Uint8Array, view: DataView) => void): Hostility {
  return {
    name,
    outcome: { answer },
    say: (client, { topicId }) => {
      const batch = makeBatch({ count: 3 });
      change(batch, new DataView(batch.buffer));
      client.send("Produce", { topicId, batch }, ASKED);
    },
  };
}

/** With a CRC that is right: only what it says is wrong. */
function sealed(name: string, answer: ErrorName, change: (batch: Uint8Array, view: DataView) => void): Hostility {
  return produce(`${name}, under a good CRC`, answer, (batch, view) => {
    change(batch, view);
    resealed(batch);
  });
}

const BATCH_LENGTH_AT = 8;
const MAGIC_AT = 16;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const MAX_TIMESTAMP_AT = 35;
const COUNT_OF_RECORDS_AT = 57;

const hostileBatches: Hostility[] = [
  produce("a wrong CRC", "CORRUPT_BATCH", (batch) => {
    batch[HEADER_SIZE + 20]! ^= 1;
  }),
  ...[0, 1, 3, 127].map((magic) =>
    sealed(`magic ${magic}`, "INVALID_RECORD", (batch) => {
      batch[MAGIC_AT] = magic;
    }),
  ),
  sealed("a batch length of 2^31 - 1", "MESSAGE_TOO_LARGE", (_, view) => view.setInt32(BATCH_LENGTH_AT, INT_MAX)),
  ...[0, 1, 49, -1, -(2 ** 31)].map((length) =>
    sealed(`a batch length of ${length}`, "CORRUPT_BATCH", (_, view) => view.setInt32(BATCH_LENGTH_AT, length)),
  ),
  sealed("a batch length one too small", "CORRUPT_BATCH", (_, view) =>
    view.setInt32(BATCH_LENGTH_AT, view.getInt32(BATCH_LENGTH_AT) - 1),
  ),
  sealed("a batch length one too large", "CORRUPT_BATCH", (_, view) =>
    view.setInt32(BATCH_LENGTH_AT, view.getInt32(BATCH_LENGTH_AT) + 1),
  ),
  ...[0, 2, 4, -1, INT_MAX].map((count) =>
    sealed(`${count} records that are 3`, "INVALID_RECORD", (_, view) => view.setInt32(COUNT_OF_RECORDS_AT, count)),
  ),
  ...[-1, 1, 3, INT_MAX].map((delta) =>
    sealed(`a last offset delta of ${delta}`, "INVALID_RECORD", (_, view) => view.setInt32(LAST_DELTA_AT, delta)),
  ),
  sealed("a record longer than its batch", "INVALID_RECORD", (batch) => batch.fill(0xff, HEADER_SIZE, HEADER_SIZE + 4)),
  sealed("a control batch", "INVALID_RECORD", (_, view) => view.setInt16(ATTRIBUTES_AT, 0x20)),
  sealed("a compression that nobody has", "UNSUPPORTED_COMPRESSION", (_, view) => view.setInt16(ATTRIBUTES_AT, 7)),
  sealed("a record of tomorrow", "INVALID_TIMESTAMP", (_, view) => {
    view.setBigInt64(27, BigInt(Date.now() + 86_400_000));
    view.setBigInt64(MAX_TIMESTAMP_AT, BigInt(Date.now() + 86_400_000));
  }),
  ...[0, 1, 60].map(
    (size): Hostility => ({
      name: `a batch of ${size} bytes`,
      say: (client, { topicId }) => client.send("Produce", { topicId, batch: new Uint8Array(size) }, ASKED),
      outcome: { answer: "CORRUPT_BATCH" },
    }),
  ),
  {
    name: "two batches in one",
    say: (client, { topicId }) =>
      client.send("Produce", { topicId, batch: new Uint8Array(Buffer.concat([makeBatch(), makeBatch()])) }, ASKED),
    outcome: { answer: "CORRUPT_BATCH" },
  },
];

function produceTo(name: string, answer: ErrorName, options: object, retriable = false): Hostility {
  return {
    name,
    say: (client, { topicId }) => client.send("Produce", { topicId, batch: makeBatch(), ...options }, ASKED),
    outcome: { answer, retriable },
  };
}

function begin(size: number, answer: ErrorName): Hostility {
  return {
    name: `an upload of ${size} bytes`,
    say: (client, { topicId }) => client.send("ProduceBegin", { topicId, size }, ASKED),
    outcome: { answer },
  };
}

const producing: Hostility[] = [
  produceTo("a batch to a topic that is not there", "UNKNOWN_TOPIC_ID", { topicId: elsewhere }),
  ...[-1, 1, INT_MAX, -(2 ** 31)].map((partition) =>
    produceTo(`a batch to partition ${partition} of 1`, "UNKNOWN_TOPIC_OR_PARTITION", { partition }),
  ),
  produceTo("two acks", "INVALID_REQUEST", { acks: 2 }),
  produceTo("a leader epoch of the past", "FENCED_LEADER_EPOCH", { leaderEpoch: 0 }),
  produceTo("a leader epoch of the future", "UNKNOWN_LEADER_EPOCH", { leaderEpoch: INT_MAX }, true),
  {
    name: "a batch larger than max.message.bytes",
    say: (client, { shortenedId }) =>
      client.send("Produce", { topicId: shortenedId, batch: batchOfSize(50_001) }, ASKED),
    outcome: { answer: "MESSAGE_TOO_LARGE" },
  },
  begin(0, "CORRUPT_BATCH"),
  begin(60, "CORRUPT_BATCH"),
  begin(1_048_589, "MESSAGE_TOO_LARGE"),
  begin(2 ** 31, "MESSAGE_TOO_LARGE"),
  begin(2 ** 32 - 1, "MESSAGE_TOO_LARGE"),
  {
    name: "more than the window allows",
    say: (client, { topicId }) =>
      client.send("Produce", { topicId, batch: new Uint8Array(BATCH_BYTES_INLINE_MAX) }, ASKED),
    outcome: { close: 1008, goodbye: "CREDIT_EXCEEDED" },
  },
  {
    name: "more than the window allows, and no answer wanted",
    say: (client, { topicId }) =>
      client.send("Produce", { topicId, acks: 0, batch: new Uint8Array(BATCH_BYTES_INLINE_MAX) }),
    outcome: { close: 1008, goodbye: "CREDIT_EXCEEDED" },
  },
  {
    name: "agreement to a window that nobody offered",
    say: (client) => {
      client.send("WindowAck", { window: 2 ** 32 - 1 });
      client.send("WindowAck", { window: 65_536 });
      client.send("WindowRequest", { window: 0 });
    },
    outcome: "nothing",
  },
  {
    name: "a producer that wants the epoch after none",
    say: ask("InitProducer", { producerId: 5n, producerEpoch: -1 }),
    outcome: { answer: "INVALID_REQUEST" },
  },
];

function reading(name: string, answer: ErrorName, options: object, which: keyof Scene = "topicId"): Hostility[] {
  const body = (scene: Scene): object => ({ topicId: scene[which], start: Start.Offset, ...options });
  return [
    {
      name: `a fetch from ${name}`,
      say: (client, scene) => client.send("Fetch", { bytesMax: 2 ** 32 - 1, ...body(scene) } as never, ASKED),
      outcome: { answer },
    },
    {
      name: `a subscription from ${name}`,
      say: (client, scene) =>
        client.send("Subscribe", { subscription: 1, credit: 1000, ...body(scene) } as never, ASKED),
      outcome: { answer },
    },
  ];
}

const readings: Hostility[] = [
  ...reading("above the end", "OFFSET_OUT_OF_RANGE", { value: 1 as Offset }),
  ...reading("the last number there is", "OFFSET_OUT_OF_RANGE", { value: Number.MAX_SAFE_INTEGER as Offset }),
  ...reading("below the log's start", "OFFSET_OUT_OF_RANGE", { value: 0 as Offset }, "shortenedId"),
  ...reading("a topic that is not there", "UNKNOWN_TOPIC_ID", { topicId: elsewhere }),
  ...reading("a partition that is not there", "UNKNOWN_TOPIC_OR_PARTITION", { partition: 1 }),
  ...reading("a fenced leader", "FENCED_LEADER_EPOCH", { leaderEpoch: 0 }),
  {
    name: "a subscription with number 0",
    say: (client, { topicId }) => client.send("Subscribe", { subscription: 0, topicId }, ASKED),
    outcome: { answer: "INVALID_REQUEST" },
  },
  {
    name: "a second subscription of the same number",
    say: (client, { topicId }) => {
      client.send("Subscribe", { subscription: 1, topicId }, 5);
      client.send("Subscribe", { subscription: 1, topicId }, ASKED);
    },
    outcome: { answer: "INVALID_REQUEST" },
  },
  {
    name: "all the credit there is, many times, and for no subscription",
    say: (client, { topicId }) => {
      client.send("Subscribe", { subscription: 1, topicId, credit: 2 ** 32 - 1 }, 5);
      for (let times = 0; times < 100; times++) client.send("Credit", { subscription: times & 1, bytes: 2 ** 32 - 1 });
    },
    outcome: "nothing",
  },
];

function topicNamed(name: string, answer: ErrorName, options: object = {}): Hostility {
  const shown = name.length > 20 ? `a name of ${name.length} characters` : JSON.stringify(name);
  const how = Object.keys(options).length === 0 ? "" : ` with ${JSON.stringify(options)}`;
  return { name: `a topic ${shown}${how}`, say: ask("CreateTopic", { name, ...options }), outcome: { answer } };
}

const pair = (key: string, value: string): { settings: { key: string; value: string }[] } => ({
  settings: [{ key, value }],
});

const topics: Hostility[] = [
  ...["", ".", "..", "a/b", "a\\b", "a\0b", "../../etc", "ü", "x".repeat(250), "x".repeat(1_000_000)].map((name) =>
    topicNamed(name, "INVALID_TOPIC"),
  ),
  topicNamed("t", "INVALID_PARTITIONS", { partitions: 0 }),
  topicNamed("t", "INVALID_PARTITIONS", { partitions: -1 }),
  topicNamed("t", "INVALID_PARTITIONS", { partitions: INT_MAX }),
  topicNamed("t", "INVALID_CONFIG", pair("retention.ms", "1000")),
  topicNamed("t", "INVALID_CONFIG", pair("constructor", "1")),
  topicNamed("t", "INVALID_CONFIG", pair("__proto__", "1")),
  topicNamed("t", "INVALID_CONFIG", pair("segment.bytes", "-1")),
  topicNamed("t", "INVALID_CONFIG", pair("segment.bytes", "9".repeat(400))),
  topicNamed("t", "LIMIT_EXCEEDED", { partitions: 1000, ...pair("durability", "memory") }),
  topicNamed("empty", "TOPIC_ALREADY_EXISTS"),
  {
    name: "an end to a topic that is not there",
    say: ask("DeleteTopic", { name: "no" }),
    outcome: { answer: "UNKNOWN_TOPIC_OR_PARTITION" },
  },
  {
    name: "a change of a topic that is not there",
    say: ask("AlterTopic", { name: "no" }),
    outcome: { answer: "UNKNOWN_TOPIC_OR_PARTITION" },
  },
  {
    name: "a change of what a topic keeps for life",
    say: ask("AlterTopic", { name: "empty", set: [{ key: "durability", value: "os" }] }),
    outcome: { answer: "INVALID_CONFIG" },
  },
  {
    name: "a change back to what every object has",
    say: ask("AlterTopic", { name: "empty", unset: ["constructor"] }),
    outcome: { answer: "INVALID_CONFIG" },
  },
  {
    name: "a description of more topics than an answer can hold",
    say: ask("DescribeTopics", { names: Array.from({ length: 80_000 }, (_, index) => "abcdefgh"[index & 7]!) }),
    outcome: { answer: "INVALID_REQUEST" },
  },
];

export const hostilities: readonly Hostility[] = [
  ...brokenFrames,
  ...brokenWebSockets,
  ...beforeWelcome,
  ...hostileBatches,
  ...producing,
  ...readings,
  ...topics,
];
