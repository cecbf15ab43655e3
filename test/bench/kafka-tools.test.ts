import { expect, test } from "vitest";
import { parseConsumer, parseEndToEnd, parseProducer, parseShareConsumer } from "../../bench/kafka-tools/tools.ts";

const PRODUCER = `200000 records sent, 39992.0 records/sec (3.81 MB/sec), 12.3 ms avg latency, 300.0 ms max latency.
400000 records sent, 100251.0 records/sec (9.56 MB/sec), 210.52 ms avg latency, 890.00 ms max latency, 180 ms 50th, 600 ms 95th, 812 ms 99th, 880 ms 99.9th.`;
const CONSUMER = `Warning: --messages is deprecated. Use --num-records instead.
start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2026-11-23 14:55:21:850, 2026-11-23 14:55:26:688, 38.1524, 7.8860, 400057, 82690.5746, 2505, 2333, 16.3534, 171477.4968
`;
const SHARE = `start.time, end.time, data.consumed.in.MB, MB.sec, nMsg.sec, data.consumed.in.nMsg, fetch.time.ms
2026-11-23 14:55:21:850, 2026-11-23 14:55:26:688, 38.1524, 7.8860, 197000.5, 400057, 2333
`;
const END_TO_END = `0	12.5
Avg latency: 1.3412 ms
Percentiles: 50th = 1, 99th = 6, 99.9th = 12
`;

test("the figures are those of the last line, under their names", () => {
  expect(parseProducer(PRODUCER)).toEqual({ recordsPerSecond: 100_251, p50Ms: 180, p99Ms: 812 });
  expect(parseConsumer(CONSUMER).recordsPerSecond).toBe(171_477.4968);
  expect(parseShareConsumer(SHARE).recordsPerSecond).toBe(197_000.5);
  expect(parseEndToEnd(END_TO_END)).toEqual({ recordsPerSecond: 1000 / 1.3412, p50Ms: 1, p99Ms: 6 });
});

test.each([
  ["a producer's", () => parseProducer("org.apache.kafka.common.KafkaException: no")],
  ["a consumer's", () => parseConsumer(CONSUMER.split("\n").slice(0, 2).join("\n"))],
  ["a share consumer's", () => parseShareConsumer("")],
  ["an end-to-end", () => parseEndToEnd("Avg latency: 1.3 ms")],
])("%s output without figures is an error that shows it", (_, parse) => {
  expect(parse).toThrow("said:");
});
