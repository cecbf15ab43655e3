/**
 * Every table of the schema as a plain object, and its codec over flatc's accessors.
 * Generated from schemas/cambium.fbs by scripts/generate-protocol.ts; never edited.
 */
import type { Builder } from "flatbuffers";
import type { Offset, Timestamp } from "../../base/units.ts";
import * as codec from "../field-codec.ts";
import { Slot } from "./verifier-tables.ts";
import * as wire from "./wire.ts";

export interface Setting {
  readonly key: string;
  readonly value: string;
}

function decodeSetting(table: wire.Setting): Setting {
  return {
    key: codec.decodeString(table.key(codec.RAW), "Setting.key"),
    value: codec.decodeString(table.value(codec.RAW), "Setting.value"),
  };
}

function encodeSetting(builder: Builder, body: codec.Encodable<Setting>): codec.Reference {
  const key = codec.encodeString(builder, body.key);
  const value = codec.encodeString(builder, body.value);
  wire.Setting.startSetting(builder);
  wire.Setting.addKey(builder, key);
  wire.Setting.addValue(builder, value);
  return wire.Setting.endSetting(builder);
}

/** First frame of every connection. */
export interface Hello {
  /** Highest protocol version the client speaks. */
  readonly version: number;
  /** Bits the client understands. */
  readonly features: bigint;
  /** Name and version, for logs and stats. */
  readonly client?: string | undefined;
  /** Bytes of produced batches it would like to have unacknowledged; 0: as few as anybody may, until it asks (WindowRequest). */
  readonly window: number;
  /** How `credentials` are to be read; empty: anonymous. */
  readonly mechanism?: string | undefined;
  readonly credentials?: Uint8Array | undefined;
}

function decodeHello(table: wire.Hello): Hello {
  return {
    version: table.version(),
    features: table.features(),
    client: codec.isPresent(table, Slot.Hello.client)
      ? codec.decodeString(table.client(codec.RAW), "Hello.client")
      : undefined,
    window: table.window(),
    mechanism: codec.isPresent(table, Slot.Hello.mechanism)
      ? codec.decodeString(table.mechanism(codec.RAW), "Hello.mechanism")
      : undefined,
    credentials: codec.isPresent(table, Slot.Hello.credentials)
      ? codec.decodeBytes(table.credentialsArray())
      : undefined,
  };
}

function encodeHello(builder: Builder, body: codec.Encodable<Hello>): codec.Reference {
  const client = codec.encodeString(builder, body.client);
  const mechanism = codec.encodeString(builder, body.mechanism);
  const credentials = codec.encodeBytes(builder, body.credentials);
  wire.Hello.startHello(builder);
  wire.Hello.addVersion(builder, codec.encodeInteger(body.version ?? 0, 0, 65535));
  wire.Hello.addFeatures(builder, codec.encodeUint64(body.features ?? 0n));
  wire.Hello.addClient(builder, client);
  wire.Hello.addWindow(builder, codec.encodeInteger(body.window ?? 0, 0, 4294967295));
  wire.Hello.addMechanism(builder, mechanism);
  wire.Hello.addCredentials(builder, credentials);
  return wire.Hello.endHello(builder);
}

export interface Welcome {
  /** The version both sides speak from here on. */
  readonly version: number;
  readonly features: bigint;
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  readonly nodeId: number;
  /** Raised at every start (contract A4). */
  readonly incarnation: number;
  readonly broker?: string | undefined;
  readonly principal?: string | undefined;
  /** Bytes of produced batches that may be unacknowledged; each batch counts 512 more than it has. */
  readonly window: number;
  /** Larger frames close the connection. */
  readonly frameBytesMax: number;
  /** Larger batches travel in parts. */
  readonly batchBytesInlineMax: number;
}

function decodeWelcome(table: wire.Welcome): Welcome {
  return {
    version: table.version(),
    features: table.features(),
    clusterId: codec.decodeUuid(table.clusterId()),
    nodeId: table.nodeId(),
    incarnation: table.incarnation(),
    broker: codec.isPresent(table, Slot.Welcome.broker)
      ? codec.decodeString(table.broker(codec.RAW), "Welcome.broker")
      : undefined,
    principal: codec.isPresent(table, Slot.Welcome.principal)
      ? codec.decodeString(table.principal(codec.RAW), "Welcome.principal")
      : undefined,
    window: table.window(),
    frameBytesMax: table.frameBytesMax(),
    batchBytesInlineMax: table.batchBytesInlineMax(),
  };
}

function encodeWelcome(builder: Builder, body: codec.Encodable<Welcome>): codec.Reference {
  const broker = codec.encodeString(builder, body.broker);
  const principal = codec.encodeString(builder, body.principal);
  wire.Welcome.startWelcome(builder);
  wire.Welcome.addVersion(builder, codec.encodeInteger(body.version ?? 0, 0, 65535));
  wire.Welcome.addFeatures(builder, codec.encodeUint64(body.features ?? 0n));
  wire.Welcome.addClusterId(builder, codec.encodeUuid(builder, body.clusterId));
  wire.Welcome.addNodeId(builder, codec.encodeInteger(body.nodeId ?? 0, -2147483648, 2147483647));
  wire.Welcome.addIncarnation(builder, codec.encodeInteger(body.incarnation ?? 0, -2147483648, 2147483647));
  wire.Welcome.addBroker(builder, broker);
  wire.Welcome.addPrincipal(builder, principal);
  wire.Welcome.addWindow(builder, codec.encodeInteger(body.window ?? 0, 0, 4294967295));
  wire.Welcome.addFrameBytesMax(builder, codec.encodeInteger(body.frameBytesMax ?? 0, 0, 4294967295));
  wire.Welcome.addBatchBytesInlineMax(builder, codec.encodeInteger(body.batchBytesInlineMax ?? 0, 0, 4294967295));
  return wire.Welcome.endWelcome(builder);
}

/**
 * The broker changes the window. A smaller one counts from the client's WindowAck on, or from 30 seconds later; sooner, where many
 * are so slow.
 */
export interface Window {
  readonly window: number;
}

function decodeWindow(table: wire.Window): Window {
  return {
    window: table.window(),
  };
}

function encodeWindow(builder: Builder, body: codec.Encodable<Window>): codec.Reference {
  wire.Window.startWindow(builder);
  wire.Window.addWindow(builder, codec.encodeInteger(body.window ?? 0, 0, 4294967295));
  return wire.Window.endWindow(builder);
}

