/**
 * What the binary protocol costs per frame, beside what flatc's accessors and Builder cost for the same.
 *
 *   node bench/micro/protocol.ts
 *
 * Each sample is a thousand operations, so that the clock does not count; the column is nanoseconds of one.
 */
import { Builder, ByteBuffer } from "flatbuffers";
import { Bench } from "tinybench";
import type { Offset } from "../../src/base/units.ts";
import { CREDIT_FRAME_SIZE, CreditReader, writeCredit } from "../../src/protocol/credit.ts";
import { DATA_PREFIX_SIZE, DataEncoder, type DataHeader, DataReader } from "../../src/protocol/data.ts";
import type { ProduceAck, TopicsResult } from "../../src/protocol/generated/messages.ts";
import * as wire from "../../src/protocol/generated/wire.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/messages.ts";
import { PRODUCE_ENVELOPE_SIZE, ProduceEnvelope, ProduceReader } from "../../src/protocol/produce.ts";
import { ProduceAckEncoder, ProduceAckReader } from "../../src/protocol/produce-ack.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { CLIENT_HEADER_SIZE_MAX, MessageReader, Opcode, writeClientHeader } from "../../src/protocol/websocket.ts";

const OPERATIONS = 1000;

const topicId = Uint8Array.from({ length: 16 }, (_, index) => index);
const offsets = {
  logStartOffset: 0 as Offset,
  highWatermark: 9_000_000_000 as Offset,
  lastStableOffset: 9_000_000_000 as Offset,
};
const ack: ProduceAck = {
  baseOffset: 8_999_999_000 as Offset,
  ...offsets,
  leaderEpoch: 5,
  durability: wire.Durability.Disk,
  duplicate: false,
};
const header: DataHeader = {
  subscription: 1,
  baseOffset: 8_999_999_000 as Offset,
  batchPosition: 0,
  last: false,
  ...offsets,
  leaderEpoch: 5,
};
const topics: TopicsResult = {
  topics: Array.from({ length: 100 }, (_, index) => ({
    name: `topic-${index}`,
    topicId,
    durability: wire.Durability.Disk,
    maxMessageBytes: 1 << 20,
    partitions: [
      {
        partition: 0,
        leader: 1,
        leaderEpoch: 5,
        ...offsets,
        logEndOffset: 9_000_000_000 as Offset,
        durableEndOffset: 9_000_000_000 as Offset,
        error: 0,
      },
    ],
    internal: false,
  })),
};

const BATCH_SIZE = 1024;
const envelope = new ProduceEnvelope({ topicId, partition: 3, leaderEpoch: 5 });
const produceFrame = new Uint8Array(PRODUCE_ENVELOPE_SIZE + BATCH_SIZE);
envelope.write(produceFrame, 0, 7, BATCH_SIZE);
const batch = produceFrame.subarray(PRODUCE_ENVELOPE_SIZE);
const ackEncoder = new ProduceAckEncoder();
const ackFrame = ackEncoder.encode(7, ack).slice();
const dataEncoder = new DataEncoder();
const dataFrame = new Uint8Array(DATA_PREFIX_SIZE + 65_536);
dataFrame.set(dataEncoder.encodePrefix(0, header, 65_536));
const creditFrame = new Uint8Array(CREDIT_FRAME_SIZE);
writeCredit(creditFrame, 0, 1, 65_536);
const deleteFrame = encodeMessage("DeleteTopic", 7, { name: "leaves" });
const fetch = { topicId, partition: 3, start: wire.Start.Offset, value: 42 as Offset, bytesMax: 1 << 20 };
const fetchFrame = encodeMessage("Fetch", 7, fetch);
const topicsFrame = encodeMessage("TopicsResult", 7, topics);
const headerTarget = new Uint8Array(CLIENT_HEADER_SIZE_MAX);
const socketBytes = new Uint8Array(4 + 1000);
socketBytes.set([0x80 | Opcode.Binary, 126, 1000 >> 8, 1000]);

const frame = new FrameReader(ANSWER_BYTES_MAX);
const produce = new ProduceReader();
const ackReader = new ProduceAckReader();
const data = new DataReader();
const credit = new CreditReader();
const messageReader = new MessageReader(ANSWER_BYTES_MAX);
const builder = new Builder(4096);
const reusedBuffer = new ByteBuffer(produceFrame);
const accessor = new wire.Frame();
const produceAccessor = new wire.Produce();

