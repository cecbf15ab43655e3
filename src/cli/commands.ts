/** All commands, as help shows them. What they do is imported when one of them runs. */
import { Option } from "commander";
import { TOPIC_PARTITIONS_MAX } from "../base/start-limits.ts";
import type { CommandDefinition, CommandGroup } from "./command-definition.ts";
import { option, pairs, repeated } from "./option-makers.ts";
import { duration, integer, integers, text } from "./option-types.ts";
import { FORMAT_HELP } from "./record-format.ts";

const PARTITION_MAX = TOPIC_PARTITIONS_MAX - 1;
const DAY_MS = 86_400_000;

const start: CommandDefinition = {
  synopsis: "start",
  summary: "Start a broker; SIGINT or SIGTERM stops it cleanly",
  details: `One line on standard output says when it is ready; its log goes to standard error. Ctrl-C stops it, and so does
"kill PID" with the pid of that line: that of a shell or npm around it is another. A second signal ends it at once,
which loses nothing that was acknowledged as "disk" or "os".`,
  examples: [
    ["cambium start", "on 127.0.0.1:4500, data in ./data"],
    ["cambium start --data /var/lib/cambium --port 4600", ""],
    ["cambium start --data temporary --port 0 --json", "for tests: a free port, told as JSON"],
    ["CAMBIUM_POOL_BYTES=1GiB cambium start --config broker.json", "settings from everywhere"],
  ],
  settings: ["start", "data"],
  run: async (invocation) => (await import("./start.ts")).start(invocation),
};

const topicConfig = pairs(
  "--config <name=value>",
  "A setting of the topic; sizes and times may have units, 16MiB or 7d",
  "; of this command, CAMBIUM_CONFIG names the file of settings",
);
const dryRun = new Option("--dry-run", "Check everything, change nothing");

const topic: CommandGroup = {
  name: "topic",
  summary: "Create, list, describe, alter and delete topics",
  commands: [
    {
      synopsis: "create <name>",
      summary: "Create a topic",
      details: `Settings are Kafka's where Kafka has them (segment.bytes, max.message.bytes, ...), and durability:
disk (default, acknowledged when synced), os (survives the process), memory (gone with the process). A topic of
durability memory keeps 16MiB a partition (retention.bytes), and all of them together half of the broker's pool.`,
      examples: [
        ["cambium topic create orders --partitions 8", ""],
        ["cambium topic create images --config max.message.bytes=16MiB", "larger records"],
        ["cambium topic create metrics --config durability=os --if-not-exists", ""],
      ],
      settings: ["client"],
      options: [
        option("--partitions <number>", "How many partitions (default: 1)", integer(1, TOPIC_PARTITIONS_MAX)),
        topicConfig,
        new Option("--if-not-exists", "A topic that exists is no error; it stays as it is"),
        dryRun,
      ],
      run: async (invocation) => (await import("./topic.ts")).createTopic(invocation),
    },
    {
      synopsis: "list",
      summary: "List all topics",
      examples: [
        ["cambium topic list", ""],
        ["cambium topic list --json | jq -r .topic", "only the names"],
      ],
      settings: ["client"],
      run: async (invocation) => (await import("./topic.ts")).listTopics(invocation),
    },
    {
      synopsis: "describe <names...>",
      summary: "Show the partitions and settings of topics",
      examples: [
        ["cambium topic describe orders", ""],
        ["cambium topic describe orders --json | jq '.partitions[].highWatermark'", ""],
      ],
      settings: ["client"],
      run: async (invocation) => (await import("./topic.ts")).describeTopics(invocation),
    },
    {
      synopsis: "alter <name>",
      summary: "Change the settings of a topic, or give it more partitions",
      details: `Partitions can be added, never taken away. From then on keys go to other partitions than before, so a key's records
keep their order only from the change on. Producers and consumers that run learn of them within half a minute.`,
      examples: [
        ["cambium topic alter orders --partitions 16", ""],
        ["cambium topic alter orders --config segment.bytes=64MiB", ""],
        ["cambium topic alter orders --unset segment.bytes", "the default again"],
      ],
      settings: ["client"],
      options: [
        option("--partitions <number>", "How many partitions there are to be", integer(1, TOPIC_PARTITIONS_MAX)),
        topicConfig,
        repeated("--unset <name>", "A setting that goes back to its default", text),
        dryRun,
      ],
      run: async (invocation) => (await import("./topic.ts")).alterTopic(invocation),
    },
    {
      synopsis: "delete <names...>",
      summary: "Delete topics and all their records",
      examples: [
        ["cambium topic delete orders", "there is no way back; of several, none is deleted if one does not exist"],
      ],
      settings: ["client"],
      run: async (invocation) => (await import("./topic.ts")).deleteTopics(invocation),
    },
  ],
};