export interface WindowAck {
  readonly window: number;
}

function decodeWindowAck(table: wire.WindowAck): WindowAck {
  return {
    window: table.window(),
  };
}

function encodeWindowAck(builder: Builder, body: codec.Encodable<WindowAck>): codec.Reference {
  wire.WindowAck.startWindowAck(builder);
  wire.WindowAck.addWindow(builder, codec.encodeInteger(body.window ?? 0, 0, 4294967295));
  return wire.WindowAck.endWindowAck(builder);
}

/** The client has more to send than its window allows. */
export interface WindowRequest {
  readonly window: number;
}

function decodeWindowRequest(table: wire.WindowRequest): WindowRequest {
  return {
    window: table.window(),
  };
}

function encodeWindowRequest(builder: Builder, body: codec.Encodable<WindowRequest>): codec.Reference {
  wire.WindowRequest.startWindowRequest(builder);
  wire.WindowRequest.addWindow(builder, codec.encodeInteger(body.window ?? 0, 0, 4294967295));
  return wire.WindowRequest.endWindowRequest(builder);
}

/** The broker is about to close this connection; nothing new will be accepted on it. */
export interface Goodbye {
  readonly error: Error;
}

function decodeGoodbye(table: wire.Goodbye): Goodbye {
  return {
    error: decodeError(codec.present(table.error())),
  };
}

function encodeGoodbye(builder: Builder, body: codec.Encodable<Goodbye>): codec.Reference {
  const error = codec.encodeTable(builder, body.error, encodeError);
  wire.Goodbye.startGoodbye(builder);
  wire.Goodbye.addError(builder, error);
  return wire.Goodbye.endGoodbye(builder);
}

export interface Error {
  /** The number in src/base/errors.ts. */
  readonly code: number;
  readonly name: string;
  readonly retriable: boolean;
  readonly message: string;
  /** CORRUPT_BATCH: the next offset that can be read; -1: not said. */
  readonly nextOffset: Offset;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly leaderEpoch: number;
}

function decodeError(table: wire.Error): Error {
  return {
    code: table.code(),
    name: codec.decodeString(table.name(codec.RAW), "Error.name"),
    retriable: table.retriable(),
    message: codec.decodeString(table.message(codec.RAW), "Error.message"),
    nextOffset: codec.decodeSafeInteger(table.nextOffset(), -1, "Error.nextOffset") as Offset,
    logStartOffset: codec.decodeSafeInteger(table.logStartOffset(), -1, "Error.logStartOffset") as Offset,
    highWatermark: codec.decodeSafeInteger(table.highWatermark(), -1, "Error.highWatermark") as Offset,
    lastStableOffset: codec.decodeSafeInteger(table.lastStableOffset(), -1, "Error.lastStableOffset") as Offset,
    leaderEpoch: table.leaderEpoch(),
  };
}

function encodeError(builder: Builder, body: codec.Encodable<Error>): codec.Reference {
  const name = codec.encodeString(builder, body.name);
  const message = codec.encodeString(builder, body.message);
  wire.Error.startError(builder);
  wire.Error.addCode(builder, codec.encodeInteger(body.code ?? 0, -32768, 32767));
  wire.Error.addName(builder, name);
  wire.Error.addRetriable(builder, body.retriable ?? false);
  wire.Error.addMessage(builder, message);
  wire.Error.addNextOffset(builder, codec.encodeSafeInteger(body.nextOffset ?? -1, -1));
  wire.Error.addLogStartOffset(builder, codec.encodeSafeInteger(body.logStartOffset ?? -1, -1));
  wire.Error.addHighWatermark(builder, codec.encodeSafeInteger(body.highWatermark ?? -1, -1));
  wire.Error.addLastStableOffset(builder, codec.encodeSafeInteger(body.lastStableOffset ?? -1, -1));
  wire.Error.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? -1, -2147483648, 2147483647));
  return wire.Error.endError(builder);
}

export type StatsRequest = Readonly<Record<never, never>>;

function decodeStatsRequest(): StatsRequest {
  return {};
}

function encodeStatsRequest(builder: Builder): codec.Reference {
  wire.StatsRequest.startStatsRequest(builder);
  return wire.StatsRequest.endStatsRequest(builder);
}

export interface StatsResult {
  readonly json: string;
}

function decodeStatsResult(table: wire.StatsResult): StatsResult {
  return {
    json: codec.decodeString(table.json(codec.RAW), "StatsResult.json"),
  };
}

function encodeStatsResult(builder: Builder, body: codec.Encodable<StatsResult>): codec.Reference {
  const json = codec.encodeString(builder, body.json);
  wire.StatsResult.startStatsResult(builder);
  wire.StatsResult.addJson(builder, json);
  return wire.StatsResult.endStatsResult(builder);
}

export interface CreateTopic {
  readonly name: string;
  readonly partitions: number;
  readonly settings?: readonly Setting[] | undefined;
  readonly validateOnly: boolean;
}

function decodeCreateTopic(table: wire.CreateTopic): CreateTopic {
  return {
    name: codec.decodeString(table.name(codec.RAW), "CreateTopic.name"),
    partitions: table.partitions(),
    settings: codec.isPresent(table, Slot.CreateTopic.settings)
      ? codec.decodeList(table.settingsLength(), (index) => decodeSetting(codec.present(table.settings(index))))
      : undefined,
    validateOnly: table.validateOnly(),
  };
}

function encodeCreateTopic(builder: Builder, body: codec.Encodable<CreateTopic>): codec.Reference {
  const name = codec.encodeString(builder, body.name);
  const settings = codec.encodeList(builder, body.settings, encodeSetting);
  wire.CreateTopic.startCreateTopic(builder);
  wire.CreateTopic.addName(builder, name);
  wire.CreateTopic.addPartitions(builder, codec.encodeInteger(body.partitions ?? 1, -2147483648, 2147483647));
  wire.CreateTopic.addSettings(builder, settings);
  wire.CreateTopic.addValidateOnly(builder, body.validateOnly ?? false);
  return wire.CreateTopic.endCreateTopic(builder);
}

export interface DeleteTopic {
  readonly name: string;
}

function decodeDeleteTopic(table: wire.DeleteTopic): DeleteTopic {
  return {
    name: codec.decodeString(table.name(codec.RAW), "DeleteTopic.name"),
  };
}

