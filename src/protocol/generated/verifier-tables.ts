/**
 * What the verifier must know of the schema, and the slots by which hot code finds fields.
 * Generated from schemas/cambium.fbs by scripts/generate-protocol.ts; never edited.
 */
import type { TableLayout, UnionLayout } from "../table-layout.ts";

export const FILE_IDENTIFIER = "CMB1";
export const ROOT_TABLE = "Frame";

export const tables: readonly TableLayout[] = [
  {
    name: "Setting",
    slots: [
      { name: "key", required: true, type: { kind: "string" } },
      { name: "value", required: true, type: { kind: "string" } },
    ],
  },
  {
    name: "Hello",
    slots: [
      { name: "version", type: { kind: "scalar", size: 2 } },
      { name: "features", type: { kind: "scalar", size: 8 } },
      { name: "client", type: { kind: "string" } },
      { name: "window", type: { kind: "scalar", size: 4 } },
      { name: "mechanism", type: { kind: "string" } },
      { name: "credentials", type: { kind: "bytes" } },
    ],
  },
  {
    name: "Welcome",
    slots: [
      { name: "version", type: { kind: "scalar", size: 2 } },
      { name: "features", type: { kind: "scalar", size: 8 } },
      { name: "clusterId", required: true, type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "nodeId", type: { kind: "scalar", size: 4 } },
      { name: "incarnation", type: { kind: "scalar", size: 4 } },
      { name: "broker", type: { kind: "string" } },
      { name: "principal", type: { kind: "string" } },
      { name: "window", type: { kind: "scalar", size: 4 } },
      { name: "frameBytesMax", type: { kind: "scalar", size: 4 } },
      { name: "batchBytesInlineMax", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "Window",
    slots: [
      { name: "window", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "WindowAck",
    slots: [
      { name: "window", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "WindowRequest",
    slots: [
      { name: "window", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "Goodbye",
    slots: [
      { name: "error", required: true, type: { kind: "table", table: "Error" } },
    ],
  },
  {
    name: "Error",
    slots: [
      { name: "code", type: { kind: "scalar", size: 2 } },
      { name: "name", required: true, type: { kind: "string" } },
      { name: "retriable", type: { kind: "scalar", size: 1 } },
      { name: "message", required: true, type: { kind: "string" } },
      { name: "nextOffset", type: { kind: "scalar", size: 8 } },
      { name: "logStartOffset", type: { kind: "scalar", size: 8 } },
      { name: "highWatermark", type: { kind: "scalar", size: 8 } },
      { name: "lastStableOffset", type: { kind: "scalar", size: 8 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
    ],
  },
  { name: "StatsRequest", slots: [] },
  {
    name: "StatsResult",
    slots: [
      { name: "json", required: true, type: { kind: "string" } },
    ],
  },
  {
    name: "CreateTopic",
    slots: [
      { name: "name", required: true, type: { kind: "string" } },
      { name: "partitions", type: { kind: "scalar", size: 4 } },
      { name: "settings", type: { kind: "tables", table: "Setting" } },
      { name: "validateOnly", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "DeleteTopic",
    slots: [
      { name: "name", required: true, type: { kind: "string" } },
    ],
  },
  {
    name: "AlterTopic",
    slots: [
      { name: "name", required: true, type: { kind: "string" } },
      { name: "set", type: { kind: "tables", table: "Setting" } },
      { name: "unset", type: { kind: "strings" } },
      { name: "partitions", type: { kind: "scalar", size: 4 } },
      { name: "validateOnly", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "DescribeTopics",
    slots: [
      { name: "names", type: { kind: "strings" } },
      { name: "settings", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "PartitionInfo",
    slots: [
      { name: "partition", type: { kind: "scalar", size: 4 } },
      { name: "leader", type: { kind: "scalar", size: 4 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "logStartOffset", type: { kind: "scalar", size: 8 } },
      { name: "highWatermark", type: { kind: "scalar", size: 8 } },
      { name: "lastStableOffset", type: { kind: "scalar", size: 8 } },
      { name: "logEndOffset", type: { kind: "scalar", size: 8 } },
      { name: "durableEndOffset", type: { kind: "scalar", size: 8 } },
      { name: "error", type: { kind: "scalar", size: 2 } },
    ],
  },
  {
    name: "SettingInfo",
    slots: [
      { name: "key", required: true, type: { kind: "string" } },
      { name: "value", required: true, type: { kind: "string" } },
      { name: "isDefault", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "TopicInfo",
    slots: [
      { name: "name", required: true, type: { kind: "string" } },
      { name: "topicId", type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "durability", type: { kind: "scalar", size: 1 } },
      { name: "maxMessageBytes", type: { kind: "scalar", size: 4 } },
      { name: "partitions", type: { kind: "tables", table: "PartitionInfo" } },
      { name: "settings", type: { kind: "tables", table: "SettingInfo" } },
      { name: "internal", type: { kind: "scalar", size: 1 } },
      { name: "error", type: { kind: "table", table: "Error" } },
    ],
  },
  {
    name: "TopicsResult",
    slots: [
      { name: "topics", required: true, type: { kind: "tables", table: "TopicInfo" } },
    ],
  },
  {
    name: "InitProducer",
    slots: [
      { name: "producerId", type: { kind: "scalar", size: 8 } },
      { name: "producerEpoch", type: { kind: "scalar", size: 2 } },
    ],
  },
  {
    name: "InitProducerResult",
    slots: [
      { name: "producerId", type: { kind: "scalar", size: 8 } },
      { name: "producerEpoch", type: { kind: "scalar", size: 2 } },
    ],
  },
  {
    name: "Produce",
    slots: [
      { name: "topicId", required: true, type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "partition", type: { kind: "scalar", size: 4 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "acks", type: { kind: "scalar", size: 1 } },
      { name: "batch", required: true, type: { kind: "bytes" } },
    ],
  },
  {
    name: "ProduceBegin",
    slots: [
      { name: "topicId", required: true, type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "partition", type: { kind: "scalar", size: 4 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "acks", type: { kind: "scalar", size: 1 } },
      { name: "size", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "ProduceGrant",
    slots: [
      { name: "upload", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "ProducePart",
    slots: [
      { name: "upload", type: { kind: "scalar", size: 4 } },
      { name: "position", type: { kind: "scalar", size: 4 } },
      { name: "bytes", required: true, type: { kind: "bytes" } },
    ],
  },
  {
    name: "ProduceProgress",
    slots: [
      { name: "upload", type: { kind: "scalar", size: 4 } },
      { name: "received", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "ProduceAck",
    slots: [
      { name: "baseOffset", type: { kind: "scalar", size: 8 } },
      { name: "logStartOffset", type: { kind: "scalar", size: 8 } },
      { name: "highWatermark", type: { kind: "scalar", size: 8 } },
      { name: "lastStableOffset", type: { kind: "scalar", size: 8 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "durability", type: { kind: "scalar", size: 1 } },
      { name: "duplicate", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "ListOffset",
    slots: [
      { name: "topicId", required: true, type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "partition", type: { kind: "scalar", size: 4 } },
      { name: "start", type: { kind: "scalar", size: 1 } },
      { name: "value", type: { kind: "scalar", size: 8 } },
    ],
  },
  {
    name: "ListOffsetResult",
    slots: [
      { name: "offset", type: { kind: "scalar", size: 8 } },
      { name: "timestamp", type: { kind: "scalar", size: 8 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "logStartOffset", type: { kind: "scalar", size: 8 } },
      { name: "highWatermark", type: { kind: "scalar", size: 8 } },
      { name: "lastStableOffset", type: { kind: "scalar", size: 8 } },
    ],
  },
  {
    name: "Fetch",
    slots: [
      { name: "topicId", required: true, type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "partition", type: { kind: "scalar", size: 4 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "start", type: { kind: "scalar", size: 1 } },
      { name: "value", type: { kind: "scalar", size: 8 } },
      { name: "bytesMax", type: { kind: "scalar", size: 4 } },
      { name: "bytesMin", type: { kind: "scalar", size: 4 } },
      { name: "waitMsMax", type: { kind: "scalar", size: 4 } },
      { name: "readCommitted", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "Subscribe",
    slots: [
      { name: "subscription", type: { kind: "scalar", size: 4 } },
      { name: "topicId", required: true, type: { kind: "struct", size: 16, alignment: 1 } },
      { name: "partition", type: { kind: "scalar", size: 4 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "start", type: { kind: "scalar", size: 1 } },
      { name: "value", type: { kind: "scalar", size: 8 } },
      { name: "credit", type: { kind: "scalar", size: 4 } },
      { name: "readCommitted", type: { kind: "scalar", size: 1 } },
    ],
  },
  {
    name: "SubscribeResult",
    slots: [
      { name: "offset", type: { kind: "scalar", size: 8 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "logStartOffset", type: { kind: "scalar", size: 8 } },
      { name: "highWatermark", type: { kind: "scalar", size: 8 } },
      { name: "lastStableOffset", type: { kind: "scalar", size: 8 } },
    ],
  },
  {
    name: "Credit",
    slots: [
      { name: "subscription", type: { kind: "scalar", size: 4 } },
      { name: "bytes", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "Unsubscribe",
    slots: [
      { name: "subscription", type: { kind: "scalar", size: 4 } },
    ],
  },
  {
    name: "Data",
    slots: [
      { name: "subscription", type: { kind: "scalar", size: 4 } },
      { name: "baseOffset", type: { kind: "scalar", size: 8 } },
      { name: "batchPosition", type: { kind: "scalar", size: 4 } },
      { name: "last", type: { kind: "scalar", size: 1 } },
      { name: "logStartOffset", type: { kind: "scalar", size: 8 } },
      { name: "highWatermark", type: { kind: "scalar", size: 8 } },
      { name: "lastStableOffset", type: { kind: "scalar", size: 8 } },
      { name: "leaderEpoch", type: { kind: "scalar", size: 4 } },
      { name: "bytes", required: true, type: { kind: "bytes" } },
    ],
  },
  {
    name: "SubscriptionEnd",
    slots: [
      { name: "subscription", type: { kind: "scalar", size: 4 } },
      { name: "error", required: true, type: { kind: "table", table: "Error" } },
    ],
  },
  { name: "Done", slots: [] },
  {
    name: "Frame",
    slots: [
      { name: "correlation", type: { kind: "scalar", size: 4 } },
      { name: "bodyType", type: { kind: "unionType" } },
      { name: "body", required: true, type: { kind: "union", union: "Body" } },
    ],
  },
];

export const unions: readonly UnionLayout[] = [
  {
    name: "Body",
    members: [
      undefined,
      "Hello",
      "Welcome",
      "Window",
      "WindowAck",
      "WindowRequest",
      "Goodbye",
      "Error",
      "Done",
      "StatsRequest",
      "StatsResult",
      "CreateTopic",
      "DeleteTopic",
      "AlterTopic",
      "DescribeTopics",
      "TopicsResult",
      "InitProducer",
      "InitProducerResult",
      "Produce",
      "ProduceBegin",
      "ProduceGrant",
      "ProducePart",
      "ProduceAck",
      "ListOffset",
      "ListOffsetResult",
      "Fetch",
      "Subscribe",
      "SubscribeResult",
      "Credit",
      "Unsubscribe",
      "Data",
      "SubscriptionEnd",
      "ProduceProgress",
    ],
  },
];

export const Slot = {
  Setting: {
    key: 0,
    value: 1,
  },
  Hello: {
    version: 0,
    features: 1,
    client: 2,
    window: 3,
    mechanism: 4,
    credentials: 5,
  },
  Welcome: {
    version: 0,
    features: 1,
    clusterId: 2,
    nodeId: 3,
    incarnation: 4,
    broker: 5,
    principal: 6,
    window: 7,
    frameBytesMax: 8,
    batchBytesInlineMax: 9,
  },
  Window: {
    window: 0,
  },
  WindowAck: {
    window: 0,
  },
  WindowRequest: {
    window: 0,
  },
  Goodbye: {
    error: 0,
  },
  Error: {
    code: 0,
    name: 1,
    retriable: 2,
    message: 3,
    nextOffset: 4,
    logStartOffset: 5,
    highWatermark: 6,
    lastStableOffset: 7,
    leaderEpoch: 8,
  },
  StatsResult: {
    json: 0,
  },
  CreateTopic: {
    name: 0,
    partitions: 1,
    settings: 2,
    validateOnly: 3,
  },
  DeleteTopic: {
    name: 0,
  },
  AlterTopic: {
    name: 0,
    set: 1,
    unset: 2,
    partitions: 3,
    validateOnly: 4,
  },
  DescribeTopics: {
    names: 0,
    settings: 1,
  },
  PartitionInfo: {
    partition: 0,
    leader: 1,
    leaderEpoch: 2,
    logStartOffset: 3,
    highWatermark: 4,
    lastStableOffset: 5,
    logEndOffset: 6,
    durableEndOffset: 7,
    error: 8,
  },
  SettingInfo: {
    key: 0,
    value: 1,
    isDefault: 2,
  },
  TopicInfo: {
    name: 0,
    topicId: 1,
    durability: 2,
    maxMessageBytes: 3,
    partitions: 4,
    settings: 5,
    internal: 6,
    error: 7,
  },
  TopicsResult: {
    topics: 0,
  },
  InitProducer: {
    producerId: 0,
    producerEpoch: 1,
  },
  InitProducerResult: {
    producerId: 0,
    producerEpoch: 1,
  },
  Produce: {
    topicId: 0,
    partition: 1,
    leaderEpoch: 2,
    acks: 3,
    batch: 4,
  },
  ProduceBegin: {
    topicId: 0,
    partition: 1,
    leaderEpoch: 2,
    acks: 3,
    size: 4,
  },
  ProduceGrant: {
    upload: 0,
  },
  ProducePart: {
    upload: 0,
    position: 1,
    bytes: 2,
  },
  ProduceProgress: {
    upload: 0,
    received: 1,
  },
  ProduceAck: {
    baseOffset: 0,
    logStartOffset: 1,
    highWatermark: 2,
    lastStableOffset: 3,
    leaderEpoch: 4,
    durability: 5,
    duplicate: 6,
  },
  ListOffset: {
    topicId: 0,
    partition: 1,
    start: 2,
    value: 3,
  },
  ListOffsetResult: {
    offset: 0,
    timestamp: 1,
    leaderEpoch: 2,
    logStartOffset: 3,
    highWatermark: 4,
    lastStableOffset: 5,
  },
  Fetch: {
    topicId: 0,
    partition: 1,
    leaderEpoch: 2,
    start: 3,
    value: 4,
    bytesMax: 5,
    bytesMin: 6,
    waitMsMax: 7,
    readCommitted: 8,
  },
  Subscribe: {
    subscription: 0,
    topicId: 1,
    partition: 2,
    leaderEpoch: 3,
    start: 4,
    value: 5,
    credit: 6,
    readCommitted: 7,
  },
  SubscribeResult: {
    offset: 0,
    leaderEpoch: 1,
    logStartOffset: 2,
    highWatermark: 3,
    lastStableOffset: 4,
  },
  Credit: {
    subscription: 0,
    bytes: 1,
  },
  Unsubscribe: {
    subscription: 0,
  },
  Data: {
    subscription: 0,
    baseOffset: 1,
    batchPosition: 2,
    last: 3,
    logStartOffset: 4,
    highWatermark: 5,
    lastStableOffset: 6,
    leaderEpoch: 7,
    bytes: 8,
  },
  SubscriptionEnd: {
    subscription: 0,
    error: 1,
  },
  Frame: {
    correlation: 0,
    bodyType: 1,
    body: 2,
  },
} as const;
