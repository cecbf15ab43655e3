import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { connect } from "../../src/client/index.ts";
import { startBroker } from "../../src/index.ts";
import { BATCH_BYTES_INLINE_MAX, BATCH_WINDOW_OVERHEAD } from "../../src/protocol/limits.ts";
import { ProduceWindow } from "../../src/server/produce-window.ts";
import { STANDING_WINDOW, WindowBudget } from "../../src/server/windows.ts";

const MIB = 1 << 20;
const LARGEST = BATCH_BYTES_INLINE_MAX + BATCH_WINDOW_OVERHEAD;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A connection's window whose client agrees to whatever it is told, unless it is `silent`. */
class Client {
  readonly window: ProduceWindow;
  readonly told: number[] = [];

  constructor(budget: WindowBudget, wanted: number, silent = false) {
    this.window = new ProduceWindow(budget, {
      monotonicMs: () => performance.now(),
      tell: (window) => {
        this.told.push(window);
        if (!silent) setTimeout(() => this.window.agreed(window), 1);
      },
    });
    this.window.open(wanted);
  }
}

function clients(budget: WindowBudget, count: number, wanted: number): Client[] {
  return Array.from({ length: count }, () => new Client(budget, wanted));
}

const newBudget = (bytes: number): WindowBudget => new WindowBudget(bytes, () => performance.now());

