/**
 * Requests that are answered by one frame some time later: topics, producer ids, offsets, stats. Each takes the request's body
 * and returns the answer's type and body; what is thrown is answered as an Error.
 */
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { topicIdFromBytes, topicIdToBytes } from "../base/topic-id.ts";
import type { Offset, Timestamp } from "../base/units.ts";
import type { Broker } from "../broker/broker.ts";
import type { Partition } from "../broker/partition.ts";
import type { PartitionNumbers } from "../broker/produce-owner.ts";
import { resolveStart, type StartAt } from "../broker/start-offset.ts";
import type { Topic } from "../broker/topic.ts";
import type { TopicConfig } from "../broker/topic-config.ts";
import { describedSettings, type TopicSettings } from "../broker/topic-settings.ts";
import type { Encodable } from "../protocol/field-codec.ts";
import type {
  AlterTopic,
  Bodies,
  CreateTopic,
  DeleteTopic,
  DescribeTopics,
  InitProducer,
  ListOffset,
  PartitionInfo,
  TopicInfo,
} from "../protocol/generated/messages.ts";
import { Durability, Start } from "../protocol/generated/wire.ts";
import type { BodyName } from "../protocol/messages.ts";
import { errorBody } from "../protocol/wire-error.ts";
import { BATCH_HEADER_SIZE } from "../wasm/layout.ts";

export type Answer = { readonly [Name in BodyName]: readonly [Name, Encodable<Bodies[Name]>] }[BodyName];

/** Topics that one request may name. */
const NAMES_MAX = 10_000;

const durabilities = { disk: Durability.Disk, os: Durability.Os, memory: Durability.Memory } as const;

export function durabilityOf(topic: TopicConfig): Durability {
  return durabilities[topic.logSettings.durability];
}

export function stats(facts: unknown): Answer {
  return ["StatsResult", { json: JSON.stringify(facts) }];
}

/** @returns what is to be answered: a description */
export async function createTopic(broker: Broker, body: CreateTopic): Promise<DescribeTopics> {
  const settings = (body.settings ?? []).map(({ key, value }): [string, string] => [key, value]);
  await broker.topics.create({ name: body.name, partitions: body.partitions, settings }, body.validateOnly);
  return { names: body.validateOnly ? [] : [body.name], settings: true };
}

export async function deleteTopic(broker: Broker, body: DeleteTopic): Promise<Answer> {
  await broker.topics.delete(body.name);
  return ["Done", {}];
}

/** @returns what is to be answered: a description */
export async function alterTopic(broker: Broker, body: AlterTopic): Promise<DescribeTopics> {
  const set = (body.set ?? []).map(({ key, value }): [string, string | null] => [key, value]);
  const unset = (body.unset ?? []).map((key): [string, string | null] => [key, null]);
  const change = { settings: [...set, ...unset], ...(body.partitions !== -1 && { partitions: body.partitions }) };
  await broker.topics.alter(body.name, change, body.validateOnly);
  return { names: [body.name], settings: true };
}