function encodeDeleteTopic(builder: Builder, body: codec.Encodable<DeleteTopic>): codec.Reference {
  const name = codec.encodeString(builder, body.name);
  wire.DeleteTopic.startDeleteTopic(builder);
  wire.DeleteTopic.addName(builder, name);
  return wire.DeleteTopic.endDeleteTopic(builder);
}

export interface AlterTopic {
  readonly name: string;
  readonly set?: readonly Setting[] | undefined;
  /** Keys that go back to their defaults. */
  readonly unset?: readonly string[] | undefined;
  /** -1: unchanged. */
  readonly partitions: number;
  readonly validateOnly: boolean;
}

function decodeAlterTopic(table: wire.AlterTopic): AlterTopic {
  return {
    name: codec.decodeString(table.name(codec.RAW), "AlterTopic.name"),
    set: codec.isPresent(table, Slot.AlterTopic.set)
      ? codec.decodeList(table.setLength(), (index) => decodeSetting(codec.present(table.set(index))))
      : undefined,
    unset: codec.isPresent(table, Slot.AlterTopic.unset)
      ? codec.decodeList(table.unsetLength(), (index) => codec.decodeString(table.unset(index, codec.RAW), "AlterTopic.unset"))
      : undefined,
    partitions: table.partitions(),
    validateOnly: table.validateOnly(),
  };
}

function encodeAlterTopic(builder: Builder, body: codec.Encodable<AlterTopic>): codec.Reference {
  const name = codec.encodeString(builder, body.name);
  const set = codec.encodeList(builder, body.set, encodeSetting);
  const unset = codec.encodeList(builder, body.unset, codec.encodeString);
  wire.AlterTopic.startAlterTopic(builder);
  wire.AlterTopic.addName(builder, name);
  wire.AlterTopic.addSet(builder, set);
  wire.AlterTopic.addUnset(builder, unset);
  wire.AlterTopic.addPartitions(builder, codec.encodeInteger(body.partitions ?? -1, -2147483648, 2147483647));
  wire.AlterTopic.addValidateOnly(builder, body.validateOnly ?? false);
  return wire.AlterTopic.endAlterTopic(builder);
}

export interface DescribeTopics {
  /** Absent: all topics. */
  readonly names?: readonly string[] | undefined;
  readonly settings: boolean;
}

function decodeDescribeTopics(table: wire.DescribeTopics): DescribeTopics {
  return {
    names: codec.isPresent(table, Slot.DescribeTopics.names)
      ? codec.decodeList(table.namesLength(), (index) => codec.decodeString(table.names(index, codec.RAW), "DescribeTopics.names"))
      : undefined,
    settings: table.settings(),
  };
}

function encodeDescribeTopics(builder: Builder, body: codec.Encodable<DescribeTopics>): codec.Reference {
  const names = codec.encodeList(builder, body.names, codec.encodeString);
  wire.DescribeTopics.startDescribeTopics(builder);
  wire.DescribeTopics.addNames(builder, names);
  wire.DescribeTopics.addSettings(builder, body.settings ?? false);
  return wire.DescribeTopics.endDescribeTopics(builder);
}

export interface PartitionInfo {
  readonly partition: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly logEndOffset: Offset;
  readonly durableEndOffset: Offset;
  /** Why it cannot be served, or 0. */
  readonly error: number;
}

function decodePartitionInfo(table: wire.PartitionInfo): PartitionInfo {
  return {
    partition: table.partition(),
    leader: table.leader(),
    leaderEpoch: table.leaderEpoch(),
    logStartOffset: codec.decodeSafeInteger(table.logStartOffset(), 0, "PartitionInfo.logStartOffset") as Offset,
    highWatermark: codec.decodeSafeInteger(table.highWatermark(), 0, "PartitionInfo.highWatermark") as Offset,
    lastStableOffset: codec.decodeSafeInteger(table.lastStableOffset(), 0, "PartitionInfo.lastStableOffset") as Offset,
    logEndOffset: codec.decodeSafeInteger(table.logEndOffset(), 0, "PartitionInfo.logEndOffset") as Offset,
    durableEndOffset: codec.decodeSafeInteger(table.durableEndOffset(), 0, "PartitionInfo.durableEndOffset") as Offset,
    error: table.error(),
  };
}

function encodePartitionInfo(builder: Builder, body: codec.Encodable<PartitionInfo>): codec.Reference {
  wire.PartitionInfo.startPartitionInfo(builder);
  wire.PartitionInfo.addPartition(builder, codec.encodeInteger(body.partition ?? 0, -2147483648, 2147483647));
  wire.PartitionInfo.addLeader(builder, codec.encodeInteger(body.leader ?? 0, -2147483648, 2147483647));
  wire.PartitionInfo.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? 0, -2147483648, 2147483647));
  wire.PartitionInfo.addLogStartOffset(builder, codec.encodeSafeInteger(body.logStartOffset ?? 0, 0));
  wire.PartitionInfo.addHighWatermark(builder, codec.encodeSafeInteger(body.highWatermark ?? 0, 0));
  wire.PartitionInfo.addLastStableOffset(builder, codec.encodeSafeInteger(body.lastStableOffset ?? 0, 0));
  wire.PartitionInfo.addLogEndOffset(builder, codec.encodeSafeInteger(body.logEndOffset ?? 0, 0));
  wire.PartitionInfo.addDurableEndOffset(builder, codec.encodeSafeInteger(body.durableEndOffset ?? 0, 0));
  wire.PartitionInfo.addError(builder, codec.encodeInteger(body.error ?? 0, -32768, 32767));
  return wire.PartitionInfo.endPartitionInfo(builder);
}

export interface SettingInfo {
  readonly key: string;
  readonly value: string;
  readonly isDefault: boolean;
}

function decodeSettingInfo(table: wire.SettingInfo): SettingInfo {
  return {
    key: codec.decodeString(table.key(codec.RAW), "SettingInfo.key"),
    value: codec.decodeString(table.value(codec.RAW), "SettingInfo.value"),
    isDefault: table.isDefault(),
  };
}

function encodeSettingInfo(builder: Builder, body: codec.Encodable<SettingInfo>): codec.Reference {
  const key = codec.encodeString(builder, body.key);
  const value = codec.encodeString(builder, body.value);
  wire.SettingInfo.startSettingInfo(builder);
  wire.SettingInfo.addKey(builder, key);
  wire.SettingInfo.addValue(builder, value);
  wire.SettingInfo.addIsDefault(builder, body.isDefault ?? false);
  return wire.SettingInfo.endSettingInfo(builder);
}

