import { describe, expect, test } from "vitest";
import type { Partition } from "../../src/broker/partition.ts";
import { UploadBudget, Uploads } from "../../src/server/uploads.ts";
import { BrokerBench, Outcomes } from "../helpers/broker-bench.ts";
import { until } from "../helpers/until.ts";

const KIB = 1024;

class UploadingClient {
  readonly outcomes = new Outcomes();
  readonly granted: { correlation: number; upload: number }[] = [];
  silences = 0;
  readonly uploads: Uploads;

  constructor(bench: BrokerBench, budget: UploadBudget, silenceMsMax?: number) {
    const owner = {
      granted: (correlation: number, upload: number) => void this.granted.push({ correlation, upload }),
      silent: () => void this.silences++,
    };
    this.uploads = new Uploads(bench.store.memory.bytes, bench.broker.pool, budget, owner, silenceMsMax);
  }

  begin(partition: Partition, size: number, token = 0): void {
    this.uploads.begin({ correlation: token, partition, size, owner: this.outcomes, token });
  }

  part(position: number, bytes: Uint8Array): void {
    const { upload } = this.granted.at(-1)!;
    this.uploads.part(upload, position, bytes, 0, bytes.length);
  }
}

function makeBench(): BrokerBench {
  return new BrokerBench({ poolBytes: 1 << 20, blockMax: 1 << 20 });
}

describe("uploads", () => {
  test("all together hold no more than their budget, and who is refused for now is next", async () => {
    const bench = makeBench();
    const partition = await bench.openTopic("t");
    const budget = new UploadBudget(128 * KIB);
    const [first, second, third] = [1, 2, 3].map(() => new UploadingClient(bench, budget));
    first!.begin(partition, 64 * KIB);
    second!.begin(partition, 64 * KIB);
    third!.begin(partition, 64 * KIB);
    expect([first, second, third].map((client) => client!.granted.length)).toEqual([1, 1, 0]);
    expect(bench.broker.pool.size - bench.broker.pool.freeBytes).toBe(128 * KIB);
    second!.uploads.close(); // Vanished.
    expect(third!.granted.length).toBe(1);
    first!.uploads.close();
    third!.uploads.close();
    expect(budget.bytesLeft).toBe(128 * KIB);
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  test("one that waits for a topic that is deleted gives its budget back before the next one takes more", async () => {
    const bench = makeBench();
    const doomed = await bench.openTopic("doomed");
    const kept = await bench.openTopic("kept");
    const budget = new UploadBudget(512 * KIB);
    const taken = bench.broker.pool.allocate(1 << 20);
    const client = new UploadingClient(bench, budget);
    client.begin(doomed, 16 * KIB, 1); // Takes its share of the budget, and waits for memory.
    client.begin(kept, 256 * KIB, 2);
    expect(budget.bytesLeft).toBe(496 * KIB);
    await bench.broker.topics.delete("doomed");
    bench.broker.pool.release(taken);
    await until(() => client.granted.length === 1);
    expect(client.outcomes.all).toEqual([{ token: 1, error: "UNKNOWN_TOPIC_OR_PARTITION" }]);
    expect(budget.bytesLeft).toBe(256 * KIB);
    client.uploads.close();
    expect(budget.bytesLeft).toBe(512 * KIB);
  });

  test("one whose parts do not come is given up", async () => {
    const bench = makeBench();
    const client = new UploadingClient(bench, new UploadBudget(1 << 20), 20);
    client.begin(await bench.openTopic("t"), 64 * KIB);
    await until(() => client.silences > 0);
    client.uploads.close();
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  test("one that drips is given up too, though it is never silent", async () => {
    const bench = makeBench();
    const client = new UploadingClient(bench, new UploadBudget(1 << 20), 100);
    client.begin(await bench.openTopic("t"), 10 * KIB);
    for (let position = 0; client.silences === 0; position++) {
      expect(position).toBeLessThan(10 * KIB); // It would have been complete.
      client.part(position, Uint8Array.of(7));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    client.uploads.close();
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  test("parts that overlap, leave a gap or go beyond what was announced are refused", async () => {
    const bench = makeBench();
    const client = new UploadingClient(bench, new UploadBudget(1 << 20));
    client.begin(await bench.openTopic("t"), 200);
    client.part(0, new Uint8Array(100).fill(1));
    const violation = expect.objectContaining({ code: "PROTOCOL_VIOLATION" });
    expect(() => client.part(99, new Uint8Array(1))).toThrow(violation);
    expect(() => client.part(101, new Uint8Array(1))).toThrow(violation);
    expect(() => client.part(2 ** 32 - 1, new Uint8Array(1))).toThrow(violation);
    expect(() => client.part(100, new Uint8Array(101))).toThrow(violation);
    expect(() => client.uploads.part(77, 100, new Uint8Array(100), 0, 100)).toThrow(violation);
    client.part(100, new Uint8Array(100).fill(1));
    bench.store.step();
    expect(client.outcomes.offsets).toEqual([0]);
  });

  test("a connection has so many that wait, and no more", async () => {
    const bench = makeBench();
    const client = new UploadingClient(bench, new UploadBudget(1 << 20));
    const partition = await bench.openTopic("t");
    const beginAll = (): void => {
      for (let count = 0; count < 1000; count++) client.begin(partition, 61);
    };
    expect(beginAll).toThrow(expect.objectContaining({ code: "BUSY" }));
    expect(client.granted.length).toBe(1);
    expect(bench.broker.pool.size - bench.broker.pool.freeBytes).toBe(16 * KIB);
  });
});
