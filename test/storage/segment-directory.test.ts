import fc from "fast-check";
import { expect, test } from "vitest";
import { LogMemory } from "../../src/storage/log-memory.ts";
import {
  appendBase,
  createDirectory,
  type DirectoryAllocator,
  findSegment,
  lastFindSteps,
  segmentBase,
  segmentCount,
} from "../../src/storage/segment-directory.ts";

/** Gives addresses one behind the other, until it is told that there is no more. */
class Arena implements DirectoryAllocator {
  readonly memory: LogMemory;
  #next = 64;

  constructor(size: number) {
    this.memory = new LogMemory(new ArrayBuffer(size));
  }

  allocate(size: number): number {
    const address = this.#next;
    if (address + size > this.memory.bytes.length) return -1;
    this.#next += Math.ceil(size / 8) * 8;
    return address;
  }

  release(): void {}
}

function basesOf(spans: readonly number[], first: number): number[] {
  const bases = [first];
  for (const span of spans) bases.push(bases.at(-1)! + span);
  return bases;
}

function expectFound(memory: LogMemory, directory: number, bases: readonly number[]): void {
  for (const [index, base] of bases.entries()) {
    expect(findSegment(memory, directory, base), `base ${base}`).toBe(index);
    if (index > 0) expect(findSegment(memory, directory, base - 1), `before ${base}`).toBe(index - 1);
  }
  expect(findSegment(memory, directory, bases.at(-1)! + 1e9)).toBe(bases.length - 1);
}

const spans = fc.array(fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 1_000_000 })), {
  maxLength: 200,
});

test("B4: every offset is found in its segment, however the log was rolled and wherever it begins", () => {
  fc.assert(
    fc.property(spans, fc.nat(2 ** 40), (rolled, first) => {
      const arena = new Arena(1 << 20);
      const bases = basesOf(rolled, first);
      const directory = createDirectory(arena.memory, arena, bases);
      expect(segmentCount(arena.memory, directory)).toBe(bases.length);
      expect(bases.map((_, index) => segmentBase(arena.memory, directory, index))).toEqual(bases);
      expectFound(arena.memory, directory, bases);
    }),
    { numRuns: 100 },
  );
});

test("B4: a directory that grew segment by segment finds what one made at once finds", () => {
  fc.assert(
    fc.property(spans, fc.nat(2 ** 40), (rolled, first) => {
      const arena = new Arena(4 << 20);
      const bases = basesOf(rolled, first);
      let directory = createDirectory(arena.memory, arena, [first]);
      for (const base of bases.slice(1)) directory = appendBase(arena.memory, arena, directory, base);
      expectFound(arena.memory, directory, bases);
    }),
    { numRuns: 60 },
  );
});

test("B4: the steps of a lookup stay few, for even segments, for a burst of small ones, and for few large among many small", () => {
  const shapes: Record<string, readonly number[]> = {
    even: Array.from({ length: 20_000 }, () => 5000),
    mixed: Array.from({ length: 20_000 }, (_, index) => 1000 + ((index * 7919) % 9000)),
    burst: Array.from({ length: 20_000 }, (_, index) => (index > 10_000 && index < 12_000 ? 300 : 10_000)),
  };
  for (const [name, rolled] of Object.entries(shapes)) {
    const arena = new Arena(64 << 20);
    const bases = basesOf(rolled, 0);
    const directory = createDirectory(arena.memory, arena, bases);
    const steps: number[] = [];
    for (let index = 0; index < bases.length; index += 7) {
      findSegment(arena.memory, directory, bases[index]! + 3);
      steps.push(lastFindSteps);
    }
    steps.sort((left, right) => left - right);
    expect(steps[Math.floor(steps.length * 0.999)], name).toBeLessThanOrEqual(3);
  }
});

test("a directory that finds no memory to grow says so and stays as it was", () => {
  const arena = new Arena(1200);
  const bases = [0, 10, 20, 30];
  let directory = createDirectory(arena.memory, arena, [0]);
  for (const base of bases.slice(1)) directory = appendBase(arena.memory, arena, directory, base);
  expect(appendBase(arena.memory, arena, directory, 40)).toBe(-1);
  expectFound(arena.memory, directory, bases);
});
