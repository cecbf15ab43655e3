/**
 * `cambium start` is killed (kill -9) at a random instant while `cambium produce` sends numbered lines, and is started again.
 * What `produce` reported as acknowledged is held against what `cambium consume` then reads.
 *
 * In every other round the producer goes on by itself once the broker is back; in the others it is killed, too, so that
 * nobody sends again what the broker may have lost.
 */

import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { until } from "../helpers/until.ts";
import { Random } from "../protocol/random.ts";
import {
  type StartedBroker,
  spawnCambium,
  spawned,
  startBroker,
  type TemporaryFolder,
  temporaryFolder,
} from "./cambium.ts";
import { LineAudit, type LineFindings, numberedLine } from "./line-audit.ts";

export interface KillRunOptions {
  readonly rounds: number;
  readonly seed: number;
}

export interface KillRound extends LineFindings {
  readonly round: number;
  readonly durability: "disk" | "os";
  /** What the producer did when the broker was back, or before. */
  readonly producer: "went on" | "was killed";
  /** ms from the first acknowledgement to the kill. */
  readonly killedAfterMs: number;
  readonly written: number;
  /** When the broker was killed. */
  readonly acknowledgedBefore: number;
  readonly acknowledged: number;
}

/** The kill comes so late at most, and the broker so much later again. */
const KILL_MS_MAX = 1500;
const AWAY_MS_MAX = 500;
/** Lines that a producer which goes on sends with the new broker. */
const LINES_AFTER = 500;
const TICK_MS = 2;
const LINES_PER_TICK = [5, 50, 500];

/** @returns how much the audit found */
export function faultsIn({ lost, duplicated, reordered, altered, holes }: LineFindings): number {
  return lost + duplicated + reordered + altered + holes;
}

/** @param told hears of every round as it ends */
export async function runKills(
  { rounds, seed }: KillRunOptions,
  told: (round: KillRound) => void,
): Promise<readonly KillRound[]> {
  const random = new Random(seed);
  const folder = temporaryFolder();
  const done: KillRound[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const result = await new Round(folder, round, random).run();
      done.push(result);
      told(result);
    }
    return done;
  } finally {
    folder.remove();
  }
}

class Round {
  readonly #folder: TemporaryFolder;
  readonly #round: number;
  readonly #random: Random;
  readonly #children: ChildProcessWithoutNullStreams[] = [];

  constructor(folder: TemporaryFolder, round: number, random: Random) {
    this.#folder = folder;
    this.#round = round;
    this.#random = random;
  }

  async run(): Promise<KillRound> {
    try {
      return await this.#run();
    } finally {
      for (const child of this.#children) child.kill("SIGKILL");
    }
  }

  async #run(): Promise<KillRound> {
    // Each durability meets each end of the producer.
    const durability = this.#round % 4 < 2 ? "disk" : "os";
    const goesOn = this.#round % 2 === 1;
    const killedAfterMs = this.#random.below(KILL_MS_MAX);
    const awayMs = this.#random.below(AWAY_MS_MAX);
    const topic = `round-${this.#round}`;
    const first = await this.#broker(0);
    await succeed(["topic", "create", topic, "--config", `durability=${durability}`, ...first.server]);

    const producer = spawnCambium(["produce", topic, "--json", ...first.server]);
    this.#children.push(producer);
    const numbers = new NumberedLines(producer, this.#random.pick(LINES_PER_TICK));
    const acknowledgements = new Acknowledgements(producer);
    await until(() => acknowledgements.count > 0, "the producer does not go on");
    await sleep(killedAfterMs);
    await first.stop("SIGKILL");
    const acknowledgedBefore = acknowledgements.count;
    if (!goesOn) producer.kill("SIGKILL");
    await sleep(awayMs);
    const second = await this.#broker(goesOn ? first.port : 0);
    if (goesOn) {
      const more = numbers.written + LINES_AFTER;
      await until(
        () => numbers.written >= more && acknowledgements.count > acknowledgedBefore,
        "the producer does not go on",
      );
    }
    const written = numbers.end();
    await acknowledgements.ended(goesOn ? 0 : null);

    const audit = new LineAudit();
    await this.#consume(topic, second, audit);
    await second.stop();
    const findings = audit.findings(written, acknowledgements.count);
    return {
      round: this.#round,
      durability,
      producer: goesOn ? "went on" : "was killed",
      killedAfterMs,
      written,
      acknowledgedBefore,
      acknowledged: acknowledgements.count,
      ...findings,
    };
  }

  async #broker(port: number): Promise<StartedBroker> {
    const broker = await startBroker(this.#folder.path, [], port);
    this.#children.push(broker.process);
    return broker;
  }

  async #consume(topic: string, broker: StartedBroker, audit: LineAudit): Promise<void> {
    const consumer = spawnCambium(["consume", topic, "--from", "earliest", ...broker.server]);
    this.#children.push(consumer);
    const exited = once(consumer, "exit") as Promise<[number | null]>;
    for await (const line of createInterface(consumer.stdout)) audit.consume(line);
    const [status] = await exited;
    if (status !== 0) throw new Error(`consume ended with ${status}`);
  }
}

/** Writes numbered lines into a producer, as many as it takes. */
class NumberedLines {
  written = 0;
  readonly #producer: ChildProcessWithoutNullStreams;
  readonly #timer: NodeJS.Timeout;

  constructor(producer: ChildProcessWithoutNullStreams, linesPerTick: number) {
    this.#producer = producer;
    this.#timer = setInterval(() => this.#write(linesPerTick), TICK_MS);
    producer.on("exit", () => clearInterval(this.#timer));
  }

  /** @returns how many lines there are */
  end(): number {
    clearInterval(this.#timer);
    this.#producer.stdin.end();
    return this.written;
  }

  #write(count: number): void {
    if (this.#producer.stdin.writableNeedDrain) return;
    for (let index = 0; index < count; index++) this.#producer.stdin.write(`${numberedLine(++this.written)}\n`);
  }
}

/** What a producer says of how many lines are acknowledged. */
class Acknowledgements {
  count = 0;
  readonly #exited: Promise<[number | null]>;

  constructor(producer: ChildProcessWithoutNullStreams) {
    // Its output is read to the end before it counts as gone.
    this.#exited = once(producer, "close") as Promise<[number | null]>;
    createInterface(producer.stdout).on("line", (line) => {
      // A killed producer's last line may be cut off.
      if (line.endsWith("}")) this.count = (JSON.parse(line) as { readonly acked: number }).acked;
    });
  }

  /** @param expected exit code; null: it was killed */
  async ended(expected: 0 | null): Promise<void> {
    const [status] = await this.#exited;
    if (status !== expected) throw new Error(`produce ended with ${status}, not ${expected}`);
  }
}

async function succeed(args: readonly string[]): Promise<void> {
  const { status, stderr } = await spawned(args);
  if (status !== 0) throw new Error(`cambium ${args.join(" ")} ended with ${status}: ${stderr}`);
}