export interface TopicInfo {
  readonly name: string;
  /** 16 bytes. */
  readonly topicId?: Uint8Array | undefined;
  readonly durability: wire.Durability;
  readonly maxMessageBytes: number;
  readonly partitions?: readonly PartitionInfo[] | undefined;
  readonly settings?: readonly SettingInfo[] | undefined;
  readonly internal: boolean;
  /** Set instead of the rest when the topic cannot be described. */
  readonly error?: Error | undefined;
}

function decodeTopicInfo(table: wire.TopicInfo): TopicInfo {
  return {
    name: codec.decodeString(table.name(codec.RAW), "TopicInfo.name"),
    topicId: codec.isPresent(table, Slot.TopicInfo.topicId)
      ? codec.decodeUuid(table.topicId())
      : undefined,
    durability: codec.decodeEnum(wire.Durability, table.durability(), "TopicInfo.durability"),
    maxMessageBytes: table.maxMessageBytes(),
    partitions: codec.isPresent(table, Slot.TopicInfo.partitions)
      ? codec.decodeList(table.partitionsLength(), (index) => decodePartitionInfo(codec.present(table.partitions(index))))
      : undefined,
    settings: codec.isPresent(table, Slot.TopicInfo.settings)
      ? codec.decodeList(table.settingsLength(), (index) => decodeSettingInfo(codec.present(table.settings(index))))
      : undefined,
    internal: table.internal(),
    error: codec.isPresent(table, Slot.TopicInfo.error)
      ? decodeError(codec.present(table.error()))
      : undefined,
  };
}

function encodeTopicInfo(builder: Builder, body: codec.Encodable<TopicInfo>): codec.Reference {
  const name = codec.encodeString(builder, body.name);
  const partitions = codec.encodeList(builder, body.partitions, encodePartitionInfo);
  const settings = codec.encodeList(builder, body.settings, encodeSettingInfo);
  const error = codec.encodeTable(builder, body.error, encodeError);
  wire.TopicInfo.startTopicInfo(builder);
  wire.TopicInfo.addName(builder, name);
  wire.TopicInfo.addTopicId(builder, codec.encodeUuid(builder, body.topicId));
  wire.TopicInfo.addDurability(builder, body.durability ?? 0);
  wire.TopicInfo.addMaxMessageBytes(builder, codec.encodeInteger(body.maxMessageBytes ?? 0, 0, 4294967295));
  wire.TopicInfo.addPartitions(builder, partitions);
  wire.TopicInfo.addSettings(builder, settings);
  wire.TopicInfo.addInternal(builder, body.internal ?? false);
  wire.TopicInfo.addError(builder, error);
  return wire.TopicInfo.endTopicInfo(builder);
}

export interface TopicsResult {
  readonly topics: readonly TopicInfo[];
}

function decodeTopicsResult(table: wire.TopicsResult): TopicsResult {
  return {
    topics: codec.decodeList(table.topicsLength(), (index) => decodeTopicInfo(codec.present(table.topics(index)))),
  };
}

function encodeTopicsResult(builder: Builder, body: codec.Encodable<TopicsResult>): codec.Reference {
  const topics = codec.encodeList(builder, body.topics, encodeTopicInfo);
  wire.TopicsResult.startTopicsResult(builder);
  wire.TopicsResult.addTopics(builder, topics);
  return wire.TopicsResult.endTopicsResult(builder);
}

export interface InitProducer {
  /** -1: a new one; else the same id with the next epoch. */
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

function decodeInitProducer(table: wire.InitProducer): InitProducer {
  return {
    producerId: table.producerId(),
    producerEpoch: table.producerEpoch(),
  };
}

function encodeInitProducer(builder: Builder, body: codec.Encodable<InitProducer>): codec.Reference {
  wire.InitProducer.startInitProducer(builder);
  wire.InitProducer.addProducerId(builder, codec.encodeInt64(body.producerId ?? -1n));
  wire.InitProducer.addProducerEpoch(builder, codec.encodeInteger(body.producerEpoch ?? -1, -32768, 32767));
  return wire.InitProducer.endInitProducer(builder);
}

export interface InitProducerResult {
  readonly producerId: bigint;
  readonly producerEpoch: number;
}

function decodeInitProducerResult(table: wire.InitProducerResult): InitProducerResult {
  return {
    producerId: table.producerId(),
    producerEpoch: table.producerEpoch(),
  };
}

function encodeInitProducerResult(builder: Builder, body: codec.Encodable<InitProducerResult>): codec.Reference {
  wire.InitProducerResult.startInitProducerResult(builder);
  wire.InitProducerResult.addProducerId(builder, codec.encodeInt64(body.producerId ?? 0n));
  wire.InitProducerResult.addProducerEpoch(builder, codec.encodeInteger(body.producerEpoch ?? 0, -32768, 32767));
  return wire.InitProducerResult.endInitProducerResult(builder);
}

export interface Produce {
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  /** What the client believes; -1: unknown. */
  readonly leaderEpoch: number;
  /** 0: no answer, 1 and -1: after the topic's durability. */
  readonly acks: number;
  readonly batch: Uint8Array;
}

function decodeProduce(table: wire.Produce): Produce {
  return {
    topicId: codec.decodeUuid(table.topicId()),
    partition: table.partition(),
    leaderEpoch: table.leaderEpoch(),
    acks: table.acks(),
    batch: codec.decodeBytes(table.batchArray()),
  };
}

function encodeProduce(builder: Builder, body: codec.Encodable<Produce>): codec.Reference {
  const batch = codec.encodeBytes(builder, body.batch);
  wire.Produce.startProduce(builder);
  wire.Produce.addTopicId(builder, codec.encodeUuid(builder, body.topicId));
  wire.Produce.addPartition(builder, codec.encodeInteger(body.partition ?? 0, -2147483648, 2147483647));
  wire.Produce.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? -1, -2147483648, 2147483647));
  wire.Produce.addAcks(builder, codec.encodeInteger(body.acks ?? -1, -128, 127));
  wire.Produce.addBatch(builder, batch);
  return wire.Produce.endProduce(builder);
}

/** Opens an upload for a batch larger than `batch_bytes_inline_max`. */
export interface ProduceBegin {
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly acks: number;
  /** Bytes of the whole batch. */
  readonly size: number;
}

