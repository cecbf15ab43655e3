/** `cambium topic ...`: what topics there are, and how to change them. */

import { BrokerError } from "../base/errors.ts";
import type { TopicDescription } from "../client/index.ts";
import { pluralText } from "./amounts.ts";
import type { Invocation } from "./command-definition.ts";
import { UsageError } from "./command-error.ts";
import { connected } from "./connected.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { parseBytes, parseDuration } from "./option-types.ts";
import type { Output } from "./output.ts";
import { table } from "./table.ts";

type Pairs = readonly (readonly [name: string, value: string])[];

interface CreateOptions {
  readonly partitions?: number;
  readonly config?: Pairs;
  readonly ifNotExists?: true;
  readonly dryRun?: true;
}

interface AlterOptions {
  readonly partitions?: number;
  readonly config?: Pairs;
  readonly unset?: readonly string[];
  readonly dryRun?: true;
}

export function createTopic(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const name = String(invocation.arguments[0]);
  const { partitions = 1, config = [], ifNotExists, dryRun = false } = invocation.options as CreateOptions;
  return connected(invocation, async (client) => {
    try {
      const topic = { name, partitions, settings: settingsOf(config), validateOnly: dryRun };
      const created = await client.topics.create(topic);
      const text = dryRun ? `${name} could be created` : `created ${name} with ${pluralText(partitions, "partition")}`;
      output.result({ topic: name, created: !dryRun, partitions, topicId: created?.topicId ?? null }, text);
    } catch (error) {
      if (!ifNotExists || !(error instanceof BrokerError) || error.code !== "TOPIC_ALREADY_EXISTS") throw error;
      const { topicId, partitions: existing } = await client.topics.describe(name);
      output.result({ topic: name, created: false, partitions: existing.length, topicId }, `${name} exists`);
    }
    return EXIT_OK;
  });
}

export function listTopics(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  return connected(invocation, async (client) => {
    const topics = (await client.topics.list()).sort((left, right) => (left.name < right.name ? -1 : 1));
    if (output.json) for (const topic of topics) output.line(JSON.stringify(summaryOf(topic)));
    else if (topics.length === 0) output.note("there are no topics");
    else output.line(table(["TOPIC", "PARTITIONS", "RECORDS", "DURABILITY"], topics.map(rowOf)));
    return EXIT_OK;
  });
}

export function describeTopics(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const names = invocation.arguments[0] as readonly string[];
  return connected(invocation, async (client) => {
    for (const name of names) describe(await client.topics.describe(name), output);
    return EXIT_OK;
  });
}

export function alterTopic(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const name = String(invocation.arguments[0]);
  const { partitions, config = [], unset = [], dryRun = false } = invocation.options as AlterOptions;
  if (partitions === undefined && config.length + unset.length === 0) {
    throw new UsageError(
      `nothing to change: say --config name=value, --unset name or --partitions number (see "cambium topic alter --help")`,
    );
  }
  const settings = { ...settingsOf(config), ...Object.fromEntries(unset.map((key) => [key, null])) };
  return connected(invocation, async (client) => {
    await client.topics.alter(name, {
      settings,
      validateOnly: dryRun,
      ...(partitions !== undefined && { partitions }),
    });
    const topic = await client.topics.describe(name);
    const honoured = Object.entries(topic.settings);
    const changed = Object.fromEntries(honoured.map(([key, { value }]) => [key, value]));
    const text = dryRun ? `${name} could be altered` : `altered ${name}`;
    const facts = { topic: name, altered: !dryRun, partitions: topic.partitions.length, settings: changed };
    output.result(facts, text);
    return EXIT_OK;
  });
}

export function deleteTopics(invocation: Invocation): Promise<ExitCode> {
  const { output } = invocation;
  const names = [...new Set(invocation.arguments[0] as readonly string[])];
  return connected(invocation, async (client) => {
    // A name that is misspelt is told of before anything is gone.
    for (const name of names) await client.topics.describe(name);
    for (const name of names) {
      await client.topics.delete(name);
      output.result({ topic: name, deleted: true }, `deleted ${name}`);
    }
    return EXIT_OK;
  });
}

/** `max.message.bytes=16MiB` and `segment.ms=7d` for people; the broker takes plain numbers. */
function settingsOf(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(
    pairs.map(([name, value]) => {
      const number = name.endsWith(".bytes") ? parseBytes(value) : name.endsWith(".ms") ? parseDuration(value) : null;
      return [name, number === null ? value : String(number)];
    }),
  );
}

function recordsIn({ partitions }: TopicDescription): number {
  return partitions.reduce((sum, { highWatermark, logStartOffset }) => sum + highWatermark - logStartOffset, 0);
}

function summaryOf(topic: TopicDescription): Record<string, unknown> {
  const { name, topicId, durability, partitions } = topic;
  return { topic: name, topicId, partitions: partitions.length, records: recordsIn(topic), durability };
}

function rowOf(topic: TopicDescription): (string | number)[] {
  return [topic.name, topic.partitions.length, recordsIn(topic), topic.durability];
}

function describe(topic: TopicDescription, output: Output): void {
  const { name, topicId, durability, maxMessageBytes, partitions } = topic;
  const settings = topic.settings;
  if (output.json) {
    output.line(JSON.stringify({ topic: name, topicId, durability, maxMessageBytes, partitions, settings }));
    return;
  }
  output.line(`${name}  id ${topicId}  durability ${durability}  largest batch ${maxMessageBytes} bytes`);
  output.line(
    table(
      ["PARTITION", "START", "END", "RECORDS", "WRITTEN", "DURABLE", "EPOCH", "STATE"],
      partitions.map(
        ({ partition, logStartOffset, highWatermark, logEndOffset, durableEndOffset, leaderEpoch, error }) => [
          partition,
          logStartOffset,
          highWatermark,
          highWatermark - logStartOffset,
          logEndOffset,
          durability === "memory" ? "-" : durableEndOffset,
          leaderEpoch,
          error ?? "ok",
        ],
      ),
    ),
  );
  const rows = Object.entries(settings).map(([key, { value, isDefault }]) => [key, value, isDefault ? "" : "set"]);
  output.line(table(["SETTING", "VALUE", ""], rows));
}
