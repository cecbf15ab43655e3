/**
 * What a hostile client says over one connection, repeatable from a seed: a damaged frame, a batch that is none in a valid
 * envelope, or a conversation that makes sense up to the frames in it that do not.
 */
import type { Offset } from "../../src/base/units.ts";
import { Start } from "../../src/protocol/generated/wire.ts";
import { encodeMessage } from "../../src/protocol/messages.ts";
import { HEADER_SIZE, makeBatch, resealed } from "../helpers/batches.ts";
import { damage, validFrames } from "../protocol/frame-mutator.ts";
import type { Random } from "../protocol/random.ts";

export type SessionKind = "frame" | "unwelcome frame" | "batch" | "conversation";

export interface HostileSession {
  readonly kind: SessionKind;
  /** One WebSocket message each, the Hello included. */
  readonly frames: readonly Uint8Array[];
}

/** The topic that hostile clients may play with. */
export interface Playground {
  readonly name: string;
  readonly topicId: Uint8Array;
}

const HELLO = encodeMessage("Hello", 1, { version: 1, client: "hostile" });

export class HostileSessions {
  readonly #random: Random;
  readonly #valid: readonly Uint8Array[];

  constructor(seed: number, random: Random) {
    this.#random = random;
    this.#valid = validFrames(seed).map(({ bytes }) => bytes);
  }

