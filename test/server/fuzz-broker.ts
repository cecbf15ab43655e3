/**
 * The broker under attack, in a process of its own so that its death and its memory can be seen from outside. Hostile frames
 * reach it through its sockets and, much faster, through connections that are given their frames by calls: the same code
 * from the first byte of a frame on, with a socket that only counts.
 */

import { systemClock } from "../../src/base/clock.ts";
import { Broker } from "../../src/broker/broker.ts";
import { LocalMetaStore } from "../../src/broker/local-meta-store.ts";
import { version } from "../../src/index.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { decodeMessage } from "../../src/protocol/messages.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import type { ClientSocket } from "../../src/server/client-socket.ts";
import { Connection, type ConnectionContext } from "../../src/server/connection.ts";
import { HotFrames } from "../../src/server/hot-frames.ts";
import { RefusalTurns } from "../../src/server/refusals.ts";
import { Turns } from "../../src/server/turn-allowance.ts";
import { UploadBudget } from "../../src/server/uploads.ts";
import { WebSocketServer } from "../../src/server/websocket-server.ts";
import { WindowBudget } from "../../src/server/windows.ts";
import { folders } from "../../src/storage/data-folder.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "../../src/storage/temporary-folder.ts";
import { ThreadLogStore } from "../../src/workers/thread-log-store.ts";
import { Random } from "../protocol/random.ts";
import { HostileSessions, type Playground } from "./hostile-sessions.ts";

export type ToBroker =
  | { readonly kind: "assault"; readonly seed: number; readonly frames: number }
  | { readonly kind: "measure" }
  | { readonly kind: "stop" };

export interface Measure {
  readonly kind: "measured";
  readonly rssBytes: number;
  /** What hostile clients left behind; all of it should be 0. */
  readonly leaks: Readonly<Record<string, number>>;
}

export type FromBroker =
  | { readonly kind: "ready"; readonly port: number }
  | { readonly kind: "progress"; readonly frames: number }
  | { readonly kind: "assaulted"; readonly frames: number; readonly outcomes: Readonly<Record<string, number>> }
  | Measure
  | { readonly kind: "stopped" };

const POOL_BYTES = 64 << 20;
/** Sessions that are open at a time. */
const SESSIONS_AT_A_TIME = 32;
/** Hostile clients run into this at once, and go on against it. */
const PARTITIONS_MAX = 200;

const data = makeTemporaryFolder();
const store = await ThreadLogStore.start({ poolBytes: POOL_BYTES });
// Touched now, so that only what is leaked can make the process grow.
store.memory.bytes.fill(0, store.pool.address, store.pool.address + store.pool.size);
const folder = await store.maintenance.openFolder({ data, version, journal: false });
const meta = new LocalMetaStore(folder.metadata.records, folder.metadata.point, (write) =>
  store.maintenance.writeMetadata({ data, folderId: folder.meta.folderId, ...write }),
);
const broker = new Broker(store, meta, {
  incarnation: 1,
  folders: { topics: folders.topics(data), quarantine: folders.quarantine(data) },
  expected: {},
  clean: true,
  sameBoot: true,
  tailBytes: 1 << 20,
  partitionsMax: PARTITIONS_MAX,
  log: (level, message, facts) => {
    if (level === "error") throw new Error(`the broker logged an error: ${message} ${JSON.stringify(facts)}`);
  },
  monotonicMs: systemClock.monotonic,
  random: (bytes) => crypto.getRandomValues(bytes),
});
store.listen(broker);
const server = await WebSocketServer.start(broker, {
  host: "127.0.0.1",
  port: 0,
  connectionsMax: 1000,
  log: () => {},
  identity: { clusterId: new Uint8Array(16), nodeId: 1, name: "under attack" },
  monotonicMs: systemClock.monotonic,
  stats: () => broker.stats(),
});

/** A door without sockets. */
class Backdoor {
  readonly outcomes = new Map<string, number>();
  readonly windows = new WindowBudget(POOL_BYTES / 4, systemClock.monotonic);
  readonly uploads = new UploadBudget(32 << 20);
  readonly #waiting = new Set<Connection>();
  readonly #context: ConnectionContext = {
    broker,
    frames: new HotFrames(),
    windows: this.windows,
    uploads: this.uploads,
    turns: new Turns(),
    refusals: new RefusalTurns(),
    identity: { clusterId: new Uint8Array(16), nodeId: 1, name: "under attack" },
    monotonicMs: systemClock.monotonic,
    stats: () => ({}),
    wantsFlush: (connection) => {
      if (this.#waiting.size === 0) setImmediate(() => this.#flush());
      this.#waiting.add(connection);
    },
  };

