/**
 * Hostile frames, repeatable from a seed: valid frames of every body, damaged in the ways that have broken verifiers
 * before. The codec's fuzzer and tests feed on it; so can whatever talks to a live broker.
 */
import fc from "fast-check";
import { CREDIT_FRAME_SIZE, writeCredit } from "../../src/protocol/credit.ts";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { PRODUCE_ENVELOPE_SIZE, ProduceEnvelope } from "../../src/protocol/produce.ts";
import { PRODUCE_PART_ENVELOPE_SIZE, writeProducePartEnvelope } from "../../src/protocol/produce-part.ts";
import { bodies, bodyNames } from "./arbitraries.ts";
import { Random } from "./random.ts";

export interface HostileFrame {
  /** Its place in the sequence of its seed. */
  readonly index: number;
  /** The body of the valid frame it was made from. */
  readonly origin: string;
  /** What was done to that, in order. */
  readonly damage: readonly string[];
  readonly bytes: Uint8Array;
}

/** Structure is denser at the front: a frame's tables come before the strings and vectors they refer to. */
const DENSE_BYTES = 160;

const view = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** @returns the valid frames that a seed's hostile ones are made from: each body several times, and from templates */
export function validFrames(seed: number): { readonly origin: string; readonly bytes: Uint8Array }[] {
  const frames = bodyNames.flatMap((origin) =>
    fc
      .sample(bodies[origin] as fc.Arbitrary<never>, { seed, numRuns: 6 })
      .map((body) => ({ origin, bytes: encodeMessage(origin, seed >>> 0, body) })),
  );
  const random = new Random(seed);
  for (const size of [0, 61, 1000, 20_000]) {
    const produce = new Uint8Array(PRODUCE_ENVELOPE_SIZE + size);
    const partition = { topicId: random.bytes(16), partition: random.below(100) };
    new ProduceEnvelope(partition).write(produce, 0, random.uint32(), size);
    frames.push({ origin: "Produce", bytes: produce });
    const part = new Uint8Array(PRODUCE_PART_ENVELOPE_SIZE + size);
    writeProducePartEnvelope(part, 0, random.uint32(), 1, random.uint32(), size);
    frames.push({ origin: "ProducePart", bytes: part });
  }
  const credit = new Uint8Array(CREDIT_FRAME_SIZE);
  writeCredit(credit, 0, 1, 65_536);
  frames.push({ origin: "Credit", bytes: credit });
  return frames;
}

type Damage = (bytes: Uint8Array, random: Random, others: readonly Uint8Array[]) => Uint8Array;

/** @returns a position at which `size` bytes fit, a multiple of `alignment` */
function position(bytes: Uint8Array, random: Random, size: number, alignment: number): number {
  const end = random.below(4) === 0 ? bytes.length : Math.min(bytes.length, DENSE_BYTES);
  const count = Math.floor((end - size) / alignment) + 1;
  return count <= 0 ? 0 : random.below(count) * alignment;
}

/** @returns positions of what may be offsets: words that lead to a place behind them inside the frame */
function references(bytes: Uint8Array): number[] {
  const words = view(bytes);
  const found: number[] = [];
  for (let at = 0; at + 4 <= bytes.length && at < 4 * DENSE_BYTES; at += 4) {
    const distance = words.getUint32(at, true);
    if (distance > 0 && at + distance < bytes.length) found.push(at);
  }
  return found;
}

/** @returns positions of the vtables of the root and of its body, as far as they can be found */
function vtables(bytes: Uint8Array): number[] {
  const words = view(bytes);
  const inside = (at: number, size: number) => at >= 0 && at + size <= bytes.length;
  const vtableOf = (table: number) => (inside(table, 4) ? table - words.getInt32(table, true) : -1);
  const root = inside(0, 4) ? words.getUint32(0, true) : -1;
  const rootVtable = vtableOf(root);
  const found = [rootVtable];
  if (inside(rootVtable, 10)) {
    const body = root + words.getUint16(rootVtable + 8, true);
    if (inside(body, 4)) found.push(vtableOf(body + words.getUint32(body, true)));
  }
  return found.filter((at) => inside(at, 4));
}

