import { expect, test } from "vitest";
import {
  ACCEPTED,
  addSequence,
  BATCHES_REMEMBERED,
  OUT_OF_ORDER,
  PRODUCERS_MAX,
  Producers,
  STALE_EPOCH,
} from "../../src/storage/producers.ts";
import { loadCrc32c } from "../../src/wasm/crc32c.ts";

const crc32c = await loadCrc32c();
const ID = 5;
const SEQUENCE_MAX = 2 ** 31 - 1;

/** Written batches of one record each: sequence and offset count on from `first`. */
function written(producers: Producers, count: number, first = 0, epoch = 0): void {
  for (let number = first; number < first + count; number++) {
    producers.stage(ID, epoch, number, 1, number, number);
    producers.commit(number + 1);
  }
}

test("G1: the last five batches are known by their offsets, an older one is out of order", () => {
  const producers = new Producers();
  written(producers, 9);
  const known = Array.from({ length: 9 }, (_, sequence) => producers.check(ID, 0, sequence, 1));
  expect(known).toEqual([OUT_OF_ORDER, OUT_OF_ORDER, OUT_OF_ORDER, OUT_OF_ORDER, 4, 5, 6, 7, 8]);
  expect(known.filter((offset) => offset >= 0).length).toBe(BATCHES_REMEMBERED);
});

test("G1: what is staged is known beyond five, until it is written", () => {
  const producers = new Producers();
  for (let number = 0; number < 20; number++) producers.stage(ID, 0, number, 1, number, number);
  expect(producers.check(ID, 0, 0, 1)).toBe(0);
  producers.commit(10);
  expect(producers.check(ID, 0, 4, 1)).toBe(OUT_OF_ORDER);
  expect(producers.check(ID, 0, 5, 1)).toBe(5);
  expect(producers.check(ID, 0, 19, 1)).toBe(19);
});

test("G1: a batch that begins like a known one and has another length is no duplicate", () => {
  const producers = new Producers();
  written(producers, 3);
  expect(producers.check(ID, 0, 2, 2)).toBe(OUT_OF_ORDER);
});

test("G1: any first sequence of an unknown producer is good; a newer epoch begins at 0; an older one is fenced", () => {
  const producers = new Producers();
  expect(producers.check(ID, 0, 77, 1)).toBe(ACCEPTED);
  producers.stage(ID, 3, 77, 1, 0, 0);
  producers.commit(1);
  expect(producers.check(ID, 2, 78, 1)).toBe(STALE_EPOCH);
  expect(producers.check(ID, 4, 78, 1)).toBe(OUT_OF_ORDER);
  expect(producers.check(ID, 4, 0, 1)).toBe(ACCEPTED);
});

test("G1: sequences wrap from 2^31 - 1 to 0, within a batch and between two", () => {
  expect(addSequence(SEQUENCE_MAX, 1)).toBe(0);
  expect(addSequence(SEQUENCE_MAX - 1, 5)).toBe(3);
  const producers = new Producers();
  producers.stage(ID, 0, SEQUENCE_MAX - 1, 4, 100, 103);
  producers.commit(104);
  expect(producers.check(ID, 0, 2, 1)).toBe(ACCEPTED);
  expect(producers.check(ID, 0, 3, 1)).toBe(OUT_OF_ORDER);
  expect(producers.check(ID, 0, SEQUENCE_MAX - 1, 4)).toBe(100);
  expect(producers.lastOffsetOf(ID, 100)).toBe(103);
});

test("a rollback forgets what was not written, and brings back the epoch that a staged one had replaced", () => {
  const producers = new Producers();
  written(producers, 2);
  producers.stage(ID, 0, 2, 1, 2, 2);
  producers.stage(ID, 1, 0, 1, 3, 3);
  producers.stage(6, 0, 0, 1, 4, 4);
  producers.rollback(2);
  expect(producers.check(ID, 0, 1, 1)).toBe(1);
  expect(producers.check(ID, 0, 2, 1)).toBe(ACCEPTED);
  expect(producers.check(6, 0, 9, 1)).toBe(ACCEPTED);
  expect(producers.count).toBe(1);
});

test("G2: a snapshot brings back what it was made of, but nothing at or above its offset", () => {
  const producers = new Producers();
  written(producers, 7);
  producers.stage(ID, 0, 7, 1, 7, 7);
  const restored = new Producers();
  expect(restored.decodeSnapshot(producers.encodeSnapshot(7, crc32c), crc32c)).toBe(7);
  expect(restored.check(ID, 0, 6, 1)).toBe(6);
  expect(restored.check(ID, 0, 7, 1)).toBe(ACCEPTED);
  expect(restored.check(ID, 0, 8, 1)).toBe(OUT_OF_ORDER);
});

test("G2: a snapshot that is cut or flipped anywhere is refused, and the state stays", () => {
  const producers = new Producers();
  written(producers, 3);
  const bytes = producers.encodeSnapshot(3, crc32c);
  for (let position = 0; position < bytes.length; position++) {
    const flipped = bytes.slice();
    flipped[position]! ^= 4;
    expect(() => producers.decodeSnapshot(flipped, crc32c), `byte ${position}`).toThrow("damaged");
    expect(() => producers.decodeSnapshot(bytes.slice(0, position), crc32c), `cut at ${position}`).toThrow("damaged");
  }
  expect(producers.check(ID, 0, 2, 1)).toBe(2);
});

test("G1: replay of a log gives the state that writing it gave", () => {
  const live = new Producers();
  const replayed = new Producers();
  for (let number = 0; number < 40; number++) {
    const id = number % 3;
    const epoch = number < 25 || id > 0 ? 0 : 1;
    const sequence = id === 0 && number >= 25 ? Math.floor((number - 27) / 3) : Math.floor(number / 3);
    if (live.check(id, epoch, sequence, 1) !== ACCEPTED) continue;
    live.stage(id, epoch, sequence, 1, number, number);
    live.commit(number + 1);
    replayed.replay(id, epoch, sequence, 1, number, number);
  }
  expect(replayed.encodeSnapshot(40, crc32c)).toEqual(live.encodeSnapshot(40, crc32c));
});

test("a stream of new producers does not fill the memory: those silent longest are forgotten", () => {
  const producers = new Producers();
  for (let id = 0; id <= PRODUCERS_MAX; id++) {
    producers.stage(id, 0, 0, 1, id, id);
    producers.commit(id + 1);
  }
  expect(producers.count).toBeLessThan(PRODUCERS_MAX);
  expect(producers.check(0, 0, 50, 1)).toBe(ACCEPTED);
  expect(producers.check(PRODUCERS_MAX, 0, 0, 1)).toBe(PRODUCERS_MAX);
});
