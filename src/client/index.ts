/**
 * Cambium's client, for Node and browsers.
 *
 *   import { connect } from "cambium/client";
 *   const client = await connect({ server: "127.0.0.1:4500" });
 *   const producer = await client.producer({ topic: "orders" });
 *   const { partition, offset } = await producer.send({ key: "42", value: "paid" });
 *   for await (const record of client.consumer({ topic: "orders", from: "earliest" })) console.log(record.valueText());
 */
export { BrokerError, type ErrorName } from "../base/errors.ts";
export { type Client, connect, type OffsetResult } from "./client.ts";
export type { Compression } from "./compression.ts";
export type { ConsumedRecord, Header } from "./consumed-record.ts";
export type { Consumer, PartitionPosition } from "./consumer.ts";
export type { ConsumerOptions, RetriedRead, SkippedOffsets, StartPosition } from "./consumer-options.ts";
export type { FetchOptions, FetchResult } from "./fetch.ts";
export type { ConnectOptions } from "./options.ts";
export { murmur2, type Partitioner, partitionOfKey } from "./partitioner.ts";
export type { Producer } from "./producer.ts";
export type { BatchAck, FailedBatch, ProducerOptions } from "./producer-options.ts";
export type { Ack, ProducerRecord } from "./producer-record.ts";
export type { KeylessRule } from "./producer-topic.ts";
export type { RecordBatch } from "./record-batch.ts";
export type { RecordCursor } from "./record-cursor.ts";
export type { Headers, Payload } from "./record-encoder.ts";
export type {
  DurabilityName,
  NewTopic,
  PartitionDescription,
  TopicChange,
  TopicDescription,
  Topics,
} from "./topics.ts";
export type { WaitOptions } from "./until-aborted.ts";