const produce: CommandDefinition = {
  synopsis: "produce <topic>",
  summary: "Send records: lines of standard input or files, JSON, or whole files",
  details: `Each line is the value of a record, unless one of the --key..., --json-lines or --whole options says otherwise. A line
ends at \\n; a \\r before it belongs to the value.
With --json a line {"acked":N} says how many are acknowledged so far, as durable as the topic promises; the
last one has "done":true. Records with the same key keep their order. After a signal what was read is sent.
Where it fails at a line, those before it are sent, and no others. Where the broker did not take all, acked is
less than the given of the last line: which are missing nobody knows, and all of them again repeat the others.

A line of --json-lines is what "consume --format json" prints: {"key":"k","value":"v","headers":[{"name":"h",
"value":"x"}],"timestamp":1714564800000,"partition":0}. Only value is needed; one that is no text is sent as
the JSON that it is; keyBase64 and valueBase64 are bytes; headers may be {"h":"x"}, too; topic and offset are passed over;
a value of null is a tombstone.`,
  examples: [
    ["echo hello | cambium produce greetings", ""],
    ["cambium produce logs --file app.log --compression zstd", "every line of a file"],
    ["cambium produce flights --file flights.ndjson --key-field origin", "keyed by a field of each line"],
    ["cambium produce pictures --file cat.jpg --whole --key cat", "a file as one record"],
    ["cambium consume a --format json | cambium produce b --json-lines --ignore-partition", "copy a topic"],
    ["cambium produce words --key-separator '\\t' --file pairs.tsv", "key, tab, value"],
  ],
  settings: ["client", "produce"],
  options: [
    repeated("--file <path>", 'Read this file instead of standard input, which is "-"', text),
    new Option("--whole", "Each file, or all of standard input, is one record"),
    new Option("--json-lines", "Each line is a JSON object that describes a record"),
    option("--key <key>", "Key of every record that has no other", text),
    option("--key-separator <text>", "Lines are key, separator, value; \\t and \\xHH as in consume --format", text),
    option("--key-field <name>", "Lines are JSON objects; this field is the key", text),
    new Option("--key-optional", "A line without separator or field is no error (--key has the same effect)"),
    new Option("--ignore-partition", "With --json-lines: go by the key, not by the partition that a line names"),
    option("--partition <number>", "Partition of every record that has no other", integer(0, PARTITION_MAX)),
    pairs("--header <name=value>", "Header of every record that has no other"),
  ],
  run: async (invocation) => (await import("./produce.ts")).produce(invocation),
};

const consume: CommandDefinition = {
  synopsis: "consume <topic>",
  summary: "Read records, from anywhere in a topic",
  details: `It ends at what is there when it begins (the high watermark of each partition), or with --follow at a signal.
In a partition records come in order. --from takes
  earliest, latest   the ends of the log
  1200               an offset, which each partition that is read must have
  2024-05-01T12:00Z  a time (ISO 8601; local without a zone): the first record that is not earlier
  2024-05-01         midnight, where that day begins, local
  -1h, -7d, -2w      a time ago

${FORMAT_HELP}`,
  examples: [
    ["cambium consume orders", "everything there is"],
    ["cambium consume orders --from latest --follow", "whatever comes"],
    ["cambium consume orders --from -1h --format '%T %k %s\\n'", "the last hour"],
    ["cambium consume orders --partition 3 --from 1200 --max 10 --json", ""],
  ],
  settings: ["client"],
  options: [
    option("--from <start>", "Where to begin (default: earliest)", text),
    new Option("--follow", "Go on when the end is reached"),
    option("--format <format>", "How to print a record (default: value; with --json: json)", text),
    repeated("--partition <number,...>", "Only these partitions", integers(0, PARTITION_MAX)),
    new Option("--skip-corrupt", "Go on behind damaged batches, and tell on standard error what was skipped"),
    option("-n, --max <number>", "End after so many records", integer(1, Number.MAX_SAFE_INTEGER)),
  ],
  run: async (invocation) => (await import("./consume.ts")).consume(invocation),
};

const stats: CommandDefinition = {
  synopsis: "stats",
  summary: "Show what the broker says of itself",
  examples: [
    ["cambium stats", ""],
    ["cambium stats --watch 2s", "again and again"],
    ["cambium stats --json | jq .rssBytes", ""],
  ],
  settings: ["client"],
  options: [option("--watch <time>", "Show it again every so often, until a signal", duration(100, DAY_MS))],
  run: async (invocation) => (await import("./stats.ts")).stats(invocation),
};

