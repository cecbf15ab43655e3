/** Who a topic is and how its logs behave; partitions hold on to it, so a change of settings reaches them at once. */
import { type TopicId, topicIdToBytes } from "../base/topic-id.ts";
import type { LogSettings } from "../storage/partition-log.ts";
import { logSettingsOf, type TopicSettings } from "./topic-settings.ts";

export class TopicConfig {
  readonly name: string;
  readonly id: TopicId;
  /** The id's 16 bytes, as frames carry them. */
  readonly idBytes: Uint8Array;
  #settings: TopicSettings;
  #logSettings: LogSettings;

  constructor(name: string, id: TopicId, settings: TopicSettings) {
    this.name = name;
    this.id = id;
    this.idBytes = topicIdToBytes(id);
    this.#settings = settings;
    this.#logSettings = logSettingsOf(settings);
  }

  get settings(): TopicSettings {
    return this.#settings;
  }

  get logSettings(): LogSettings {
    return this.#logSettings;
  }

  configure(settings: TopicSettings): void {
    this.#settings = settings;
    this.#logSettings = logSettingsOf(settings);
  }
}