/** Keeps results alive. */
let sink = 0;

const tasks: Readonly<Record<string, (round: number) => void>> = {
  "verify and read Produce": () => {
    frame.verify(produceFrame);
    produce.read(frame);
    sink += produce.batchSize;
  },
  "the same, with the view of its ArrayBuffer": () => {
    frame.verify(new Uint8Array(produceFrame.buffer));
    produce.read(frame);
    sink += produce.batchSize;
  },
  "flatc: read Produce unverified, everything reused": () => {
    wire.Frame.getRootAsFrame(reusedBuffer, accessor).body(produceAccessor);
    sink += produceAccessor.partition() + produceAccessor.leaderEpoch() + produceAccessor.acks();
    sink += accessor.correlation() + produceAccessor.batchLength();
  },
  "verify and read Credit": () => {
    frame.verify(creditFrame);
    credit.read(frame);
    sink += credit.bytes;
  },
  "verify and read ProduceAck": () => {
    frame.verify(ackFrame);
    ackReader.read(frame);
    sink += ackReader.baseOffset;
  },
  "verify and read Data": () => {
    frame.verify(dataFrame);
    data.read(frame);
    sink += data.bytesSize;
  },
  "write the envelope of a Produce": (round) => envelope.write(produceFrame, 0, round, BATCH_SIZE),
  "flatc: build a Produce of 1 KiB, Builder reused": (round) => {
    builder.clear();
    const bytes = builder.createByteVector(batch);
    wire.Produce.startProduce(builder);
    wire.Produce.addTopicId(builder, wire.Uuid.createUuid(builder, []));
    wire.Produce.addPartition(builder, 3);
    wire.Produce.addLeaderEpoch(builder, 5);
    wire.Produce.addBatch(builder, bytes);
    const body = wire.Produce.endProduce(builder);
    wire.Frame.finishFrameBuffer(builder, wire.Frame.createFrame(builder, round, wire.Body.Produce, body));
    sink += builder.asUint8Array().length;
  },
  "encode ProduceAck": (round) => {
    sink += ackEncoder.encode(round, ack).length;
  },
  "encode the prefix of Data": (round) => {
    sink += dataEncoder.encodePrefix(round, header, 65_536).length;
  },
  "encode DeleteTopic": (round) => {
    sink += encodeMessage("DeleteTopic", round, { name: "leaves" }).length;
  },
  "verify and decode DeleteTopic": () => {
    frame.verify(deleteFrame);
    sink += decodeMessage(frame).correlation;
  },
  "encode Fetch": (round) => {
    sink += encodeMessage("Fetch", round, fetch).length;
  },
  "verify and decode Fetch": () => {
    frame.verify(fetchFrame);
    sink += decodeMessage(frame).correlation;
  },
  "write a client's WebSocket header": () => writeClientHeader(headerTarget, 0, Opcode.Binary, 65_536),
  "find a server's WebSocket message": () => {
    messageReader.read(socketBytes, 0, socketBytes.length);
    sink += messageReader.payloadSize;
  },
};

const large: Readonly<Record<string, () => void>> = {
  "encode TopicsResult of 100 topics": () => {
    sink += encodeMessage("TopicsResult", 7, topics).length;
  },
  "verify TopicsResult of 100 topics": () => {
    frame.verify(topicsFrame);
    sink += frame.correlation;
  },
  "verify and decode TopicsResult of 100 topics": () => {
    frame.verify(topicsFrame);
    sink += decodeMessage(frame).correlation;
  },
};

const bench = new Bench({ time: 500, warmupTime: 200 });
for (const [name, task] of Object.entries(tasks)) {
  bench.add(name, () => {
    for (let round = 0; round < OPERATIONS; round++) task(round);
  });
}
for (const [name, task] of Object.entries(large)) bench.add(name, task);
await bench.run();

for (const { name, result } of bench.tasks) {
  if (result.state !== "completed") throw new Error(`${name} did not complete`);
  const nanoseconds = (milliseconds: number) =>
    ((milliseconds * 1e6) / (Object.hasOwn(tasks, name) ? OPERATIONS : 1)).toFixed(0).padStart(8);
  console.log(`${nanoseconds(result.latency.p50)} ns (least ${nanoseconds(result.latency.min)})  ${name}`);
}
if (sink === 0) throw new Error("nothing was measured");
