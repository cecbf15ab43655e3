/**
 * Attacks a live broker: hostile sessions through sockets and through calls, while a healthy client produces beside them. At
 * the end the broker must live, have leaked nothing, and hold all that the healthy client was promised.
 */
import { type ChildProcess, fork } from "node:child_process";
import { makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { Random } from "../protocol/random.ts";
import type { FromBroker, Measure, ToBroker } from "./fuzz-broker.ts";
import { HostileSessions, type Playground } from "./hostile-sessions.ts";

export interface FuzzOptions {
  readonly seed: number;
  /** Hostile frames in all. */
  readonly count: number;
  progress?(frames: number): void;
}

export interface FuzzReport {
  readonly socketFrames: number;
  readonly callFrames: number;
  /** Connections that ended or answered as they should, by kind of session. */
  readonly connections: Readonly<Record<string, number>>;
  /** What the broker said to the frames that came by calls. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Records that the healthy client was promised, and found. */
  readonly healthyRecords: number;
  /** The broker's memory after the warm-up and at the end. */
  readonly rssWarm: number;
  readonly rssEnd: number;
}

/** Of all frames, how many travel through sockets. */
const SOCKET_SHARE = 0.2;
/** Of all frames, how many come before the first measure. */
const WARM_UP_SHARE = 0.2;
const SOCKETS_AT_A_TIME = 8;
/** Far more than any answer takes. */
const ANSWER_MS_MAX = 60_000;

/** @throws Error the broker died, hung, leaked, or lost something */
export async function fuzz({ seed, count, progress }: FuzzOptions): Promise<FuzzReport> {
  const target = await Target.start();
  const socketFrames = Math.round(count * SOCKET_SHARE);
  const assault = new SocketAssault(target.port, seed);
  const told = { sockets: 0, calls: 0 };
  const tell = (): void => progress?.(told.sockets + told.calls);
  assault.progress = (frames) => {
    told.sockets = frames;
    tell();
  };
  let earlier = 0;
  let outcomes: Readonly<Record<string, number>> = {};
  target.progress = (frames) => {
    told.calls = earlier + frames;
    tell();
  };
  const run = async (round: number, share: number): Promise<Measure> => {
    const calls = target.assault(seed + round, Math.round((count - socketFrames) * share));
    await Promise.race([Promise.all([calls, assault.run(Math.round(socketFrames * share))]), target.died]);
    const done = await calls;
    earlier += done.frames;
    outcomes = done.outcomes;
    await healthy.pause();
    return target.measure();
  };
  const healthy = await HealthyClient.start(target.port);
  try {
    const warm = await run(1, WARM_UP_SHARE);
    healthy.resume();
    const end = await run(2, 1 - WARM_UP_SHARE);
    const healthyRecords = await healthy.audit();
    for (const [what, amount] of [...Object.entries(warm.leaks), ...Object.entries(end.leaks)]) {
      if (amount !== 0) throw new Error(`hostile clients left ${amount} bytes of ${what} behind`);
    }
    await target.stop();
    const { connections, frames } = assault;
    const rss = { rssWarm: warm.rssBytes, rssEnd: end.rssBytes };
    return { socketFrames: frames, callFrames: earlier, connections, outcomes, healthyRecords, ...rss };
  } finally {
    target.kill();
  }
}

/** The broker's process. */
class Target {
  port = 0;
  /** Rejects when the process ends before it was asked to. */
  readonly died: Promise<never>;
  progress: (frames: number) => void = () => {};
  readonly #child: ChildProcess;
  #stopping = false;

  static async start(): Promise<Target> {
    const child = fork(new URL("fuzz-broker.ts", import.meta.url), {
      execArgv: ["--expose-gc", "--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "pipe", "ipc"],
    });
    const target = new Target(child);
    const { port } = await Promise.race([answer(child, "ready"), target.died]);
    target.port = port;
    return target;
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    let said = "";
    child.stderr!.on("data", (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-4000);
    });
    this.died = new Promise((_, reject) => {
      child.once("exit", (code, signal) => {
        if (!this.#stopping) reject(new Error(`the broker died (${signal ?? code}):\n${said}`));
      });
    });
    this.died.catch(() => {});
    child.on("message", (message: FromBroker) => {
      if (message.kind === "progress") this.progress(message.frames);
    });
  }

  assault(seed: number, frames: number): Promise<Extract<FromBroker, { kind: "assaulted" }>> {
    return this.#ask({ kind: "assault", seed, frames }, "assaulted");
  }

  measure(): Promise<Measure> {
    return this.#ask({ kind: "measure" }, "measured");
  }

  async stop(): Promise<void> {
    await this.#ask({ kind: "stop" }, "stopped");
    this.#stopping = true;
  }

  /** Ends the process if it is still there. */
  kill(): void {
    this.#stopping = true;
    this.#child.kill("SIGKILL");
  }

  #ask<Kind extends FromBroker["kind"]>(question: ToBroker, kind: Kind): Promise<Extract<FromBroker, { kind: Kind }>> {
    const answered = answer(this.#child, kind);
    this.#child.send(question);
    return Promise.race([answered, this.died]);
  }
}

function answer<Kind extends FromBroker["kind"]>(
  child: ChildProcess,
  kind: Kind,
): Promise<Extract<FromBroker, { kind: Kind }>> {
  return new Promise((resolve) => {
    const take = (message: FromBroker): void => {
      if (message.kind !== kind) return;
      child.off("message", take);
      resolve(message as Extract<FromBroker, { kind: Kind }>);
    };
    child.on("message", take);
  });
}

/** Hostile sessions through sockets. Each must end in a close or, where it may go on, in an answer. */
class SocketAssault {
  frames = 0;
  readonly connections: Record<string, number> = {};
  progress: (frames: number) => void = () => {};
  readonly #port: number;
  readonly #random: Random;
  readonly #sessions: HostileSessions;
  #playground: Playground | null = null;

  constructor(port: number, seed: number) {
    this.#port = port;
    this.#random = new Random(~seed);
    this.#sessions = new HostileSessions(seed, this.#random);
  }

  async run(frames: number): Promise<void> {
    this.#playground ??= await this.#makePlayground();
    const end = this.frames + frames;
    const attack = async (): Promise<void> => {
      while (this.frames < end) await this.#attack(this.#playground!);
    };
    await Promise.all(Array.from({ length: SOCKETS_AT_A_TIME }, attack));
  }

  async #makePlayground(): Promise<Playground> {
    const client = await RawClient.connect(this.#port);
    const name = "playground";
    const topicId = await client.createTopic(name, { durability: "os" });
    await client.close();
    return { name, topicId };
  }

  async #attack(playground: Playground): Promise<void> {
    const { kind, frames } = this.#sessions.next(playground);
    this.frames += frames.length;
    this.progress(this.frames);
    const client = await RawClient.connect(this.#port, { hello: null });
    for (const frame of frames) client.sendFrame(frame);
    const noise = this.#random.below(10) === 0;
    if (noise) client.sendRaw(this.#random.bytes(1 + this.#random.below(40)));
    const vanishes = noise || this.#random.below(10) === 0;
    if (!vanishes) await this.#untilAnsweredOrClosed(client, kind);
    // A reset in the middle of something, half of the time.
    if (this.#random.below(2) === 0) client.socket.resetAndDestroy();
    else client.destroy();
    const outcome = vanishes ? `${kind}, vanished` : kind;
    this.connections[outcome] = (this.connections[outcome] ?? 0) + 1;
  }

  async #untilAnsweredOrClosed(client: RawClient, kind: string): Promise<void> {
    const correlation = 0xfee1_600d;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`a ${kind} was neither answered nor closed`)), ANSWER_MS_MAX);
    });
    client.send("StatsRequest", {}, correlation);
    await Promise.race([client.answerTo(correlation).catch(() => {}), client.closed, late]);
    clearTimeout(timer);
  }
}