function decodeProduceBegin(table: wire.ProduceBegin): ProduceBegin {
  return {
    topicId: codec.decodeUuid(table.topicId()),
    partition: table.partition(),
    leaderEpoch: table.leaderEpoch(),
    acks: table.acks(),
    size: table.size(),
  };
}

function encodeProduceBegin(builder: Builder, body: codec.Encodable<ProduceBegin>): codec.Reference {
  wire.ProduceBegin.startProduceBegin(builder);
  wire.ProduceBegin.addTopicId(builder, codec.encodeUuid(builder, body.topicId));
  wire.ProduceBegin.addPartition(builder, codec.encodeInteger(body.partition ?? 0, -2147483648, 2147483647));
  wire.ProduceBegin.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? -1, -2147483648, 2147483647));
  wire.ProduceBegin.addAcks(builder, codec.encodeInteger(body.acks ?? -1, -128, 127));
  wire.ProduceBegin.addSize(builder, codec.encodeInteger(body.size ?? 0, 0, 4294967295));
  return wire.ProduceBegin.endProduceBegin(builder);
}

/** The block is granted; parts may be sent. */
export interface ProduceGrant {
  readonly upload: number;
}

function decodeProduceGrant(table: wire.ProduceGrant): ProduceGrant {
  return {
    upload: table.upload(),
  };
}

function encodeProduceGrant(builder: Builder, body: codec.Encodable<ProduceGrant>): codec.Reference {
  wire.ProduceGrant.startProduceGrant(builder);
  wire.ProduceGrant.addUpload(builder, codec.encodeInteger(body.upload ?? 0, 0, 4294967295));
  return wire.ProduceGrant.endProduceGrant(builder);
}

/** Parts come in order and leave no gap; the last one completes the upload, whose answer is ProduceAck. */
export interface ProducePart {
  readonly upload: number;
  /** Byte of the batch at which `bytes` begin. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

function decodeProducePart(table: wire.ProducePart): ProducePart {
  return {
    upload: table.upload(),
    position: table.position(),
    bytes: codec.decodeBytes(table.bytesArray()),
  };
}

function encodeProducePart(builder: Builder, body: codec.Encodable<ProducePart>): codec.Reference {
  const bytes = codec.encodeBytes(builder, body.bytes);
  wire.ProducePart.startProducePart(builder);
  wire.ProducePart.addUpload(builder, codec.encodeInteger(body.upload ?? 0, 0, 4294967295));
  wire.ProducePart.addPosition(builder, codec.encodeInteger(body.position ?? 0, 0, 4294967295));
  wire.ProducePart.addBytes(builder, bytes);
  return wire.ProducePart.endProducePart(builder);
}

/**
 * So much of the upload has come; the last part is answered by ProduceAck. Said now and then, so that behind a slow link a client
 * knows that it is heard.
 */
export interface ProduceProgress {
  readonly upload: number;
  readonly received: number;
}

function decodeProduceProgress(table: wire.ProduceProgress): ProduceProgress {
  return {
    upload: table.upload(),
    received: table.received(),
  };
}

function encodeProduceProgress(builder: Builder, body: codec.Encodable<ProduceProgress>): codec.Reference {
  wire.ProduceProgress.startProduceProgress(builder);
  wire.ProduceProgress.addUpload(builder, codec.encodeInteger(body.upload ?? 0, 0, 4294967295));
  wire.ProduceProgress.addReceived(builder, codec.encodeInteger(body.received ?? 0, 0, 4294967295));
  return wire.ProduceProgress.endProduceProgress(builder);
}

export interface ProduceAck {
  readonly baseOffset: Offset;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly leaderEpoch: number;
  /** What was given before this answer. */
  readonly durability: wire.Durability;
  /** The batch had been appended before. */
  readonly duplicate: boolean;
}

function decodeProduceAck(table: wire.ProduceAck): ProduceAck {
  return {
    baseOffset: codec.decodeSafeInteger(table.baseOffset(), 0, "ProduceAck.baseOffset") as Offset,
    logStartOffset: codec.decodeSafeInteger(table.logStartOffset(), 0, "ProduceAck.logStartOffset") as Offset,
    highWatermark: codec.decodeSafeInteger(table.highWatermark(), 0, "ProduceAck.highWatermark") as Offset,
    lastStableOffset: codec.decodeSafeInteger(table.lastStableOffset(), 0, "ProduceAck.lastStableOffset") as Offset,
    leaderEpoch: table.leaderEpoch(),
    durability: codec.decodeEnum(wire.Durability, table.durability(), "ProduceAck.durability"),
    duplicate: table.duplicate(),
  };
}

function encodeProduceAck(builder: Builder, body: codec.Encodable<ProduceAck>): codec.Reference {
  wire.ProduceAck.startProduceAck(builder);
  wire.ProduceAck.addBaseOffset(builder, codec.encodeSafeInteger(body.baseOffset ?? 0, 0));
  wire.ProduceAck.addLogStartOffset(builder, codec.encodeSafeInteger(body.logStartOffset ?? 0, 0));
  wire.ProduceAck.addHighWatermark(builder, codec.encodeSafeInteger(body.highWatermark ?? 0, 0));
  wire.ProduceAck.addLastStableOffset(builder, codec.encodeSafeInteger(body.lastStableOffset ?? 0, 0));
  wire.ProduceAck.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? 0, -2147483648, 2147483647));
  wire.ProduceAck.addDurability(builder, body.durability ?? 0);
  wire.ProduceAck.addDuplicate(builder, body.duplicate ?? false);
  return wire.ProduceAck.endProduceAck(builder);
}

export interface ListOffset {
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  readonly start: wire.Start;
  /** The offset or the timestamp, as `start` says. */
  readonly value: Offset | Timestamp;
}

function decodeListOffset(table: wire.ListOffset): ListOffset {
  return {
    topicId: codec.decodeUuid(table.topicId()),
    partition: table.partition(),
    start: codec.decodeEnum(wire.Start, table.start(), "ListOffset.start"),
    value: codec.decodeSafeInteger(table.value(), 0, "ListOffset.value") as Offset | Timestamp,
  };
}

function encodeListOffset(builder: Builder, body: codec.Encodable<ListOffset>): codec.Reference {
  wire.ListOffset.startListOffset(builder);
  wire.ListOffset.addTopicId(builder, codec.encodeUuid(builder, body.topicId));
  wire.ListOffset.addPartition(builder, codec.encodeInteger(body.partition ?? 0, -2147483648, 2147483647));
  wire.ListOffset.addStart(builder, body.start ?? 0);
  wire.ListOffset.addValue(builder, codec.encodeSafeInteger(body.value ?? 0, 0));
  return wire.ListOffset.endListOffset(builder);
}

