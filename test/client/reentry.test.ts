/** Callbacks of the user's that call back into the producer that called them. */
import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { KIB } from "../../src/base/units.ts";
import type { Producer } from "../../src/client/index.ts";
import { until } from "../helpers/until.ts";
import { codeOf, connectTo, startFakeBroker } from "./harness.ts";
import { recordsIn, textOf, valuesIn } from "./records.ts";

test.each([true, false])(
  "onError may abort the producer, which settles everything; with linger: %s",
  async (lingers) => {
    const broker = await startFakeBroker();
    broker.topic("t", 3);
    broker.fate = ({ index }) => (index === 5 ? new BrokerError("PARTITION_READ_ONLY", "no") : "take");
    broker.ackDelayMs = 1;
    const client = await connectTo(broker);
    const heard: string[] = [];
    const producer: Producer = await client.producer({
      topic: "t",
      batchBytes: 4 * KIB,
      bufferBytes: 64 * KIB,
      lingerMs: lingers ? 5 : 0,
      onError: ({ code }) => {
        heard.push(code);
        void producer.abort();
      },
    });
    const sends = Array.from({ length: 60 }, (_, index) =>
      codeOf(producer.send({ value: "x".repeat(1500), partition: index % 3 })),
    );
    const codes = await Promise.all(sends);
    expect(codes).toContain("PARTITION_READ_ONLY");
    expect(new Set(codes.slice(30))).toEqual(new Set(["CLOSED"]));
    expect(heard[0]).toBe("PARTITION_READ_ONLY");
    await producer.abort();
    await until(() => broker.connections.size === 1);
  },
);

test("abort settles what is in flight, what waits and what is open", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.fate = ({ index }) => (index === 0 ? "take" : "take and hold");
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB });
  await producer.send({ value: "known" });
  const sends = Array.from({ length: 20 }, () => codeOf(producer.send({ value: "x".repeat(3000) })));
  await until(() => broker.held.length > 2);
  const open = codeOf(producer.send({ value: "open" }));
  const { arrivals } = broker;
  await producer.abort();
  expect(new Set(await Promise.all([...sends, open]))).toEqual(new Set(["CLOSED"]));
  // Nor was anything sent once more for it.
  expect(broker.arrivals).toBe(arrivals);
});

test.each(["send", "enqueue"] as const)("a partitioner that calls %s alters no record", async (call) => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t", 2);
  const client = await connectTo(broker);
  let isInner = false;
  const producer: Producer = await client.producer({
    topic: "t",
    partitioner: () => {
      if (isInner) return 1;
      isInner = true;
      void producer[call]({ key: "inner key", value: "inner", headers: { of: "inner" } });
      return 0;
    },
  });
  await producer.send({ key: "outer key", value: "outer", headers: { of: "outer" } });
  await producer.flush();
  const found = partitions.map((partition) =>
    recordsIn(partition).map(({ key, value, headers }) => [textOf(key), textOf(value), textOf(headers[0]![1])]),
  );
  expect(found).toEqual([[["outer key", "outer", "outer"]], [["inner key", "inner", "inner"]]]);
});

test("a partitioner may give records with headers to another producer, too, or to a line", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t");
  broker.topic("u");
  broker.topic("v");
  const client = await connectTo(broker);
  const other = await client.producer({ topic: "u" });
  const producer: Producer = await client.producer({
    topic: "t",
    partitioner: () => {
      other.enqueue({ value: "inner", headers: { of: "another" } });
      void producer.send({ topic: "v", partition: 0, value: "deferred", headers: { of: "deferral, and longer" } });
      return 0;
    },
  });
  await producer.send({ value: "outer", headers: { of: "outer" } });
  await producer.flush();
  const [record] = recordsIn(partitions[0]!);
  expect(record!.headers.map(([name, value]) => [name, textOf(value)])).toEqual([["of", "outer"]]);
});

test("headers that end the producer while sends wait leave nothing waiting", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  broker.fate = () => "take and hold";
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", batchBytes: 4 * KIB, bufferBytes: 16 * KIB });
  const sends = Array.from({ length: 8 }, () => codeOf(producer.send({ value: "x".repeat(3500) })));
  const headers = {
    get ends(): string {
      void producer.abort();
      return "";
    },
  };
  const last = codeOf(producer.send({ value: "", headers }));
  expect(new Set(await Promise.all([...sends, last]))).toEqual(new Set(["CLOSED"]));
  await producer.close().catch(() => {});
});

test("a partitioner may abort the producer while sends wait in line", async () => {
  const broker = await startFakeBroker();
  const { partitions } = broker.topic("t");
  const client = await connectTo(broker);
  let calls = 0;
  const producer: Producer = await client.producer({
    topic: "t",
    batchBytes: 4 * KIB,
    bufferBytes: 16 * KIB,
    partitioner: () => {
      if (++calls === 8) void producer.abort();
      return 0;
    },
  });
  const sends = Array.from({ length: 8 }, (_, index) => codeOf(producer.send({ value: `${index}`.repeat(3000) })));
  const codes = await Promise.all(sends);
  expect(codes.at(-1)).toBe("CLOSED");
  const taken = codes.filter((code) => code === "none").length;
  expect(valuesIn(partitions[0]!).length).toBeGreaterThanOrEqual(taken);
  expect(() => producer.enqueue({ value: "late" })).toThrow(expect.objectContaining({ code: "CLOSED" }));
});

test("what a partitioner answers, and what a record names, is checked", async () => {
  const broker = await startFakeBroker();
  broker.topic("t");
  const client = await connectTo(broker);
  const producer = await client.producer({ topic: "t", partitioner: () => "0" as unknown as number });
  expect(await codeOf(producer.send({ value: "" }))).toBe("INVALID_RECORD");
  for (const partition of ["0", "length", [0]])
    expect(await codeOf(producer.send({ value: "", partition: partition as unknown as number }))).toBe(
      "INVALID_RECORD",
    );
  for (const topic of [5, {}])
    expect(await codeOf(producer.send({ value: "", topic: topic as unknown as string }))).toBe("INVALID_RECORD");
});
