import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Partition } from "../../src/broker/partition.ts";
import { UploadBudget, Uploads } from "../../src/server/uploads.ts";
import { BrokerBench, Outcomes } from "../helpers/broker-bench.ts";
import { until } from "../helpers/until.ts";

const KIB = 1024;

class UploadingClient {
  readonly outcomes = new Outcomes();
  readonly granted: { correlation: number; upload: number }[] = [];
  readonly progress: number[] = [];
  inFront = 0;
  complaints = 0;
  readonly uploads: Uploads;

  constructor(bench: BrokerBench, budget: UploadBudget, periodMs?: number) {
    const owner = {
      granted: (correlation: number, upload: number) => void this.granted.push({ correlation, upload }),
      progressed: (_upload: number, received: number) => void this.progress.push(received),
      inFront: () => this.inFront,
      tooSlow: () => void this.complaints++,
    };
    this.uploads = new Uploads(bench.store.memory.bytes, bench.broker.pool, budget, owner, periodMs);
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

  test("a large one is not passed by smaller ones for ever, and one that is closed while it waits holds up nobody", async () => {
    const bench = makeBench();
    const partition = await bench.openTopic("t");
    const budget = new UploadBudget(128 * KIB);
    const [first, second, large, small, smaller] = [1, 2, 3, 4, 5].map(() => new UploadingClient(bench, budget));
    first!.begin(partition, 64 * KIB);
    second!.begin(partition, 64 * KIB);
    large!.begin(partition, 128 * KIB);
    small!.begin(partition, 64 * KIB);
    first!.uploads.close();
    smaller!.begin(partition, 16 * KIB);
    expect([large, small, smaller].map((client) => client!.granted.length)).toEqual([0, 0, 0]);
    second!.uploads.close();
    expect([large, small, smaller].map((client) => client!.granted.length)).toEqual([1, 0, 0]);
    large!.uploads.close();
    expect([small, smaller].map((client) => client!.granted.length)).toEqual([1, 1]);
    smaller!.uploads.close();
    const [larger, last] = [1, 2].map(() => new UploadingClient(bench, budget));
    larger!.begin(partition, 128 * KIB);
    last!.begin(partition, 64 * KIB);
    expect([larger, last].map((client) => client!.granted.length)).toEqual([0, 0]);
    larger!.uploads.close();
    expect(last!.granted.length).toBe(1);
    small!.uploads.close();
    last!.uploads.close();
    expect(budget.bytesLeft).toBe(128 * KIB);
    expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
  });

  describe("one whose client brings too little", () => {
    const PERIOD_MS = 20_000;
    beforeEach(() => {
      vi.useFakeTimers();
    });
    afterEach(() => {
      vi.useRealTimers();
    });

    /** An upload of 16 MiB, whose client brings so much after each second. @returns periods until it was given up; 10: it was not */
    async function periodsOf(bring: (client: UploadingClient, second: number) => void, inFront = 0): Promise<number> {
      const bench = new BrokerBench({ poolBytes: 64 << 20, blockMax: 16 << 20 });
      const client = new UploadingClient(bench, new UploadBudget(16 << 20));
      client.inFront = inFront;
      client.begin(await bench.openTopic("t"), 16 << 20);
      let seconds = 0;
      while (client.complaints === 0 && seconds < (10 * PERIOD_MS) / 1000) {
        vi.advanceTimersByTime(1000);
        bring(client, seconds++);
      }
      client.uploads.close();
      expect(bench.broker.pool.freeBytes).toBe(bench.broker.pool.size);
      return Math.floor((seconds * 1000) / PERIOD_MS);
    }

    test("is given up after a period of silence", async () => {
      expect(await periodsOf(() => {})).toBe(1);
    });

    test("is given up though it drips, and though it began well", async () => {
      expect(await periodsOf((client, second) => client.part(second, Uint8Array.of(7)))).toBe(1);
      expect(
        await periodsOf((client, second) => {
          if (second < 4) client.part(second << 20, new Uint8Array(1 << 20));
        }),
      ).toBe(2);
    });

    const perSecond = 64_000;

    test("is not, where it is just fast enough, by large frames or by small ones", async () => {
      const small = new Uint8Array(perSecond);
      expect(await periodsOf((client, second) => client.part(second * perSecond, small))).toBe(10);
      const frame = new Uint8Array(1 << 20);
      let sent = 0;
      const whole = (client: UploadingClient, second: number): void => {
        for (; sent + frame.length <= (second + 1) * perSecond; sent += frame.length) client.part(sent, frame);
      };
      expect(await periodsOf(whole)).toBe(10);
    });

    test("is not, while what it had sent before lies in front; what it sends instead of parts does not count", async () => {
      const others = (client: UploadingClient): void => client.uploads.broughtFirst(perSecond);
      expect(await periodsOf(others, 12 << 20)).toBe(10);
      expect(await periodsOf(others, 2 << 20)).toBe(3);
      const behind = (client: UploadingClient, second: number): void => {
        if (second === 0) client.part(0, Uint8Array.of(7));
        client.uploads.broughtFirst(perSecond);
      };
      expect(await periodsOf(behind, 12 << 20)).toBe(1);
    });
  });

  test("its client hears now and then that it gets on", async () => {
    const bench = makeBench();
    const client = new UploadingClient(bench, new UploadBudget(1 << 20));
    client.begin(await bench.openTopic("t"), 700 * KIB);
    for (let position = 0; position < 700 * KIB; position += 10 * KIB) client.part(position, new Uint8Array(10 * KIB));
    expect(client.progress).toEqual([260 * KIB, 520 * KIB]);
  });

  test("a batch for which all uploads together may not take the memory is refused, and so are no others", async () => {
    const bench = makeBench();
    const partition = await bench.openTopic("t");
    const client = new UploadingClient(bench, new UploadBudget(256 * KIB));
    const tooLarge = expect.objectContaining({ code: "MESSAGE_TOO_LARGE" });
    expect(() => client.begin(partition, 256 * KIB + 1)).toThrow(tooLarge);
    client.begin(partition, 256 * KIB);
    expect(client.granted.length).toBe(1);
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
