/** For every body of a frame, all the values it can have. Does not compile without a body that the schema has. */
import fc from "fast-check";
import type { Offset, Timestamp } from "../../src/base/units.ts";
import type { Bodies } from "../../src/protocol/generated/messages.ts";
import { Durability, Start } from "../../src/protocol/generated/wire.ts";
import type { BodyName } from "../../src/protocol/messages.ts";

const uint16 = fc.nat(0xffff);
const uint32 = fc.nat(0xffff_ffff);
const int8 = fc.integer({ min: -0x80, max: 0x7f });
const int16 = fc.integer({ min: -0x8000, max: 0x7fff });
const int32 = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const int64 = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const uint64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
const text = fc.string({ unit: "binary", maxLength: 20 });
const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 });
const bytes = fc.uint8Array({ maxLength: 300 });
const offset = fc.maxSafeNat().map((value) => value as Offset);
const offsetOrNone = fc.oneof(offset, fc.constant(-1 as Offset));
const timestampOrNone = fc.oneof(fc.maxSafeNat(), fc.constant(-1)).map((value) => value as Timestamp);
const durability = fc.constantFrom(...Object.values(Durability));
const start = fc.constantFrom(...Object.values(Start));
const setting = fc.record({ key: text, value: text });

function optional<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

function list<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T[]> {
  return fc.array(arbitrary, { maxLength: 5 });
}

const error = fc.record({
  code: int16,
  name: text,
  retriable: fc.boolean(),
  message: text,
  nextOffset: offsetOrNone,
  logStartOffset: offsetOrNone,
  highWatermark: offsetOrNone,
  lastStableOffset: offsetOrNone,
  leaderEpoch: int32,
});

const partition = fc.record({
  partition: int32,
  leader: int32,
  leaderEpoch: int32,
  logStartOffset: offset,
  highWatermark: offset,
  lastStableOffset: offset,
  logEndOffset: offset,
  durableEndOffset: offset,
  error: int16,
});

const topic = fc.record({
  name: text,
  topicId: optional(uuid),
  durability,
  maxMessageBytes: uint32,
  partitions: optional(list(partition)),
  settings: optional(list(fc.record({ key: text, value: text, isDefault: fc.boolean() }))),
  internal: fc.boolean(),
  error: optional(error),
});

const partitionOffsets = {
  leaderEpoch: int32,
  logStartOffset: offset,
  highWatermark: offset,
  lastStableOffset: offset,
};

export const bodies: { readonly [Name in BodyName]: fc.Arbitrary<Bodies[Name]> } = {
  Hello: fc.record({
    version: uint16,
    features: uint64,
    client: optional(text),
    window: uint32,
    mechanism: optional(text),
    credentials: optional(bytes),
  }),
  Welcome: fc.record({
    version: uint16,
    features: uint64,
    clusterId: uuid,
    nodeId: int32,
    incarnation: int32,
    broker: optional(text),
    principal: optional(text),
    window: uint32,
    frameBytesMax: uint32,
    batchBytesInlineMax: uint32,
  }),
  Window: fc.record({ window: uint32 }),
  WindowAck: fc.record({ window: uint32 }),
  WindowRequest: fc.record({ window: uint32 }),
  Goodbye: fc.record({ error }),
  Error: error,
  Done: fc.constant({}),
  StatsRequest: fc.constant({}),
  StatsResult: fc.record({ json: text }),
  CreateTopic: fc.record({
    name: text,
    partitions: int32,
    settings: optional(list(setting)),
    validateOnly: fc.boolean(),
  }),
  DeleteTopic: fc.record({ name: text }),
  AlterTopic: fc.record({
    name: text,
    set: optional(list(setting)),
    unset: optional(list(text)),
    partitions: int32,
    validateOnly: fc.boolean(),
  }),
  DescribeTopics: fc.record({ names: optional(list(text)), settings: fc.boolean() }),
  TopicsResult: fc.record({ topics: list(topic) }),
  InitProducer: fc.record({ producerId: int64, producerEpoch: int16 }),
  InitProducerResult: fc.record({ producerId: int64, producerEpoch: int16 }),
  Produce: fc.record({ topicId: uuid, partition: int32, leaderEpoch: int32, acks: int8, batch: bytes }),
  ProduceBegin: fc.record({ topicId: uuid, partition: int32, leaderEpoch: int32, acks: int8, size: uint32 }),
  ProduceGrant: fc.record({ upload: uint32 }),
  ProducePart: fc.record({ upload: uint32, position: uint32, bytes }),
  ProduceProgress: fc.record({ upload: uint32, received: uint32 }),
  ProduceAck: fc.record({ baseOffset: offset, ...partitionOffsets, durability, duplicate: fc.boolean() }),
  ListOffset: fc.record({ topicId: uuid, partition: int32, start, value: offset }),
  ListOffsetResult: fc.record({ offset, timestamp: timestampOrNone, ...partitionOffsets }),
  Fetch: fc.record({
    topicId: uuid,
    partition: int32,
    leaderEpoch: int32,
    start,
    value: offset,
    bytesMax: uint32,
    bytesMin: uint32,
    waitMsMax: uint32,
    readCommitted: fc.boolean(),
  }),
  Subscribe: fc.record({
    subscription: uint32,
    topicId: uuid,
    partition: int32,
    leaderEpoch: int32,
    start,
    value: offset,
    credit: uint32,
    readCommitted: fc.boolean(),
  }),
  SubscribeResult: fc.record({ offset, ...partitionOffsets }),
  Credit: fc.record({ subscription: uint32, bytes: uint32 }),
  Unsubscribe: fc.record({ subscription: uint32 }),
  Data: fc.record({
    subscription: uint32,
    baseOffset: offset,
    batchPosition: uint32,
    last: fc.boolean(),
    ...partitionOffsets,
    bytes,
  }),
  SubscriptionEnd: fc.record({ subscription: uint32, error }),
};

export const bodyNames = Object.keys(bodies) as BodyName[];
export const correlation = uint32;