const damages: Readonly<Record<string, Damage>> = {
  "flip a bit": (bytes, random) => {
    const at = position(bytes, random, 1, 1);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return bytes;
  },
  "set a byte": (bytes, random) => {
    bytes[position(bytes, random, 1, 1)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    return bytes;
  },
  "set a half word": (bytes, random) => {
    if (bytes.length < 2) return bytes;
    const values = [0, 1, 2, 3, 4, 5, 6, 0x7ffe, 0x7fff, 0x8000, 0xfffe, 0xffff, bytes.length];
    view(bytes).setUint16(position(bytes, random, 2, 2), random.pick(values), true);
    return bytes;
  },
  "set a word": (bytes, random) => {
    if (bytes.length < 4) return bytes;
    const at = position(bytes, random, 4, 4);
    const rest = bytes.length - at;
    const values = [0, 1, 3, 4, rest, rest - 1, rest - 4, rest - 5, rest + 1, -at, bytes.length, random.uint32()];
    view(bytes).setUint32(at, random.pick([...values, 0x7fff_fffc, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, -1]), true);
    return bytes;
  },
  "swap two words": (bytes, random) => {
    if (bytes.length < 4) return bytes;
    const words = view(bytes);
    const [a, b] = [position(bytes, random, 4, 4), position(bytes, random, 4, 4)];
    const first = words.getUint32(a, true);
    words.setUint32(a, words.getUint32(b, true), true);
    words.setUint32(b, first, true);
    return bytes;
  },
  "let two offsets lead to one place": (bytes, random) => {
    const candidates = references(bytes);
    if (candidates.length < 2) return bytes;
    const [from, to] = [random.pick(candidates), random.pick(candidates)];
    const words = view(bytes);
    words.setUint32(from, to + words.getUint32(to, true) - from, true);
    return bytes;
  },
  "move an offset": (bytes, random) => {
    const candidates = references(bytes);
    if (candidates.length === 0) return bytes;
    const at = random.pick(candidates);
    const words = view(bytes);
    words.setUint32(at, words.getUint32(at, true) + random.pick([-8, -4, -2, -1, 1, 2, 4, 8]), true);
    return bytes;
  },
  "edit a vtable": (bytes, random) => {
    const candidates = vtables(bytes);
    if (candidates.length === 0) return bytes;
    const vtable = random.pick(candidates);
    const words = view(bytes);
    const entries = Math.min(words.getUint16(vtable, true) >> 1, (bytes.length - vtable) >> 1, 16);
    const at = vtable + 2 * random.below(Math.max(entries, 2));
    const near = words.getUint16(at, true) + random.pick([-4, -1, 1, 4]);
    words.setUint16(at, random.pick([0, 1, 2, 4, 6, 8, 12, 0x7ffe, 0x8000, 0xfffc, near, near]), true);
    return bytes;
  },
  "cut the end off": (bytes, random) => bytes.slice(0, random.below(bytes.length + 1)),
  "append bytes": (bytes, random) => {
    const longer = new Uint8Array(bytes.length + 1 + random.below(40));
    longer.set(bytes);
    if (random.below(2) === 0) longer.set(random.bytes(longer.length - bytes.length), bytes.length);
    return longer;
  },
  "insert bytes": (bytes, random) => {
    const at = position(bytes, random, 0, 1);
    const size = 1 + random.below(8);
    const longer = new Uint8Array(bytes.length + size);
    longer.set(bytes.subarray(0, at));
    longer.set(bytes.subarray(at), at + size);
    return longer;
  },
  "remove bytes": (bytes, random) => {
    const at = position(bytes, random, 0, 1);
    const size = Math.min(1 + random.below(8), bytes.length - at);
    const shorter = new Uint8Array(bytes.length - size);
    shorter.set(bytes.subarray(0, at));
    shorter.set(bytes.subarray(at + size), at);
    return shorter;
  },
  "splice another frame in": (bytes, random, others) => {
    const other = random.pick(others);
    const size = Math.min(1 + random.below(64), other.length, bytes.length);
    const from = position(other, random, size, 4);
    bytes.set(other.subarray(from, from + size), position(bytes, random, size, 4));
    return bytes;
  },
};

const damageNames = Object.keys(damages);

/** @returns a copy of a valid frame that is damaged at least once, and what was done to it, in order */
export function damage(
  valid: Uint8Array,
  random: Random,
  others: readonly Uint8Array[],
): { readonly bytes: Uint8Array; readonly damage: readonly string[] } {
  let bytes: Uint8Array = valid.slice();
  const done: string[] = [];
  do {
    const name = random.pick(damageNames);
    bytes = damages[name]!(bytes, random, others);
    done.push(name);
  } while (random.below(2) === 0 && done.length < 6);
  return { bytes, damage: done };
}

/** @returns the first `count` hostile frames of the seed; the same for ever */
export function* frames(seed: number, count: number): Generator<HostileFrame, void, undefined> {
  const origins = validFrames(seed);
  const others = origins.map((frame) => frame.bytes);
  const random = new Random(seed);
  for (let index = 0; index < count; index++) {
    const { origin, bytes: valid } = random.pick(origins);
    yield { index, origin, ...damage(valid, random, others) };
  }
}
