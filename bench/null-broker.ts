/**
 * A broker that keeps nothing: it verifies what it is sent as ours does, and acknowledges it. What a generator reaches here is
 * the most that it could reach anywhere.
 *
 *   node bench/null-broker.ts PORT
 */
import { createHash } from "node:crypto";
import { BrokerError } from "../src/base/errors.ts";
import type { Offset } from "../src/base/units.ts";
import { SUBPROTOCOL, WEBSOCKET_PATH } from "../src/protocol/endpoint.ts";
import type { Encodable } from "../src/protocol/field-codec.ts";
import type { Bodies } from "../src/protocol/generated/messages.ts";
import { Body, Durability } from "../src/protocol/generated/wire.ts";
import { BATCH_BYTES_INLINE_MAX, PROTOCOL_VERSION, REQUEST_BYTES_MAX } from "../src/protocol/limits.ts";
import { type BodyName, decodeMessage, encodeMessage, type Message } from "../src/protocol/messages.ts";
import { ProduceReader } from "../src/protocol/produce.ts";
import { ProduceAckEncoder } from "../src/protocol/produce-ack.ts";
import { FrameReader } from "../src/protocol/verifier.ts";
import { errorBody } from "../src/protocol/wire-error.ts";
import { loadUws } from "../src/server/uws.ts";
import { BATCH_LAST_OFFSET_DELTA_AT } from "../src/wasm/layout.ts";

const port = Number(process.argv[2]);
const WINDOW = 64 * 1024 * 1024;
const topicId = createHash("md5").update("null").digest();
const PARTITIONS = 64;
const ends = new Array<number>(PARTITIONS).fill(0);
const reader = new FrameReader(REQUEST_BYTES_MAX);
const produce = new ProduceReader();
const ack = new ProduceAckEncoder();

function numbersOf(end: number): Omit<Bodies["ProduceAck"], "baseOffset" | "durability" | "duplicate"> {
  const offset = end as Offset;
  return { logStartOffset: 0 as Offset, highWatermark: offset, lastStableOffset: offset, leaderEpoch: 1 };
}

/** @returns the answer to a batch, in memory that the next one overwrites */
function acknowledge(frame: FrameReader): Uint8Array {
  produce.read(frame);
  const { batchAt, partition } = produce;
  const { buffer, byteOffset } = frame.bytes;
  const baseOffset = (ends[partition] ?? 0) as Offset;
  ends[partition] = baseOffset + new DataView(buffer, byteOffset + batchAt).getInt32(BATCH_LAST_OFFSET_DELTA_AT) + 1;
  return ack.encode(frame.correlation, {
    baseOffset,
    ...numbersOf(ends[partition]!),
    durability: Durability.Memory,
    duplicate: false,
  });
}

function answer(message: Message): Uint8Array | null {
  const { correlation } = message;
  const say = <Name extends BodyName>(type: Name, body: Encodable<Bodies[Name]>): Uint8Array =>
    encodeMessage(type, correlation, body);
  switch (message.type) {
    case "Hello":
      return say("Welcome", {
        version: PROTOCOL_VERSION,
        clusterId: new Uint8Array(16),
        broker: "null",
        window: WINDOW,
        frameBytesMax: REQUEST_BYTES_MAX,
        batchBytesInlineMax: BATCH_BYTES_INLINE_MAX,
      });
    case "InitProducer":
      return say("InitProducerResult", { producerId: 1n, producerEpoch: 0 });
    case "DescribeTopics": {
      const partitions = ends.map((end, partition) => {
        const { logStartOffset, highWatermark, lastStableOffset, leaderEpoch } = numbersOf(end);
        const logEndOffset = highWatermark;
        return {
          partition,
          logStartOffset,
          highWatermark,
          lastStableOffset,
          leaderEpoch,
          logEndOffset,
          durableEndOffset: logEndOffset,
        };
      });
      const topic = { topicId, durability: Durability.Memory, maxMessageBytes: 2 * BATCH_BYTES_INLINE_MAX, partitions };
      return say("TopicsResult", { topics: (message.body.names ?? []).map((name) => ({ ...topic, name })) });
    }
    default:
      return say("Error", errorBody(new BrokerError("INVALID_REQUEST", `the null broker answers no ${message.type}`)));
  }
}

const uws = await loadUws();
uws
  .App()
  .ws(WEBSOCKET_PATH, {
    maxPayloadLength: REQUEST_BYTES_MAX,
    upgrade: (response, request, context) => {
      const header = (name: string): string => request.getHeader(name);
      response.upgrade({}, header("sec-websocket-key"), SUBPROTOCOL, header("sec-websocket-extensions"), context);
    },
    message: (socket, bytes) => {
      const fault = reader.verify(new Uint8Array(bytes));
      if (fault !== null) {
        socket.close();
        return;
      }
      const frame = reader.bodyType === Body.Produce ? acknowledge(reader) : answer(decodeMessage(reader));
      if (frame !== null) socket.send(frame, true);
    },
  })
  .listen("127.0.0.1", port, (socket) => {
    if (socket === false) throw new Error(`port ${port} is taken`);
  });