export interface ListOffsetResult {
  readonly offset: Offset;
  readonly timestamp: Timestamp;
  readonly leaderEpoch: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
}

function decodeListOffsetResult(table: wire.ListOffsetResult): ListOffsetResult {
  return {
    offset: codec.decodeSafeInteger(table.offset(), 0, "ListOffsetResult.offset") as Offset,
    timestamp: codec.decodeSafeInteger(table.timestamp(), -1, "ListOffsetResult.timestamp") as Timestamp,
    leaderEpoch: table.leaderEpoch(),
    logStartOffset: codec.decodeSafeInteger(table.logStartOffset(), 0, "ListOffsetResult.logStartOffset") as Offset,
    highWatermark: codec.decodeSafeInteger(table.highWatermark(), 0, "ListOffsetResult.highWatermark") as Offset,
    lastStableOffset: codec.decodeSafeInteger(table.lastStableOffset(), 0, "ListOffsetResult.lastStableOffset") as Offset,
  };
}

function encodeListOffsetResult(builder: Builder, body: codec.Encodable<ListOffsetResult>): codec.Reference {
  wire.ListOffsetResult.startListOffsetResult(builder);
  wire.ListOffsetResult.addOffset(builder, codec.encodeSafeInteger(body.offset ?? 0, 0));
  wire.ListOffsetResult.addTimestamp(builder, codec.encodeSafeInteger(body.timestamp ?? -1, -1));
  wire.ListOffsetResult.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? 0, -2147483648, 2147483647));
  wire.ListOffsetResult.addLogStartOffset(builder, codec.encodeSafeInteger(body.logStartOffset ?? 0, 0));
  wire.ListOffsetResult.addHighWatermark(builder, codec.encodeSafeInteger(body.highWatermark ?? 0, 0));
  wire.ListOffsetResult.addLastStableOffset(builder, codec.encodeSafeInteger(body.lastStableOffset ?? 0, 0));
  return wire.ListOffsetResult.endListOffsetResult(builder);
}

/** One answer: Data frames under this correlation id, the last of them marked `last`. */
export interface Fetch {
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly start: wire.Start;
  /** The offset or the timestamp, as `start` says. */
  readonly value: Offset | Timestamp;
  /** At least one batch is returned even if it is larger. */
  readonly bytesMax: number;
  readonly bytesMin: number;
  readonly waitMsMax: number;
  readonly readCommitted: boolean;
}

function decodeFetch(table: wire.Fetch): Fetch {
  return {
    topicId: codec.decodeUuid(table.topicId()),
    partition: table.partition(),
    leaderEpoch: table.leaderEpoch(),
    start: codec.decodeEnum(wire.Start, table.start(), "Fetch.start"),
    value: codec.decodeSafeInteger(table.value(), 0, "Fetch.value") as Offset | Timestamp,
    bytesMax: table.bytesMax(),
    bytesMin: table.bytesMin(),
    waitMsMax: table.waitMsMax(),
    readCommitted: table.readCommitted(),
  };
}

function encodeFetch(builder: Builder, body: codec.Encodable<Fetch>): codec.Reference {
  wire.Fetch.startFetch(builder);
  wire.Fetch.addTopicId(builder, codec.encodeUuid(builder, body.topicId));
  wire.Fetch.addPartition(builder, codec.encodeInteger(body.partition ?? 0, -2147483648, 2147483647));
  wire.Fetch.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? -1, -2147483648, 2147483647));
  wire.Fetch.addStart(builder, body.start ?? 0);
  wire.Fetch.addValue(builder, codec.encodeSafeInteger(body.value ?? 0, 0));
  wire.Fetch.addBytesMax(builder, codec.encodeInteger(body.bytesMax ?? 0, 0, 4294967295));
  wire.Fetch.addBytesMin(builder, codec.encodeInteger(body.bytesMin ?? 0, 0, 4294967295));
  wire.Fetch.addWaitMsMax(builder, codec.encodeInteger(body.waitMsMax ?? 0, 0, 4294967295));
  wire.Fetch.addReadCommitted(builder, body.readCommitted ?? false);
  return wire.Fetch.endFetch(builder);
}

/** Data frames arrive as long as there is credit. */
export interface Subscribe {
  /** Chosen by the client, unique on its connection, not 0. */
  readonly subscription: number;
  /** 16 bytes. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly start: wire.Start;
  /** The offset or the timestamp, as `start` says. */
  readonly value: Offset | Timestamp;
  /** Bytes. */
  readonly credit: number;
  readonly readCommitted: boolean;
}

function decodeSubscribe(table: wire.Subscribe): Subscribe {
  return {
    subscription: table.subscription(),
    topicId: codec.decodeUuid(table.topicId()),
    partition: table.partition(),
    leaderEpoch: table.leaderEpoch(),
    start: codec.decodeEnum(wire.Start, table.start(), "Subscribe.start"),
    value: codec.decodeSafeInteger(table.value(), 0, "Subscribe.value") as Offset | Timestamp,
    credit: table.credit(),
    readCommitted: table.readCommitted(),
  };
}

function encodeSubscribe(builder: Builder, body: codec.Encodable<Subscribe>): codec.Reference {
  wire.Subscribe.startSubscribe(builder);
  wire.Subscribe.addSubscription(builder, codec.encodeInteger(body.subscription ?? 0, 0, 4294967295));
  wire.Subscribe.addTopicId(builder, codec.encodeUuid(builder, body.topicId));
  wire.Subscribe.addPartition(builder, codec.encodeInteger(body.partition ?? 0, -2147483648, 2147483647));
  wire.Subscribe.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? -1, -2147483648, 2147483647));
  wire.Subscribe.addStart(builder, body.start ?? 0);
  wire.Subscribe.addValue(builder, codec.encodeSafeInteger(body.value ?? 0, 0));
  wire.Subscribe.addCredit(builder, codec.encodeInteger(body.credit ?? 0, 0, 4294967295));
  wire.Subscribe.addReadCommitted(builder, body.readCommitted ?? false);
  return wire.Subscribe.endSubscribe(builder);
}

