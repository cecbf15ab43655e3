/** Ids of topics by name, asked for once: a topic keeps its id for life, and a name that leads to another one is found out. */
import { BrokerError } from "../base/errors.ts";
import type { Channel } from "./channel.ts";
import { describedTopic, topicInfo } from "./topics.ts";

/** Names remembered; then all are forgotten. */
const NAMES_MAX = 10_000;

export class TopicIds {
  readonly #channel: Channel;
  readonly #ids = new Map<string, Promise<Uint8Array>>();

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Calls `run` with the topic's id, and again with its new one if the topic was deleted and made again.
   *
   * @throws BrokerError UNKNOWN_TOPIC_OR_PARTITION; and what `run` throws
   */
  async use<Result>(name: string, run: (topicId: Uint8Array) => Promise<Result>): Promise<Result> {
    try {
      return await run(await this.#find(name));
    } catch (error) {
      if (!(error instanceof BrokerError) || error.code !== "UNKNOWN_TOPIC_ID") throw error;
      this.#ids.delete(name);
      return run(await this.#find(name));
    }
  }

  #find(name: string): Promise<Uint8Array> {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    if (this.#ids.size >= NAMES_MAX) this.#ids.clear();
    const found = topicInfo(this.#channel, name, false).then((info) => describedTopic(info).topicId);
    this.#ids.set(name, found);
    found.catch(() => this.#ids.delete(name));
    return found;
  }
}
