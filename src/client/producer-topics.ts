/** The topics a producer knows, and those it is asking the broker about. */
import { asBrokerError, type BrokerError } from "../base/errors.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { ProducerTopic } from "./producer-topic.ts";

/** The producer, as its topics see it. */
export interface TopicsOwner {
  /** Asks the broker; retries what may be retried. */
  load(name: string): Promise<ProducerTopic>;
  /** Partitions that were not known before have these queues. */
  added(queues: readonly PartitionQueue[]): void;
  /** The broker was asked about a topic. @param failure null: the topic is known, as it is now */
  lookedUp(name: string, failure: BrokerError | null): void;
}

export class ProducerTopics {
  readonly #owner: TopicsOwner;
  readonly #known = new Map<string, ProducerTopic>();
  /** Topics that the broker does not have any more, until what they were given is settled. */
  readonly #retired = new Set<ProducerTopic>();
  /** What was asked for last. */
  #lastName = "";
  #last: ProducerTopic | undefined;
  readonly #lookUps = new Map<string, Promise<void>>();
  /** Topics of which the broker is asked what is new. */
  readonly #refreshes = new Set<ProducerTopic>();

  constructor(owner: TopicsOwner) {
    this.#owner = owner;
  }

  /** @returns undefined: it is not known yet */
  get(name: string): ProducerTopic | undefined {
    // Most producers have one topic, and its name is the same object each time: that costs nothing to compare.
    if (name !== this.#lastName) {
      this.#lastName = name;
      this.#last = this.#known.get(name);
    }
    return this.#last;
  }

  *queues(): Iterable<PartitionQueue> {
    for (const topic of this.#known.values()) yield* topic.queues;
    for (const topic of this.#retired) yield* topic.queues;
  }

  /** Lets go of the retired topics of which everything is settled. @returns their queues */
  release(): PartitionQueue[] {
    const released: PartitionQueue[] = [];
    for (const topic of this.#retired) {
      if (!isIdle(topic)) continue;
      this.#retired.delete(topic);
      released.push(...topic.queues);
    }
    return released;
  }

  /**
   * Asks the broker about a topic, unless it is being asked.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, CONNECTION_LOST, CLOSED
   */
  lookUp(name: string): Promise<void> {
    const underWay = this.#lookUps.get(name);
    if (underWay !== undefined) return underWay;
    const done = this.#lookUp(name);
    // Who only sends is told by the promise of `send`.
    done.catch(() => {});
    this.#lookUps.set(name, done);
    return done;
  }

  /**
   * Asks the broker for what may be new of the topics in use: partitions that were added, say.
   *
   * @param sinceMs what was heard before, by the monotonic clock, is too old
   */
  refresh(sinceMs: number): void {
    for (const topic of this.#known.values())
      if (!this.#refreshes.has(topic) && topic.isDue(sinceMs)) void this.#refresh(topic);
  }

  /**
   * What is known may be old: there is another connection, or the topic's limits are not what they were.
   *
   * @param name default: every topic
   */
  doubt(name?: string): void {
    if (name !== undefined) this.#known.get(name)?.doubt();
    else for (const topic of this.#known.values()) topic.doubt();
  }

  /** The broker does not have this topic any more: it may have another of that name. */
  forget(name: string, topicId: Uint8Array): void {
    const topic = this.#known.get(name);
    if (topic === undefined || !isSame(topic.topicId, topicId)) return;
    this.#know(name, null);
    this.#retired.add(topic);
  }

  async #refresh(topic: ProducerTopic): Promise<void> {
    this.#refreshes.add(topic);
    try {
      const fresh = await this.#owner.load(topic.name);
      if (isSame(topic.topicId, fresh.topicId)) this.#owner.added(topic.update(fresh));
    } catch (error) {
      // Batches are told what is wrong with their topic. Where there are none, nobody else would let go of it.
      const isGone = asBrokerError(error).code === "UNKNOWN_TOPIC_OR_PARTITION";
      if (isGone && isIdle(topic)) this.forget(topic.name, topic.topicId);
    } finally {
      this.#refreshes.delete(topic);
    }
  }

  async #lookUp(name: string): Promise<void> {
    let failure: BrokerError | null = null;
    try {
      this.#learn(await this.#owner.load(name));
    } catch (error) {
      failure = asBrokerError(error);
      throw error;
    } finally {
      this.#lookUps.delete(name);
      this.#owner.lookedUp(name, failure);
    }
  }

  #learn(fresh: ProducerTopic): void {
    const known = this.#known.get(fresh.name);
    if (known !== undefined && isSame(known.topicId, fresh.topicId)) {
      this.#owner.added(known.update(fresh));
      return;
    }
    if (known !== undefined) this.#retired.add(known);
    this.#know(fresh.name, fresh);
    this.#owner.added(fresh.queues);
  }

  #know(name: string, topic: ProducerTopic | null): void {
    if (topic === null) this.#known.delete(name);
    else this.#known.set(name, topic);
    this.#lastName = "";
    this.#last = undefined;
  }
}

function isIdle({ queues }: ProducerTopic): boolean {
  return queues.every((queue) => queue.isIdle && queue.open === null);
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.every((byte, index) => byte === right[index]);
}