  connect(socket: ClientSocket): Connection {
    return new Connection(this.#context, socket);
  }

  count(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }

  #flush(): void {
    const connections = [...this.#waiting];
    this.#waiting.clear();
    for (const connection of connections) connection.flush();
  }
}

const answers = new FrameReader(ANSWER_BYTES_MAX);

/** Checks what a client would get. Sometimes it is full for a while. */
class CountingSocket implements ClientSocket {
  readonly remoteAddress = "";
  bufferedBytes = 0;
  isClosed = false;
  readonly #door: Backdoor;

  constructor(door: Backdoor) {
    this.#door = door;
  }

  send(frame: Uint8Array): void {
    const fault = answers.verify(frame);
    if (fault !== null) throw new Error(`the broker sent no frame: ${fault}`);
    const message = decodeMessage(answers);
    const { type } = message;
    this.#door.count(type === "Error" ? `Error ${message.body.name}` : type);
  }

  sendPieces(prefix: Uint8Array, bytes: Uint8Array): void {
    this.send(new Uint8Array(Buffer.concat([prefix, bytes])));
  }

  cork(run: () => void): void {
    run();
  }

  end(code: number): void {
    this.isClosed = true;
    this.#door.count(`close ${code}`);
  }
}

const door = new Backdoor();
const budgets = { window: door.windows.bytesLeft, uploads: door.uploads.bytesLeft };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function assault(seed: number, frames: number): Promise<number> {
  const random = new Random(seed);
  const sessions = new HostileSessions(seed, random);
  const playground = await makePlayground(`play-${seed}`);
  let given = 0;
  let told = 0;
  while (given < frames) {
    const open: { connection: Connection; socket: CountingSocket }[] = [];
    for (let index = 0; index < SESSIONS_AT_A_TIME && given < frames; index++) {
      const socket = new CountingSocket(door);
      const connection = door.connect(socket);
      socket.bufferedBytes = random.below(8) === 0 ? 1 : 0;
      const session = sessions.next(playground);
      for (const frame of session.frames) connection.receive(frame.slice());
      given += session.frames.length;
      open.push({ connection, socket });
    }
    for (let turns = random.below(6); turns >= 0; turns--) await turn();
    for (const { connection, socket } of open) {
      if (socket.bufferedBytes === 0) continue;
      socket.bufferedBytes = 0;
      connection.drained();
    }
    if (random.below(2) === 0) await turn();
    for (const { connection } of open) connection.disconnected();
    if (given - told < 2000) continue;
    told = given;
    send({ kind: "progress", frames: given });
  }
  return given;
}

async function makePlayground(name: string): Promise<Playground> {
  if (broker.topics.get(name) === undefined) {
    await broker.topics.create({ name, partitions: 2, settings: [["durability", "os"]] }, false);
  }
  return { name, topicId: broker.topics.known(name).config.idBytes };
}

/** Memory once all is quiet: nothing is open, and what is garbage is gone. */
async function measure(): Promise<Measure> {
  for (const { log } of broker.topics.partitions()) await log.close();
  for (let round = 0; round < 5; round++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const leaks = {
    pool: broker.pool.size - broker.pool.freeBytes,
    spill: broker.intake.spilledBytes,
    window: budgets.window - door.windows.bytesLeft,
    uploads: budgets.uploads - door.uploads.bytesLeft,
  };
  return { kind: "measured", rssBytes: process.memoryUsage().rss, leaks };
}

function send(message: FromBroker): void {
  process.send!(message);
}

async function stop(): Promise<void> {
  await server.leave();
  await broker.close();
  await server.close();
  await store.stop();
  removeTemporaryFolder(data);
  send({ kind: "stopped" });
  process.disconnect();
}

async function handle(message: ToBroker): Promise<void> {
  if (message.kind === "assault") {
    const frames = await assault(message.seed, message.frames);
    send({ kind: "assaulted", frames, outcomes: Object.fromEntries(door.outcomes) });
  } else if (message.kind === "measure") send(await measure());
  else await stop();
}

process.on("disconnect", () => process.exit()); // Whoever started it is gone.
process.on("message", (message) => void handle(message as ToBroker));
send({ kind: "ready", port: server.port });
