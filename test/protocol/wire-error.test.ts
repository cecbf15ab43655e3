import { expect, test } from "vitest";
import { BrokerError, isRetriable } from "../../src/base/errors.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/messages.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { brokerError, errorBody } from "../../src/protocol/wire-error.ts";

function received(frame: Uint8Array): BrokerError {
  const reader = new FrameReader(ANSWER_BYTES_MAX);
  reader.verify(frame);
  const message = decodeMessage(reader);
  if (message.type !== "Error") throw new Error("an Error came out as something else");
  return brokerError(message.body);
}

const sent = (error: BrokerError) => received(encodeMessage("Error", 5, errorBody(error)));

test("an error arrives with its code, message and the partition's numbers", () => {
  const details = { nextOffset: 42, logStartOffset: 0, highWatermark: 100, leaderEpoch: 3 };
  const error = sent(new BrokerError("CORRUPT_BATCH", "the batch at 41 is damaged", { details }));
  expect(error).toMatchObject({ code: "CORRUPT_BATCH", message: "the batch at 41 is damaged", retriable: false });
  expect(error.details).toEqual(details);
});

test("details that the schema has no field for stay where they are", () => {
  const error = sent(new BrokerError("BUSY", "no memory", { details: { file: "/data/0.log", leaderEpoch: 3n } }));
  expect(error.details).toEqual({});
  expect(error.retriable).toBe(isRetriable("BUSY"));
});

test("details that do not fit their fields do not spoil the error", () => {
  const details = { nextOffset: 2 ** 53, logStartOffset: 0.5, highWatermark: -7, leaderEpoch: 2 ** 31 };
  expect(sent(new BrokerError("BUSY", "", { details })).details).toEqual({});
});

test("an error of a newer broker is UNKNOWN_SERVER_ERROR and keeps its own code and name", () => {
  const error = received(encodeMessage("Error", 5, { code: 2000, name: "TOO_MODERN", message: "?" }));
  expect(error.code).toBe("UNKNOWN_SERVER_ERROR");
  expect(error.details).toEqual({ wireCode: 2000, wireName: "TOO_MODERN" });
});