export interface SubscribeResult {
  /** Where reading starts. */
  readonly offset: Offset;
  readonly leaderEpoch: number;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
}

function decodeSubscribeResult(table: wire.SubscribeResult): SubscribeResult {
  return {
    offset: codec.decodeSafeInteger(table.offset(), 0, "SubscribeResult.offset") as Offset,
    leaderEpoch: table.leaderEpoch(),
    logStartOffset: codec.decodeSafeInteger(table.logStartOffset(), 0, "SubscribeResult.logStartOffset") as Offset,
    highWatermark: codec.decodeSafeInteger(table.highWatermark(), 0, "SubscribeResult.highWatermark") as Offset,
    lastStableOffset: codec.decodeSafeInteger(table.lastStableOffset(), 0, "SubscribeResult.lastStableOffset") as Offset,
  };
}

function encodeSubscribeResult(builder: Builder, body: codec.Encodable<SubscribeResult>): codec.Reference {
  wire.SubscribeResult.startSubscribeResult(builder);
  wire.SubscribeResult.addOffset(builder, codec.encodeSafeInteger(body.offset ?? 0, 0));
  wire.SubscribeResult.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? 0, -2147483648, 2147483647));
  wire.SubscribeResult.addLogStartOffset(builder, codec.encodeSafeInteger(body.logStartOffset ?? 0, 0));
  wire.SubscribeResult.addHighWatermark(builder, codec.encodeSafeInteger(body.highWatermark ?? 0, 0));
  wire.SubscribeResult.addLastStableOffset(builder, codec.encodeSafeInteger(body.lastStableOffset ?? 0, 0));
  return wire.SubscribeResult.endSubscribeResult(builder);
}

/** More bytes may be sent to this subscription. */
export interface Credit {
  readonly subscription: number;
  readonly bytes: number;
}

function decodeCredit(table: wire.Credit): Credit {
  return {
    subscription: table.subscription(),
    bytes: table.bytes(),
  };
}

function encodeCredit(builder: Builder, body: codec.Encodable<Credit>): codec.Reference {
  wire.Credit.startCredit(builder);
  wire.Credit.addSubscription(builder, codec.encodeInteger(body.subscription ?? 0, 0, 4294967295));
  wire.Credit.addBytes(builder, codec.encodeInteger(body.bytes ?? 0, 0, 4294967295));
  return wire.Credit.endCredit(builder);
}

export interface Unsubscribe {
  readonly subscription: number;
}

function decodeUnsubscribe(table: wire.Unsubscribe): Unsubscribe {
  return {
    subscription: table.subscription(),
  };
}

function encodeUnsubscribe(builder: Builder, body: codec.Encodable<Unsubscribe>): codec.Reference {
  wire.Unsubscribe.startUnsubscribe(builder);
  wire.Unsubscribe.addSubscription(builder, codec.encodeInteger(body.subscription ?? 0, 0, 4294967295));
  return wire.Unsubscribe.endUnsubscribe(builder);
}

/** A slice of consecutive batches, at most 256 KiB; a larger batch comes in several slices. */
export interface Data {
  /** 0: the answer to the Fetch with this correlation id. */
  readonly subscription: number;
  /** Of the first batch in `bytes`, also where the slice begins inside it. */
  readonly baseOffset: Offset;
  /** Bytes of that batch that earlier slices carried. */
  readonly batchPosition: number;
  /** Fetch: nothing more follows. */
  readonly last: boolean;
  readonly logStartOffset: Offset;
  readonly highWatermark: Offset;
  readonly lastStableOffset: Offset;
  readonly leaderEpoch: number;
  readonly bytes: Uint8Array;
}

function decodeData(table: wire.Data): Data {
  return {
    subscription: table.subscription(),
    baseOffset: codec.decodeSafeInteger(table.baseOffset(), 0, "Data.baseOffset") as Offset,
    batchPosition: table.batchPosition(),
    last: table.last(),
    logStartOffset: codec.decodeSafeInteger(table.logStartOffset(), 0, "Data.logStartOffset") as Offset,
    highWatermark: codec.decodeSafeInteger(table.highWatermark(), 0, "Data.highWatermark") as Offset,
    lastStableOffset: codec.decodeSafeInteger(table.lastStableOffset(), 0, "Data.lastStableOffset") as Offset,
    leaderEpoch: table.leaderEpoch(),
    bytes: codec.decodeBytes(table.bytesArray()),
  };
}

function encodeData(builder: Builder, body: codec.Encodable<Data>): codec.Reference {
  const bytes = codec.encodeBytes(builder, body.bytes);
  wire.Data.startData(builder);
  wire.Data.addSubscription(builder, codec.encodeInteger(body.subscription ?? 0, 0, 4294967295));
  wire.Data.addBaseOffset(builder, codec.encodeSafeInteger(body.baseOffset ?? 0, 0));
  wire.Data.addBatchPosition(builder, codec.encodeInteger(body.batchPosition ?? 0, 0, 4294967295));
  wire.Data.addLast(builder, body.last ?? false);
  wire.Data.addLogStartOffset(builder, codec.encodeSafeInteger(body.logStartOffset ?? 0, 0));
  wire.Data.addHighWatermark(builder, codec.encodeSafeInteger(body.highWatermark ?? 0, 0));
  wire.Data.addLastStableOffset(builder, codec.encodeSafeInteger(body.lastStableOffset ?? 0, 0));
  wire.Data.addLeaderEpoch(builder, codec.encodeInteger(body.leaderEpoch ?? 0, -2147483648, 2147483647));
  wire.Data.addBytes(builder, bytes);
  return wire.Data.endData(builder);
}

/** A subscription ended by the broker. */
export interface SubscriptionEnd {
  readonly subscription: number;
  readonly error: Error;
}

function decodeSubscriptionEnd(table: wire.SubscriptionEnd): SubscriptionEnd {
  return {
    subscription: table.subscription(),
    error: decodeError(codec.present(table.error())),
  };
}

function encodeSubscriptionEnd(builder: Builder, body: codec.Encodable<SubscriptionEnd>): codec.Reference {
  const error = codec.encodeTable(builder, body.error, encodeError);
  wire.SubscriptionEnd.startSubscriptionEnd(builder);
  wire.SubscriptionEnd.addSubscription(builder, codec.encodeInteger(body.subscription ?? 0, 0, 4294967295));
  wire.SubscriptionEnd.addError(builder, error);
  return wire.SubscriptionEnd.endSubscriptionEnd(builder);
}