export async function describeTopics(broker: Broker, body: DescribeTopics): Promise<Answer> {
  if ((body.names?.length ?? 0) > NAMES_MAX)
    throw new BrokerError("INVALID_REQUEST", `at most ${NAMES_MAX} topics are described by name`);
  // A name that comes again would cost the same again.
  const names = new Set(body.names ?? [...broker.topics].map(({ config }) => config.name));
  const topics = await Promise.all(
    Array.from(names, (name): Encodable<TopicInfo> | Promise<Encodable<TopicInfo>> => {
      const topic = broker.topics.get(name);
      if (topic !== undefined) return describeTopic(topic, body.settings ? broker.topics.defaults : null);
      return { name, error: errorBody(new BrokerError("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${name}`)) };
    }),
  );
  return ["TopicsResult", { topics }];
}

/** @param defaults to hold its settings against; null: without settings */
async function describeTopic(
  { config, partitions }: Topic,
  defaults: TopicSettings | null,
): Promise<Encodable<TopicInfo>> {
  return {
    name: config.name,
    topicId: topicIdToBytes(config.id),
    durability: durabilityOf(config),
    maxMessageBytes: config.settings["max.message.bytes"],
    partitions: await Promise.all(partitions.map(describePartition)),
    ...(defaults !== null && {
      settings: describedSettings(config.settings).map((key) => ({
        key,
        value: String(config.settings[key]),
        isDefault: config.settings[key] === defaults[key],
      })),
    }),
  };
}

async function describePartition(partition: Partition): Promise<Encodable<PartitionInfo>> {
  // After an unclean stop only the log itself knows its end. A log that cannot be opened is described with its error.
  await partition.ensureCertain().catch(() => {});
  return {
    partition: partition.index,
    leader: 1,
    leaderEpoch: partition.leaderEpoch,
    logStartOffset: partition.logStartOffset as Offset,
    highWatermark: partition.highWatermark as Offset,
    lastStableOffset: partition.lastStableOffset as Offset,
    logEndOffset: partition.logEndOffset as Offset,
    durableEndOffset: partition.durableEndOffset as Offset,
    error: partition.log.error?.wireCode ?? 0,
  };
}

export async function initProducer(broker: Broker, body: InitProducer): Promise<Answer> {
  if (body.producerId < 0n)
    return ["InitProducerResult", { producerId: BigInt(await broker.producerIds.next()), producerEpoch: 0 }];
  if (body.producerEpoch < 0)
    throw new BrokerError("INVALID_REQUEST", `producer ${body.producerId} has no epoch ${body.producerEpoch}`);
  const epoch = body.producerEpoch + 1;
  // After the last epoch comes a new id, as in Kafka. So it does for an id of another broker, which somebody may yet be given here.
  if (epoch > 32767 || !broker.producerIds.isTaken(Number(body.producerId)))
    return ["InitProducerResult", { producerId: BigInt(await broker.producerIds.next()), producerEpoch: 0 }];
  return ["InitProducerResult", { producerId: body.producerId, producerEpoch: epoch }];
}

export async function listOffset(broker: Broker, body: ListOffset): Promise<Answer> {
  const partition = broker.topics.partition(topicIdFromBytes(body.topicId), body.partition);
  const offset = await resolveWithNumbers(broker, partition, body);
  const { leaderEpoch, logStartOffset, highWatermark, lastStableOffset } = partition;
  return [
    "ListOffsetResult",
    {
      offset: offset as Offset,
      timestamp: -1 as Timestamp,
      leaderEpoch,
      logStartOffset: logStartOffset as Offset,
      highWatermark: highWatermark as Offset,
      lastStableOffset: lastStableOffset as Offset,
    },
  ];
}

/** @throws BrokerError with the partition's numbers (contract A5) */
export async function resolveWithNumbers(
  broker: Broker,
  partition: Partition,
  { start, value }: Pick<ListOffset, "start" | "value">,
): Promise<number> {
  try {
    return await resolveStart(broker.store, partition, startOf(start, value));
  } catch (error) {
    throw withNumbers(asBrokerError(error), partition);
  }
}

/** Where a request wants to begin. */
function startOf(start: Start, value: number): StartAt {
  if (start === Start.Earliest) return { kind: "earliest" };
  if (start === Start.Latest) return { kind: "latest" };
  return start === Start.Timestamp ? { kind: "timestamp", value } : { kind: "offset", value };
}

/** The partition's numbers go with every error that concerns it (contract A5). */
export function withNumbers(error: BrokerError, partition: PartitionNumbers): BrokerError {
  const { logStartOffset, highWatermark, lastStableOffset, leaderEpoch } = partition;
  const details = { logStartOffset, highWatermark, lastStableOffset, leaderEpoch, ...error.details };
  return new BrokerError(error.code, error.message, { details, cause: error.cause });
}

/** KIP-320: a client that knows another epoch must look again before it goes on. -1: the client does not say. */
export function checkLeaderEpoch(partition: PartitionNumbers, epoch: number): void {
  if (epoch < 0 || epoch === partition.leaderEpoch) return;
  const code = epoch < partition.leaderEpoch ? "FENCED_LEADER_EPOCH" : "UNKNOWN_LEADER_EPOCH";
  throw withNumbers(
    new BrokerError(code, `the partition's leader epoch is ${partition.leaderEpoch}, not ${epoch}`),
    partition,
  );
}

/** What can be said of a batch before it takes memory. @throws BrokerError CORRUPT_BATCH, MESSAGE_TOO_LARGE */
export function checkBatchSize({ topic }: PartitionNumbers, size: number): void {
  if (size < BATCH_HEADER_SIZE)
    throw new BrokerError("CORRUPT_BATCH", `a batch has at least ${BATCH_HEADER_SIZE} bytes, not ${size}`);
  const sizeMax = topic.settings["max.message.bytes"];
  if (size > sizeMax)
    throw new BrokerError("MESSAGE_TOO_LARGE", `the batch has ${size} bytes; max.message.bytes is ${sizeMax}`);
}

/** 0: no answer; 1 and -1: after the topic's durability. @throws BrokerError INVALID_REQUEST */
export function checkAcks(acks: number): void {
  if (acks < -1 || acks > 1) throw new BrokerError("INVALID_REQUEST", `acks are 0, 1 or -1, not ${acks}`);
}
