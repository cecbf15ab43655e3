/** The topics a producer knows, those it is looking up, and what was sent to the latter meanwhile. */
import { asBrokerError } from "../base/errors.ts";
import { type DeferredSend, DeferredSends } from "./deferred-sends.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { ProducerTopic } from "./producer-topic.ts";

interface LookUp {
  readonly sends: DeferredSends;
  readonly done: Promise<void>;
}

export class ProducerTopics {
  readonly #load: (name: string) => Promise<ProducerTopic>;
  readonly #take: (send: DeferredSend, topic: ProducerTopic) => void;
  readonly #added: (queues: readonly PartitionQueue[]) => void;
  readonly #bytesMax: number;
  readonly #known = new Map<string, ProducerTopic>();
  /** Topics that the broker does not have any more, until what they were given is settled. */
  readonly #retired = new Set<ProducerTopic>();
  /** What was asked for last. */
  #lastName = "";
  #last: ProducerTopic | undefined;
  readonly #lookUps = new Map<string, LookUp>();
  /** Topics of which the broker is asked what is new. */
  readonly #refreshes = new Set<ProducerTopic>();

  /**
   * @param load     asks the broker; retries what may be retried
   * @param take     takes what was sent to a topic that is known now
   * @param added    told of the queues of partitions that were not known before
   * @param bytesMax about as many bytes may wait for each topic
   */
  constructor(
    load: (name: string) => Promise<ProducerTopic>,
    take: (send: DeferredSend, topic: ProducerTopic) => void,
    added: (queues: readonly PartitionQueue[]) => void,
    bytesMax: number,
  ) {
    this.#load = load;
    this.#take = take;
    this.#added = added;
    this.#bytesMax = bytesMax;
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
      if (!topic.queues.every((queue) => queue.isIdle && queue.open === null)) continue;
      this.#retired.delete(topic);
      released.push(...topic.queues);
    }
    return released;
  }

  /**
   * Makes a topic known.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION, CONNECTION_LOST, CLOSED
   */
  async lookUp(name: string): Promise<void> {
    if (!this.#known.has(name)) await this.#lookUp(name).done;
  }

  /** Is the broker being asked about the topic for something that was sent? What is sent after that waits, too. */
  isLookedUp(name: string): boolean {
    return this.#lookUps.size > 0 && this.#lookUps.has(name);
  }

  /**
   * Keeps what is sent to a topic or partition that is not known, or against limits that may be old, until the broker was asked.
   *
   * @throws BrokerError BUSY  too much waits already
   */
  defer(send: DeferredSend): void {
    this.#lookUp(send.topic).sends.push(send);
  }

  /** Resolves when no topic is being looked up any more. */
  async lookedUp(): Promise<void> {
    await Promise.allSettled([...this.#lookUps.values()].map(({ done }) => done));
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
    this.#known.delete(name);
    this.#retired.add(topic);
    this.#lastName = "";
    this.#last = undefined;
  }

  async #refresh(topic: ProducerTopic): Promise<void> {
    this.#refreshes.add(topic);
    try {
      const fresh = await this.#load(topic.name);
      // What waits for a look-up comes before what could be sent to the new partitions.
      if (!this.#lookUps.has(topic.name) && isSame(topic.topicId, fresh.topicId)) this.#added(topic.update(fresh));
    } catch {
      // Batches are told what is wrong with their topic.
    } finally {
      this.#refreshes.delete(topic);
    }
  }

  /** @returns the topic of that name, with what is new */
  #learn(fresh: ProducerTopic): ProducerTopic {
    const known = this.#known.get(fresh.name);
    if (known !== undefined && isSame(known.topicId, fresh.topicId)) {
      this.#added(known.update(fresh));
      return known;
    }
    if (known !== undefined) this.#retired.add(known);
    this.#known.set(fresh.name, fresh);
    this.#added(fresh.queues);
    return fresh;
  }

  #lookUp(name: string): LookUp {
    const underWay = this.#lookUps.get(name);
    if (underWay !== undefined) return underWay;
    const sends = new DeferredSends(this.#bytesMax);
    const done = this.#load(name).then(
      (fresh) => {
        this.#lookUps.delete(name);
        const topic = this.#learn(fresh);
        this.#lastName = name;
        this.#last = topic;
        // At once, so that nothing sent from now on comes before.
        while (!sends.isEmpty) this.#take(sends.shift(), topic);
      },
      (error: unknown) => {
        this.#lookUps.delete(name);
        sends.rejectAll(asBrokerError(error));
        throw error;
      },
    );
    // Who only sends is told by the promise of `send`.
    done.catch(() => {});
    const lookUp = { sends, done };
    this.#lookUps.set(name, lookUp);
    return lookUp;
  }
}

function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.every((byte, index) => byte === right[index]);
}
