import { BrokerError } from "../../src/base/errors.ts";
import { CreditReader } from "../../src/protocol/credit.ts";
import { DataReader } from "../../src/protocol/data.ts";
import { Body } from "../../src/protocol/generated/wire.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { decodeMessage } from "../../src/protocol/messages.ts";
import { ProduceReader } from "../../src/protocol/produce.ts";
import { ProduceAckReader } from "../../src/protocol/produce-ack.ts";
import { ProducePartReader } from "../../src/protocol/produce-part.ts";
import { type FrameFault, FrameReader } from "../../src/protocol/verifier.ts";
import { walkFrame } from "./walk-frame.ts";

const CANARY = 0xa5;
const MARGIN = 64;

const frame = new FrameReader(ANSWER_BYTES_MAX);
const produce = new ProduceReader();
const producePart = new ProducePartReader();
const produceAck = new ProduceAckReader();
const data = new DataReader();
const credit = new CreditReader();

/** @returns bytes of text and byte vectors in a decoded message */
function decodedSize(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, child) => sum + decodedSize(child), 0);
}

function decode(): void {
  const { bodyType } = frame;
  if (bodyType === Body.Produce) produce.read(frame);
  if (bodyType === Body.ProducePart) producePart.read(frame);
  if (bodyType === Body.ProduceAck) produceAck.read(frame);
  if (bodyType === Body.Data) data.read(frame);
  if (bodyType === Body.Credit) credit.read(frame);
  if (bodyType === Body.Produce && produce.batchAt + produce.batchSize > frame.bytes.length)
    throw new RangeError("the batch reaches outside the frame");
  if (bodyType === Body.ProducePart && producePart.bytesAt + producePart.bytesSize > frame.bytes.length)
    throw new RangeError("the part reaches outside the frame");
  if (bodyType === Body.Data && data.bytesAt + data.bytesSize > frame.bytes.length)
    throw new RangeError("the slice reaches outside the frame");
  const size = decodedSize(decodeMessage(frame));
  if (size > 2 * frame.bytes.length) throw new RangeError(`a frame of ${frame.bytes.length} bytes decodes to ${size}`);
}

/**
 * All that must hold of any bytes: verifying them does not throw, and if they are accepted, nothing that reads them
 * reads anything else, and what cannot be decoded is a typed error.
 *
 * @returns what the verifier said
 * @throws whatever breaks that
 */
export function checkFrame(bytes: Uint8Array): FrameFault | null {
  const memory = new Uint8Array(bytes.length + 2 * MARGIN).fill(CANARY);
  memory.set(bytes, MARGIN);
  const framed = memory.subarray(MARGIN, MARGIN + bytes.length);
  const fault = frame.verify(framed);
  if (fault !== null) return fault;
  walkFrame(framed);
  try {
    decode();
  } catch (error) {
    if (!(error instanceof BrokerError) || error.code !== "PROTOCOL_VIOLATION") throw error;
  }
  return null;
}