/** Produces one batch after the other as if nothing were, and finds all of it in the end. */
class HealthyClient {
  readonly #client: RawClient;
  readonly #topicId: Uint8Array;
  #records = 0;
  #isPaused = false;
  #running: Promise<void>;

  static async start(port: number): Promise<HealthyClient> {
    const client = await RawClient.connect(port);
    return new HealthyClient(client, await client.createTopic("healthy", { "segment.bytes": "1000000" }));
  }

  private constructor(client: RawClient, topicId: Uint8Array) {
    this.#client = client;
    this.#topicId = topicId;
    this.#running = this.#run();
    this.#running.catch(() => {}); // `pause` tells.
  }

  async #run(): Promise<void> {
    while (!this.#isPaused) {
      const { baseOffset } = await this.#client.produce(this.#topicId, makeBatch({ count: 3, number: this.#records }));
      if (baseOffset !== this.#records) throw new Error(`offset ${baseOffset} was given, not ${this.#records}`);
      this.#records += 3;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Resolves when nothing of it is on its way. @throws Error a batch was refused */
  async pause(): Promise<void> {
    this.#isPaused = true;
    await this.#running;
  }

  resume(): void {
    this.#isPaused = false;
    this.#running = this.#run();
    this.#running.catch(() => {});
  }

  /** @returns records @throws Error one is missing */
  async audit(): Promise<number> {
    await this.pause();
    let next = 0;
    while (next < this.#records) {
      const { batches } = await this.#client.fetch({ topicId: this.#topicId, value: next as never, bytesMax: 1 << 20 });
      for (const { stamps } of batches) {
        for (const { number } of stamps) if (number !== next++) throw new Error(`record ${next - 1} is not there`);
      }
    }
    await this.#client.close();
    return next;
  }
}