export type Done = Readonly<Record<never, never>>;

function decodeDone(): Done {
  return {};
}

function encodeDone(builder: Builder): codec.Reference {
  wire.Done.startDone(builder);
  return wire.Done.endDone(builder);
}

/** What a frame can carry, by name. */
export interface Bodies {
  readonly Hello: Hello;
  readonly Welcome: Welcome;
  readonly Window: Window;
  readonly WindowAck: WindowAck;
  readonly WindowRequest: WindowRequest;
  readonly Goodbye: Goodbye;
  readonly Error: Error;
  readonly Done: Done;
  readonly StatsRequest: StatsRequest;
  readonly StatsResult: StatsResult;
  readonly CreateTopic: CreateTopic;
  readonly DeleteTopic: DeleteTopic;
  readonly AlterTopic: AlterTopic;
  readonly DescribeTopics: DescribeTopics;
  readonly TopicsResult: TopicsResult;
  readonly InitProducer: InitProducer;
  readonly InitProducerResult: InitProducerResult;
  readonly Produce: Produce;
  readonly ProduceBegin: ProduceBegin;
  readonly ProduceGrant: ProduceGrant;
  readonly ProducePart: ProducePart;
  readonly ProduceAck: ProduceAck;
  readonly ListOffset: ListOffset;
  readonly ListOffsetResult: ListOffsetResult;
  readonly Fetch: Fetch;
  readonly Subscribe: Subscribe;
  readonly SubscribeResult: SubscribeResult;
  readonly Credit: Credit;
  readonly Unsubscribe: Unsubscribe;
  readonly Data: Data;
  readonly SubscriptionEnd: SubscriptionEnd;
  readonly ProduceProgress: ProduceProgress;
}

export const bodyDecoders: { readonly [Name in keyof Bodies]: (frame: wire.Frame) => Bodies[Name] } = {
  Hello: (frame) => decodeHello(frame.body(new wire.Hello())),
  Welcome: (frame) => decodeWelcome(frame.body(new wire.Welcome())),
  Window: (frame) => decodeWindow(frame.body(new wire.Window())),
  WindowAck: (frame) => decodeWindowAck(frame.body(new wire.WindowAck())),
  WindowRequest: (frame) => decodeWindowRequest(frame.body(new wire.WindowRequest())),
  Goodbye: (frame) => decodeGoodbye(frame.body(new wire.Goodbye())),
  Error: (frame) => decodeError(frame.body(new wire.Error())),
  Done: decodeDone,
  StatsRequest: decodeStatsRequest,
  StatsResult: (frame) => decodeStatsResult(frame.body(new wire.StatsResult())),
  CreateTopic: (frame) => decodeCreateTopic(frame.body(new wire.CreateTopic())),
  DeleteTopic: (frame) => decodeDeleteTopic(frame.body(new wire.DeleteTopic())),
  AlterTopic: (frame) => decodeAlterTopic(frame.body(new wire.AlterTopic())),
  DescribeTopics: (frame) => decodeDescribeTopics(frame.body(new wire.DescribeTopics())),
  TopicsResult: (frame) => decodeTopicsResult(frame.body(new wire.TopicsResult())),
  InitProducer: (frame) => decodeInitProducer(frame.body(new wire.InitProducer())),
  InitProducerResult: (frame) => decodeInitProducerResult(frame.body(new wire.InitProducerResult())),
  Produce: (frame) => decodeProduce(frame.body(new wire.Produce())),
  ProduceBegin: (frame) => decodeProduceBegin(frame.body(new wire.ProduceBegin())),
  ProduceGrant: (frame) => decodeProduceGrant(frame.body(new wire.ProduceGrant())),
  ProducePart: (frame) => decodeProducePart(frame.body(new wire.ProducePart())),
  ProduceAck: (frame) => decodeProduceAck(frame.body(new wire.ProduceAck())),
  ListOffset: (frame) => decodeListOffset(frame.body(new wire.ListOffset())),
  ListOffsetResult: (frame) => decodeListOffsetResult(frame.body(new wire.ListOffsetResult())),
  Fetch: (frame) => decodeFetch(frame.body(new wire.Fetch())),
  Subscribe: (frame) => decodeSubscribe(frame.body(new wire.Subscribe())),
  SubscribeResult: (frame) => decodeSubscribeResult(frame.body(new wire.SubscribeResult())),
  Credit: (frame) => decodeCredit(frame.body(new wire.Credit())),
  Unsubscribe: (frame) => decodeUnsubscribe(frame.body(new wire.Unsubscribe())),
  Data: (frame) => decodeData(frame.body(new wire.Data())),
  SubscriptionEnd: (frame) => decodeSubscriptionEnd(frame.body(new wire.SubscriptionEnd())),
  ProduceProgress: (frame) => decodeProduceProgress(frame.body(new wire.ProduceProgress())),
};

export const bodyEncoders: {
  readonly [Name in keyof Bodies]: (builder: Builder, body: codec.Encodable<Bodies[Name]>) => codec.Reference;
} = {
  Hello: encodeHello,
  Welcome: encodeWelcome,
  Window: encodeWindow,
  WindowAck: encodeWindowAck,
  WindowRequest: encodeWindowRequest,
  Goodbye: encodeGoodbye,
  Error: encodeError,
  Done: encodeDone,
  StatsRequest: encodeStatsRequest,
  StatsResult: encodeStatsResult,
  CreateTopic: encodeCreateTopic,
  DeleteTopic: encodeDeleteTopic,
  AlterTopic: encodeAlterTopic,
  DescribeTopics: encodeDescribeTopics,
  TopicsResult: encodeTopicsResult,
  InitProducer: encodeInitProducer,
  InitProducerResult: encodeInitProducerResult,
  Produce: encodeProduce,
  ProduceBegin: encodeProduceBegin,
  ProduceGrant: encodeProduceGrant,
  ProducePart: encodeProducePart,
  ProduceAck: encodeProduceAck,
  ListOffset: encodeListOffset,
  ListOffsetResult: encodeListOffsetResult,
  Fetch: encodeFetch,
  Subscribe: encodeSubscribe,
  SubscribeResult: encodeSubscribeResult,
  Credit: encodeCredit,
  Unsubscribe: encodeUnsubscribe,
  Data: encodeData,
  SubscriptionEnd: encodeSubscriptionEnd,
  ProduceProgress: encodeProduceProgress,
};