  next(playground: Playground): HostileSession {
    const choice = this.#random.below(20);
    if (choice < 10) return { kind: "frame", frames: [HELLO, this.#damaged(this.#random.pick(this.#valid))] };
    if (choice === 10) return { kind: "unwelcome frame", frames: [this.#damaged(this.#random.pick(this.#valid))] };
    if (choice < 14) return { kind: "batch", frames: [HELLO, ...this.#batches(playground)] };
    return { kind: "conversation", frames: this.#conversation(playground) };
  }

  #damaged(frame: Uint8Array): Uint8Array {
    return damage(frame, this.#random, this.#valid).bytes;
  }

  #batches(playground: Playground): Uint8Array[] {
    return Array.from({ length: 1 + this.#random.below(4) }, () =>
      encodeMessage("Produce", this.#random.below(1000), {
        topicId: playground.topicId,
        batch: this.#hostileBatch(),
      }),
    );
  }

  /** A batch with wrong lengths, counts, deltas or bytes, in half of the cases under a CRC that is right. */
  #hostileBatch(): Uint8Array {
    const random = this.#random;
    const batch = makeBatch({
      count: 1 + random.below(20),
      valueSize: 8 + random.below(200),
      ...(random.below(3) === 0 && { producerId: random.below(5), producerEpoch: 0, baseSequence: random.below(10) }),
    });
    const view = new DataView(batch.buffer);
    for (let times = random.below(4); times >= 0; times--) {
      const wild = random.pick([0, 1, -1, 60, 61, batch.length, batch.length - 12, 2 ** 31 - 1, -(2 ** 31), 0xffff]);
      const fields = [8, 12, 17, 23, 53, 57];
      const what = random.below(4);
      if (what < 2) view.setInt32(random.pick(fields), wild);
      else if (what === 2) batch[random.below(HEADER_SIZE)] = random.below(256);
      else batch[HEADER_SIZE + random.below(batch.length - HEADER_SIZE)]! ^= 1 << random.below(8);
    }
    if (random.below(2) === 0) resealed(batch);
    if (random.below(8) === 0) return batch.slice(0, random.below(batch.length + 1));
    return batch;
  }

  #conversation(playground: Playground): Uint8Array[] {
    const frames = Array.from({ length: 2 + this.#random.below(12) }, (_, index) => {
      const frame = this.#sensible(playground, index + 1);
      return this.#random.below(6) === 0 ? this.#damaged(frame) : frame;
    });
    return this.#random.below(20) === 0 ? frames : [HELLO, ...frames];
  }

  /** A frame that a client might send, with values from everywhere a field can reach. */
  #sensible(playground: Playground, correlation: number): Uint8Array {
    const random = this.#random;
    const topicId = random.below(8) === 0 ? random.bytes(16) : playground.topicId;
    const partition = random.pick([0, 0, 0, 0, 0, 1, 1, 7, -1, 2 ** 31 - 1, -(2 ** 31)]);
    const leaderEpoch = random.pick([-1, -1, -1, -1, 0, 1, 2 ** 31 - 1]);
    const start = random.pick([Start.Earliest, Start.Earliest, ...Object.values(Start)]);
    const value = random.pick([0, 0, 1, 5, 1000, Date.now(), Number.MAX_SAFE_INTEGER]) as Offset;
    const size = random.pick([0, 1, 60, 61, 4096, 70_000, 1 << 20, 2 ** 31, 2 ** 32 - 1]);
    const subscription = random.below(3);
    const read = { topicId, partition, leaderEpoch, start, value };
    const acks = random.pick([-1, -1, 1, 0, 2]);
    switch (random.below(18)) {
      case 0:
        return encodeMessage("Subscribe", correlation, { ...read, subscription, credit: size });
      case 1:
        return encodeMessage("Credit", 0, { subscription, bytes: size });
      case 2:
        return encodeMessage("Unsubscribe", correlation, { subscription });
      case 3:
        return encodeMessage("ProduceBegin", correlation, { topicId, partition, acks, size });
      case 4:
        return encodeMessage("ProducePart", 0, {
          upload: random.below(3),
          position: random.pick([0, 0, 0, 1, 500, size]),
          bytes: new Uint8Array(random.pick([0, 1, 500, 4096])),
        });
      case 5:
        return encodeMessage("WindowRequest", 0, { window: size });
      case 6:
        return encodeMessage("WindowAck", 0, { window: random.pick([size, 65_536]) });
      case 7:
        return encodeMessage("InitProducer", correlation, {
          producerId: random.pick([-1n, -1n, 0n, 2n ** 63n - 1n, -(2n ** 63n)]),
          producerEpoch: random.pick([-1, 0, 32_767, -32_768]),
        });
      case 8:
        return encodeMessage("ListOffset", correlation, { topicId, partition, start, value });
      case 9:
        return encodeMessage(
          "DescribeTopics",
          correlation,
          random.below(2) === 0 ? {} : { names: [playground.name, ""] },
        );
      case 10:
        return encodeMessage("AlterTopic", correlation, this.#alteration(playground));
      case 11:
        return encodeMessage("CreateTopic", correlation, {
          name: random.pick([playground.name, "", "..", "a/b", "x".repeat(250), `t${random.below(20)}`]),
          partitions: random.pick([1, 0, -1, 3, 2 ** 31 - 1]),
          settings: random.below(2) === 0 ? [] : [{ key: "segment.bytes", value: String(size) }],
        });
      case 12:
        return encodeMessage("DeleteTopic", correlation, { name: `t${random.below(20)}` });
      case 13:
        return encodeMessage("Hello", correlation, { version: 1 });
      case 14:
      case 15:
        return encodeMessage("Fetch", correlation, {
          ...read,
          bytesMax: size,
          bytesMin: random.pick([0, 1, size]),
          waitMsMax: random.pick([0, 0, 20, 2 ** 32 - 1]),
        });
      default:
        return encodeMessage("Produce", correlation, { topicId, partition, acks, leaderEpoch, batch: makeBatch() });
    }
  }

  #alteration({ name }: Playground): { name: string; set: { key: string; value: string }[]; unset: string[] } {
    const key = this.#random.pick([
      "segment.bytes",
      "max.message.bytes",
      "segment.ms",
      "durability",
      "constructor",
      "",
    ]);
    const value = this.#random.pick(["1", "1000000", "os", "-1", "9".repeat(400), ""]);
    return { name, set: [{ key, value }], unset: this.#random.below(2) === 0 ? [] : [key] };
  }
}