const dump: CommandDefinition = {
  synopsis: "dump [topic-partition]",
  summary: "Show what lies in a data folder's files, batch by batch, with offsets and CRC state",
  details: `It reads the files themselves, with or without a broker, and changes nothing. Where a broker is at work it says so:
files grow while they are read. A name is a topic's, for all of its partitions, or else <topic>-<partition>. CRC is
ok; BAD, the bytes are not those that were written; misplaced, offsets do not follow; unchecked, too large. A torn
batch at the end of the last segment is what a crash leaves, or a broker at work. A partition that was never written
has no files: it is shown as empty, and --verify leaves it out.

--verify checks, and ends with exit code 1 if anything is wrong:
  batches       structure, CRC, offsets that follow one another, leader epochs against leader-epoch-checkpoint
  segments      no offset missing between two, before the first (where the log begins, by the checkpoint or the clean
                mark) or before the end that was durable
  .seal         its CRC; offsets, size, headers and largest timestamp against the batches
  .slots .times their headers' CRC; every entry against the batches (caches, which a broker makes anew)
  .producers    its CRC (a cache: an older one or the log is read instead)
  leader-epoch-checkpoint, partition.metadata
                their form, and that partition.metadata names the topic of the metadata log
  cambium.meta, metadata/metadata.log, checkpoint, clean, clean.last
                their CRCs, that they are of this folder, and that the metadata log holds what the last of the others says
Of a single partition's folder given as --data, nothing of the data folder is checked.`,
  examples: [
    ["cambium dump --data ./data", "everything"],
    ["cambium dump --data ./data orders-3 --records", "one partition, with its records"],
    ["cambium dump --data ./data --verify", "what is wrong, in any file; a line for each segment"],
    [`cambium dump --data ./data --json | jq 'select(.crc == "BAD")'`, ""],
  ],
  settings: ["data"],
  options: [
    new Option("--segments", "Segments without their batches, unless these are bad"),
    new Option("--records", "Each batch with its records"),
    new Option("--verify", "Check everything, show of batches only what is wrong, and say so by the exit code"),
  ],
  run: async (invocation) => (await import("./dump.ts")).dump(invocation),
};

const demo: CommandDefinition = {
  synopsis: "demo",
  summary: "Send real data sets through a broker that is killed and restarted, and verify every byte",
  details: `Starts a broker of its own, produces data sets of the package vega-datasets, kills the broker (kill -9) half-way
and starts it again, stops it in order before it consumes everything back, and holds count, order per key and
SHA-256 against the files. Prints throughput and a histogram of latency. Exit code 1 if anything differs.`,
  examples: [
    ["cambium demo", "in a temporary folder that goes away"],
    ["cambium demo --data ./demo-data", 'a folder that stays, to look into by "cambium dump"'],
    ["cambium demo --json", "the figures as JSON"],
  ],
  settings: [],
  options: [
    option("--data <folder>", "A new folder that stays (default: a temporary one)", text),
    repeated("--only <name>", "Only this data set", text),
  ],
  run: async (invocation) => (await import("./demo.ts")).demo(invocation),
};

const bench: CommandGroup = {
  name: "bench",
  summary: "Look at benchmarks",
  commands: [
    {
      synopsis: "compare <before> <after>",
      summary: "Show two runs of `npm run bench:peers` beside each other, with their noise bands",
      details: `Each is a folder that the benchmark wrote, or its report.json. A figure is a median with the range of its repetitions.
Only where two ranges do not touch is one of them called better; of a single repetition nothing is known.`,
      examples: [
        ["cambium bench compare build/bench-main build/bench-mine", ""],
        [`cambium bench compare old new --json | jq 'select(.verdict == "worse")'`, "one object a figure"],
      ],
      settings: [],
      run: async (invocation) => (await import("./bench-compare.ts")).benchCompare(invocation),
    },
  ],
};

const config: CommandDefinition = {
  synopsis: "config",
  summary: "Show every setting: its names, its value here and where that comes from",
  details: `A setting is a key of the JSON config file, a variable of the environment and a flag of the commands that use it.
Flags come before the environment, that before the file, that before the default.`,
  examples: [
    ["cambium config", ""],
    ["CAMBIUM_PORT=4600 cambium config --config broker.json --json", "check before you start"],
  ],
  settings: ["start", "data", "client", "produce"],
  run: async (invocation) => (await import("./config.ts")).config(invocation),
};

export const commands: readonly (CommandDefinition | CommandGroup)[] = [
  start,
  topic,
  produce,
  consume,
  stats,
  dump,
  config,
  demo,
  bench,
];