describe("produce windows", () => {
  test("while there is enough everybody gets what they ask for, and 8 MiB at most", () => {
    const budget = newBudget(32 * MIB);
    const [one, other] = [new Client(budget, 4 * MIB), new Client(budget, 100 * MIB)];
    expect([one.window.size, other.window.size]).toEqual([4 * MIB, 8 * MIB]);
    one.window.request(6 * MIB);
    expect(one.window.size).toBe(6 * MIB);
  });

  test("one who comes late gets a share of what others hold, however active these are", () => {
    const budget = newBudget(16 * MIB);
    const early = clients(budget, 5, 4 * MIB);
    const isActive = setInterval(() => {
      for (const { window } of early) {
        window.take(100);
        window.release(100);
      }
    }, 50);
    const late = new Client(budget, 4 * MIB);
    expect(late.window.size).toBeLessThan(LARGEST);
    late.window.request(4 * MIB);
    vi.advanceTimersByTime(1000);
    expect(late.window.size).toBeGreaterThanOrEqual(LARGEST);
    clearInterval(isActive);
  });

  test("and however much they have unacknowledged, when that is answered", () => {
    const budget = newBudget(16 * MIB);
    const early = clients(budget, 5, 4 * MIB);
    for (const { window } of early) window.take(window.size - BATCH_WINDOW_OVERHEAD);
    const late = new Client(budget, 4 * MIB);
    late.window.request(4 * MIB);
    vi.advanceTimersByTime(1000);
    expect(late.window.size, "the memory is still taken").toBe(STANDING_WINDOW);
    const narrowed = early.find(({ window }) => window.size === STANDING_WINDOW)!;
    expect(() => narrowed.window.take(1)).toThrow(/unacknowledged/);
    narrowed.window.release(narrowed.told.length > 0 ? 4 * MIB - BATCH_WINDOW_OVERHEAD : 0);
    vi.advanceTimersByTime(1000);
    expect(late.window.size).toBeGreaterThanOrEqual(LARGEST);
  });

  test("those who write take turns where there is no share for each", () => {
    const budget = newBudget(4 * MIB);
    const all = clients(budget, 20, MIB);
    const served = new Set<Client>();
    for (const client of all) client.window.request(4 * MIB);
    for (let ms = 0; ms < 20_000; ms += 50) {
      vi.advanceTimersByTime(50);
      for (const client of all) {
        if (client.window.size >= LARGEST) served.add(client);
        // Who was asked to make do with less wants it again at once.
        else client.window.request(4 * MIB);
      }
    }
    expect(served.size).toBe(20);
  });

  test("who does not agree is passed over", () => {
    const budget = newBudget(16 * MIB);
    const silent = new Client(budget, 4 * MIB, true);
    vi.advanceTimersByTime(10);
    const willing = clients(budget, 3, 4 * MIB);
    const late = new Client(budget, 4 * MIB);
    late.window.request(4 * MIB);
    vi.advanceTimersByTime(2000);
    expect(late.window.size).toBeGreaterThanOrEqual(LARGEST);
    expect(willing.some(({ told }) => told.length > 0)).toBe(true);
    silent.window.take(3 * MIB); // It may still come: the link may be slow.
    silent.window.release(3 * MIB);
  });

  test("what was on its way when a window was taken finds room beside the budget, once", () => {
    const budget = newBudget(16 * MIB);
    const [slow, other] = [1, 2].map(() => new Client(budget, 4 * MIB, true)) as [Client, Client];
    for (const { window } of [slow, other]) {
      window.take(MIB);
      window.narrow();
      window.revoke();
      window.release(MIB);
    }
    expect(budget.bytesLeft, "nothing is lent any more").toBe(16 * MIB);
    slow.window.take(2 * MIB);
    expect(() => other.window.take(3 * MIB), "there is a quarter as much for what is late").toThrow(/unacknowledged/);
    slow.window.release(2 * MIB);
    expect(() => slow.window.take(2 * MIB), "it had 4 MiB in all").toThrow(/unacknowledged/);
    other.window.take(3 * MIB - STANDING_WINDOW);
    other.window.close();
    expect(() => new Client(budget, 0).window.take(MIB), "who was not asked has nothing late").toThrow(
      /unacknowledged/,
    );
    other.window.release(3 * MIB - STANDING_WINDOW);
    slow.window.agreed(STANDING_WINDOW);
    expect(() => slow.window.take(MIB), "after the client has agreed nothing is late").toThrow(/unacknowledged/);
    const third = new Client(budget, 8 * MIB, true);
    third.window.narrow();
    third.window.revoke();
    third.window.take(4 * MIB); // All that there is for what is late came back.
    third.window.close();
    third.window.release(4 * MIB);
    slow.window.close();
    expect(budget.bytesLeft).toBe(16 * MIB);
  });

  test("a window that was taken after 30 seconds is no longer the client's", () => {
    const budget = newBudget(16 * MIB);
    const silent = new Client(budget, 8 * MIB, true);
    silent.window.narrow();
    vi.advanceTimersByTime(29_000);
    expect(silent.window.size).toBe(8 * MIB);
    vi.advanceTimersByTime(2000);
    expect(silent.window.size).toBe(STANDING_WINDOW);
    // The clock of an old question does not run for a new window.
    silent.window.agreed(STANDING_WINDOW);
    silent.window.request(4 * MIB);
    silent.window.narrow();
    vi.advanceTimersByTime(29_000);
    silent.window.widen(4 * MIB);
    vi.advanceTimersByTime(2000);
    expect(silent.window.size).toBe(STANDING_WINDOW + 4 * MIB);
  });

  test("who is gone waits no more, is owed nothing and counts in nobody's share", () => {
    const budget = newBudget(16 * MIB);
    const all = clients(budget, 4, 4 * MIB);
    const gone = clients(budget, 12, 4 * MIB);
    for (const { window } of gone) window.request(8 * MIB);
    for (const { window } of gone) window.close();
    for (const { window } of all) window.close();
    expect(budget.bytesLeft).toBe(16 * MIB);
    vi.advanceTimersByTime(1000);
    const small = clients(budget, 4, 2 * MIB);
    vi.advanceTimersByTime(10);
    const wide = new Client(budget, 8 * MIB);
    new Client(budget, 4 * MIB).window.request(4 * MIB);
    expect(small.concat(wide).map(({ told }) => told)).toEqual([[], [], [], [], [STANDING_WINDOW]]);
  });

  test("those that do not agree hold half of all, and no more", () => {
    const budget = newBudget(16 * MIB);
    const silent = Array.from({ length: 4 }, () => new Client(budget, 4 * MIB, true));
    const late = clients(budget, 3, 4 * MIB);
    for (const { window } of late) window.request(4 * MIB);
    vi.advanceTimersByTime(5000);
    for (const { window } of late) expect(window.size).toBeGreaterThanOrEqual(LARGEST);
    expect(silent.filter(({ window }) => window.size > STANDING_WINDOW)).toHaveLength(2);
  });

  test("who lacks only a little of a share has a turn, too, among many who ask again and again", () => {
    const budget = newBudget(16 * MIB);
    const share = LARGEST - STANDING_WINDOW;
    const filling = clients(budget, Math.floor((16 * MIB) / share) - 1, LARGEST);
    const tooMuch = budget.bytesLeft - (share - 20_000);
    filling.push(new Client(budget, tooMuch + STANDING_WINDOW));
    const lacking = new Client(budget, 4 * MIB);
    expect(lacking.window.granted).toBe(share - 20_000);
    const others = clients(budget, 50, 4 * MIB);
    const asking = setInterval(() => {
      for (const { window } of [lacking, ...filling, ...others]) window.request(4 * MIB);
    }, 50);
    vi.advanceTimersByTime(20_000);
    clearInterval(asking);
    for (const { told } of others) expect(Math.max(...told)).toBeGreaterThanOrEqual(LARGEST);
    expect(Math.max(...lacking.told)).toBeGreaterThanOrEqual(LARGEST);
  });

  test("a window that was widened by what another lost is not taken with it", () => {
    const budget = newBudget(16 * MIB);
    const [one, other, third] = [4, 4, 8].map((mib) => new Client(budget, mib * MIB, true)) as [Client, Client, Client];
    for (const { window } of [one, other, third]) window.take(MIB);
    vi.advanceTimersByTime(1000);
    const passing = clients(budget, 10, 0);
    for (const { window } of passing) window.request(8 * MIB);
    vi.advanceTimersByTime(120);
    for (const { window } of passing) window.close();
    expect([one, other, third].every(({ window }) => window.askedBackMs >= 0)).toBe(true);
    new Client(budget, 0).window.request(MIB);
    other.window.request(8 * MIB);
    vi.advanceTimersByTime(2000);
    expect(other.told.length).toBeGreaterThan(1);
    expect(other.window.size).toBe(other.told.at(-1));
  });

  test("an answer that a wider window has overtaken takes nothing away", () => {
    const budget = newBudget(16 * MIB);
    const [one] = clients(budget, 4, 4 * MIB) as [Client];
    const silent = new Client(budget, 0, true);
    silent.window.request(MIB);
    vi.advanceTimersByTime(700);
    const { size } = silent.window;
    silent.window.narrow();
    silent.window.widen(size + MIB);
    silent.window.agreed(STANDING_WINDOW);
    vi.advanceTimersByTime(700);
    expect(silent.window.size).toBe(STANDING_WINDOW + size + MIB);
    one.window.close();
  });

  test("idle windows are asked back first", () => {
    const budget = newBudget(16 * MIB);
    const all = clients(budget, 4, 4 * MIB);
    vi.advanceTimersByTime(6000);
    for (const { window } of all.slice(0, 3)) window.take(100);
    new Client(budget, 4 * MIB).window.request(2 * MIB);
    vi.advanceTimersByTime(50);
    expect(all.map(({ told }) => told)).toEqual([[], [], [], [STANDING_WINDOW]]);
  });

  test("then those above a share, then those held for longest", () => {
    const budget = newBudget(12 * MIB);
    const first = new Client(budget, 2 * MIB);
    vi.advanceTimersByTime(100);
    const second = new Client(budget, 2 * MIB);
    vi.advanceTimersByTime(100);
    const wide = new Client(budget, 8 * MIB);
    for (const { window } of [first, second, wide]) window.take(100);
    vi.advanceTimersByTime(1000);
    const late = new Client(budget, 0);
    late.window.request(2 * MIB);
    vi.advanceTimersByTime(50);
    expect([first.told, second.told, wide.told]).toEqual([[], [], [STANDING_WINDOW]]);
    late.window.request(8 * MIB);
    const later = clients(budget, 5, 4 * MIB);
    for (const { window } of later) window.request(4 * MIB);
    vi.advanceTimersByTime(20);
    expect(first.told.length).toBeGreaterThanOrEqual(second.told.length);
  });

  test("who has not had a share for a moment keeps it, and who comes new does not go before who waits", () => {
    const budget = newBudget(2 * MIB);
    const [one, other] = clients(budget, 2, MIB) as [Client, Client];
    for (const { window } of [one, other]) window.take(100);
    const late = new Client(budget, 4 * MIB);
    late.window.request(4 * MIB);
    vi.advanceTimersByTime(50);
    expect([one.told, other.told]).toEqual([[], []]);
    const newest = new Client(budget, MIB);
    one.window.close();
    expect(newest.window.size).toBe(STANDING_WINDOW);
    vi.advanceTimersByTime(2000);
    expect(late.told.length).toBeGreaterThan(0);
  });

  test("everything comes back, also from who goes with much unacknowledged", () => {
    const budget = newBudget(16 * MIB);
    const [one, other] = clients(budget, 2, 8 * MIB) as [Client, Client];
    const sizes = [5 * MIB, STANDING_WINDOW];
    for (const size of sizes) one.window.take(size);
    one.window.close();
    const held = 16 * MIB - budget.bytesLeft - other.window.granted;
    expect(held).toBe(sizes.reduce((sum, size) => sum + size + BATCH_WINDOW_OVERHEAD, 0));
    for (const size of sizes) one.window.release(size);
    other.window.close();
    expect(budget.bytesLeft).toBe(16 * MIB);
  });
});

test("a producer that comes last, behind many that write a little now and then, has its large records taken", async () => {
  vi.useRealTimers();
  await using broker = await startedBroker();
  const client = await connect({ server: `127.0.0.1:${broker.port}` });
  await client.topics.create({ name: "shared", partitions: 1, settings: { durability: "os" } });
  // Half of the pool is five windows of 4 MiB at most.
  const early = await Promise.all(Array.from({ length: 6 }, () => client.producer({ topic: "shared" })));
  const writing = setInterval(() => {
    for (const producer of early) void producer.send({ value: "x" });
  }, 100);
  const late = await client.producer({ topic: "shared", deliveryTimeoutMs: 20_000 });
  const sent = Array.from({ length: 30 }, () => late.send({ value: new Uint8Array(100_000) }));
  expect(await Promise.all(sent)).toHaveLength(30);
  clearInterval(writing);
  await client.close();
});

async function startedBroker() {
  const broker = await startBroker({ data: "temporary", port: 0, poolBytes: 32 * MIB });
  return { port: broker.port, [Symbol.asyncDispose]: () => broker.close() };
}
