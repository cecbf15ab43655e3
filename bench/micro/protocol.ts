/** What the binary protocol costs per frame, beside what flatc's accessors and Builder cost for the same. */
import { Builder, ByteBuffer } from "flatbuffers";
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
import type { Benchmark } from "../gauge/benchmark.ts";
import type { CalibrationName } from "../gauge/calibration.ts";
import { runSuite } from "../gauge/suite.ts";

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

/** Every frame that is written is another one. */
let round = 0;

type Runs = Readonly<Record<string, () => number>>;

const inPlace: Runs = {
  "verify and read Produce": () => {
    frame.verify(produceFrame);
    produce.read(frame);
    return produce.batchSize;
  },
  "flatc: read Produce unverified, everything reused": () => {
    wire.Frame.getRootAsFrame(reusedBuffer, accessor).body(produceAccessor);
    const numbers = produceAccessor.partition() + produceAccessor.leaderEpoch() + produceAccessor.acks();
    return numbers + accessor.correlation() + produceAccessor.batchLength();
  },
  "verify and read Credit": () => {
    frame.verify(creditFrame);
    credit.read(frame);
    return credit.bytes;
  },
  "verify and read ProduceAck": () => {
    frame.verify(ackFrame);
    ackReader.read(frame);
    return ackReader.baseOffset;
  },
  "verify and read Data": () => {
    frame.verify(dataFrame);
    data.read(frame);
    return data.bytesSize;
  },
  "write the envelope of a Produce": () => {
    envelope.write(produceFrame, 0, ++round, BATCH_SIZE);
    return produceFrame[0]!;
  },
  "encode ProduceAck": () => ackEncoder.encode(++round, ack).length,
  "encode the prefix of Data": () => dataEncoder.encodePrefix(++round, header, 65_536).length,
  "verify TopicsResult of 100 topics": () => {
    frame.verify(topicsFrame);
    return frame.correlation;
  },
  "write a client's WebSocket header": () => {
    writeClientHeader(headerTarget, 0, Opcode.Binary, 65_536);
    return headerTarget[0]!;
  },
  "find a server's WebSocket message": () => {
    messageReader.read(socketBytes, 0, socketBytes.length);
    return messageReader.payloadSize;
  },
};

const allocating: Runs = {
  "verify and read Produce, with the view of its ArrayBuffer": () => {
    frame.verify(new Uint8Array(produceFrame.buffer));
    produce.read(frame);
    return produce.batchSize;
  },
  "flatc: build a Produce of 1 KiB, Builder reused": () => {
    builder.clear();
    const bytes = builder.createByteVector(batch);
    wire.Produce.startProduce(builder);
    wire.Produce.addTopicId(builder, wire.Uuid.createUuid(builder, []));
    wire.Produce.addPartition(builder, 3);
    wire.Produce.addLeaderEpoch(builder, 5);
    wire.Produce.addBatch(builder, bytes);
    const body = wire.Produce.endProduce(builder);
    wire.Frame.finishFrameBuffer(builder, wire.Frame.createFrame(builder, ++round, wire.Body.Produce, body));
    return builder.asUint8Array().length;
  },
  "encode DeleteTopic": () => encodeMessage("DeleteTopic", ++round, { name: "leaves" }).length,
  "verify and decode DeleteTopic": () => {
    frame.verify(deleteFrame);
    return decodeMessage(frame).correlation;
  },
  "encode Fetch": () => encodeMessage("Fetch", ++round, fetch).length,
  "verify and decode Fetch": () => {
    frame.verify(fetchFrame);
    return decodeMessage(frame).correlation;
  },
  "encode TopicsResult of 100 topics": () => encodeMessage("TopicsResult", ++round, topics).length,
  "verify and decode TopicsResult of 100 topics": () => {
    frame.verify(topicsFrame);
    return decodeMessage(frame).correlation;
  },
};

const benchmarksOf = (runs: Runs, calibration: CalibrationName): Benchmark[] =>
  Object.entries(runs).map(([name, run]) => ({ name, calibration, run }));

runSuite([...benchmarksOf(inPlace, "integers"), ...benchmarksOf(allocating, "objects")]);
