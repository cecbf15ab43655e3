/**
 * Cambium embedded: a whole broker inside this process, for tests and apps.
 *
 *   import { startBroker } from "cambium";
 *   const broker = await startBroker({ data: "temporary", port: 0 });
 *   ... connect to broker.port ...
 *   await broker.close();
 *
 * Runs on Node 20 and 22 (Linux with glibc, macOS, Windows), and on Node 24 and 26 where glibc is 2.38 or newer; elsewhere
 * `startBroker` fails with TRANSPORT_UNAVAILABLE, whose message names the way out.
 *
 * This file is the composition: it alone knows storage, threads, broker and doors together.
 */
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "./base/clock.ts";
import { BrokerError } from "./base/errors.ts";
import { CONNECTIONS_DEFAULT } from "./base/start-limits.ts";
import { uuidBytes } from "./base/uuid.ts";
import type { Broker, Checkpoints } from "./broker/broker.ts";
import type { LocalMetaStore } from "./broker/local-meta-store.ts";
import { checkStartOptions, isOwnFolder, type StartOptions } from "./broker/start-options.ts";
import { PORT_DEFAULT } from "./protocol/endpoint.ts";
import { claimPort } from "./server/claim-port.ts";
import { loadUws } from "./server/uws.ts";
import type { WebSocketServer } from "./server/websocket-server.ts";
import type { KnownEnds } from "./storage/checkpoint.ts";
import { folders } from "./storage/data-folder.ts";
import { type FolderLock, isFolderLocked, LOCK_CHECK_MS, lockFolder } from "./storage/folder-lock.ts";
import { makeTemporaryFolder, removeTemporaryFolder } from "./storage/temporary-folder.ts";
import type { Fault, FaultPoint } from "./workers/faults.ts";
import type { FolderState } from "./workers/folder-tasks.ts";
import { ThreadLogStore } from "./workers/thread-log-store.ts";

export { BrokerError, type ErrorName } from "./base/errors.ts";
export type { LogLevel, LogSink, StartOptions } from "./broker/start-options.ts";

export interface RunningBroker {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly incarnation: number;
  stats(): Record<string, unknown>;
  /** Lets log worker 0 fail the next time it comes to that point: for tests that prove that nothing acknowledged is lost. */
  injectFault(fault: Fault, point: FaultPoint): Promise<void>;
  /** Finishes what was accepted, closes every log and marks the folder clean. */
  close(): Promise<void>;
}

export const version: string = (createRequire(import.meta.url)("../package.json") as { version: string }).version;

const HOST = "127.0.0.1";
const CHECKPOINT_MS = 1000;
const IDLE_SWEEP_MS = 10_000;

/**
 * Starts a broker.
 *
 * @throws BrokerError INVALID_OPTION, FOLDER_LOCKED, LAYOUT_UNSUPPORTED, LOG_DAMAGED, ADDRESS_IN_USE, TRANSPORT_UNAVAILABLE, STORAGE_ERROR
 * @throws BrokerError LIMIT_EXCEEDED  the process may not have as many files open as a broker needs
 */
export async function startBroker(options: StartOptions): Promise<RunningBroker> {
  checkStartOptions(options);
  await loadUws(); // Before anything is touched: without it there is no broker.
  const isOwn = isOwnFolder(options);
  const given = isOwn ? null : path.resolve(options.data);
  await refuseTakenPort(options, given);
  const data = given ?? makeTemporaryFolder();
  const lock = await lockFolder(data, sleep);
  let node: Node | null = null;
  try {
    node = await Node.open(data, options, lock);
    await node.listen();
    return node;
  } catch (error) {
    if (node === null) lock.release();
    else await node.close();
    if (isOwn) removeTemporaryFolder(data);
    throw error;
  }
}

/** Before a folder is made, which would stay behind for nothing. The server claims the port once more: it may be taken meanwhile. */
async function refuseTakenPort({ host = HOST, port = PORT_DEFAULT }: StartOptions, data: string | null): Promise<void> {
  try {
    await claimPort(host, port);
  } catch (error) {
    // Where the same broker is started twice, the folder's lock says who has both.
    if (data === null || !isFolderLocked(data)) throw error;
  }
}

/** The parts of a broker besides its store. They are loaded while the threads of the store load theirs: neither is quick. */
async function loadParts() {
  const [{ Broker }, { LocalMetaStore }, { WebSocketServer }] = await Promise.all([
    import("./broker/broker.ts"),
    import("./broker/local-meta-store.ts"),
    import("./server/websocket-server.ts"),
  ]);
  return { Broker, LocalMetaStore, WebSocketServer };
}

type Parts = Awaited<ReturnType<typeof loadParts>>;

class Node implements RunningBroker {
  readonly host: string;
  readonly data: string;
  readonly #options: StartOptions;
  readonly #lock: FolderLock;
  readonly #store: ThreadLogStore;
  readonly #meta: LocalMetaStore;
  readonly #broker: Broker;
  readonly #folder: FolderState;
  readonly #parts: Parts;
  readonly #startedMs = systemClock.monotonic();
  readonly #timers: NodeJS.Timeout[] = [];
  #server: WebSocketServer | null = null;
  #checkpointed = "";
  #checkpointFailed = false;
  #checkpointing: Promise<void> | null = null;
  #closing: Promise<void> | null = null;

  static async open(data: string, options: StartOptions, lock: FolderLock): Promise<Node> {
    const { logWorkers, poolBytes, connectionsMax } = options;
    const store = await ThreadLogStore.start({
      ...(logWorkers && { logWorkers }),
      ...(poolBytes && { poolBytes }),
      ...(connectionsMax && { connectionsMax }),
    });
    try {
      const opening = store.maintenance.openFolder({ data, version, journal: options.journal === true });
      const [folder, parts] = await Promise.all([opening, loadParts(), store.ready()]);
      return new Node(data, options, lock, store, folder, parts);
    } catch (error) {
      await store.stop();
      throw error;
    }
  }

  private constructor(
    data: string,
    options: StartOptions,
    lock: FolderLock,
    store: ThreadLogStore,
    folder: FolderState,
    parts: Parts,
  ) {
    this.data = data;
    this.host = options.host ?? HOST;
    this.#options = options;
    this.#lock = lock;
    this.#store = store;
    this.#folder = folder;
    this.#parts = parts;
    const { folderId } = folder.meta;
    const { records, point } = folder.metadata;
    this.#meta = new parts.LocalMetaStore(records, point, (write) =>
      store.maintenance.writeMetadata({ data, folderId, ...write }),
    );
    const { tailBytes, partitionsMax, idleMs } = options;
    this.#broker = new parts.Broker(store, this.#meta, {
      incarnation: folder.meta.incarnation,
      folders: { topics: folders.topics(data), quarantine: folders.quarantine(data) },
      expected: folder.expected.logs as Checkpoints,
      clean: folder.expected.clean,
      left: folder.left,
      sameBoot: folder.sameBoot,
      onlyMemory: options.data === "memory",
      logsOpenMax: store.files.logs,
      ...(tailBytes && { tailBytes }),
      ...(idleMs && { idleMs }),
      ...(partitionsMax && { partitionsMax }),
      log: (level, message, facts) => options.log?.(level, message, facts),
      monotonicMs: systemClock.monotonic,
      random: (bytes) => crypto.getRandomValues(bytes),
    });
    if (options.journal && options.data !== "memory") store.useJournals(folder.journals);
    store.listen(this.#broker);
  }

  get port(): number {
    return this.#server?.port ?? 0;
  }

  get incarnation(): number {
    return this.#folder.meta.incarnation;
  }

  /** Recovers what needs it, then opens the door. */
  async listen(): Promise<void> {
    this.#timers.push(setInterval(() => this.#keepFolder(), LOCK_CHECK_MS).unref());
    const { expected, metadata, hasRoom } = this.#folder;
    for (const name of expected.damaged)
      this.#options.log?.("error", `${name} in the data folder is damaged; its logs are scanned`);
    if (metadata.cutBytes > 0)
      this.#options.log?.("warn", "a torn tail of the metadata log was cut", { cutBytes: metadata.cutBytes });
    const { groups, written, skipped, damaged } = this.#folder.replayed;
    if (groups > 0) this.#options.log?.("info", "the journal was replayed", { groups, written, skipped });
    if (damaged > 0)
      this.#options.log?.("error", "groups of the journal are damaged; recovery says which logs miss them", {
        damaged,
      });
    if (!hasRoom) this.#options.log?.("warn", "the disk is nearly full; until there is room, batches are refused");
    const recovered = await this.#broker.recover();
    if (recovered && !this.#folder.sameBoot)
      await this.#store.maintenance.recovered({ data: this.data, meta: this.#folder.meta });
    for (const leftover of await this.#store.maintenance.removeLeftovers(folders.topics(this.data)))
      this.#broker.leftOver(leftover);
    this.#server = await this.#parts.WebSocketServer.start(this.#broker, {
      host: this.host,
      port: this.#options.port ?? PORT_DEFAULT,
      connectionsMax: this.#connectionsMax(),
      ...(this.#options.idleSeconds !== undefined && { idleSeconds: this.#options.idleSeconds }),
      identity: {
        clusterId: uuidBytes(this.#folder.meta.clusterId),
        nodeId: this.#folder.meta.nodeId,
        name: `cambium ${version}`,
      },
      monotonicMs: systemClock.monotonic,
      stats: () => this.stats(),
      log: (level, message, facts) => this.#options.log?.(level, message, facts),
    });
    this.#timers.push(
      setInterval(() => this.#checkpoint(), CHECKPOINT_MS).unref(),
      setInterval(
        () => this.#broker.closeIdle(),
        Math.min(IDLE_SWEEP_MS, this.#options.idleMs ?? IDLE_SWEEP_MS),
      ).unref(),
    );
  }

  /** As many as were asked for, or as files can be spared for. */
  #connectionsMax(): number {
    const { connectionsMax } = this.#options;
    const { connections } = this.#store.files;
    if (connectionsMax === undefined) return Math.min(connections, CONNECTIONS_DEFAULT);
    if (connections < connectionsMax)
      this.#options.log?.("warn", "fewer connections than wanted: more files would have to be open (ulimit -n)", {
        connections,
        wanted: connectionsMax,
      });
    return Math.min(connections, connectionsMax);
  }

  stats(): Record<string, unknown> {
    const { rss } = process.memoryUsage();
    return {
      version,
      incarnation: this.incarnation,
      uptimeMs: Math.round(systemClock.monotonic() - this.#startedMs),
      rssBytes: rss,
      ...this.#broker.stats(),
    };
  }

  injectFault(fault: Fault, point: FaultPoint): Promise<void> {
    return this.#store.injectFault(0, fault, point);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    try {
      await this.#server?.leave();
      await this.#broker.close();
      await this.#server?.close();
      await this.#checkpointing;
      await this.#markClean();
    } finally {
      await this.#store.stop();
      this.#lock.release();
      if (isOwnFolder(this.#options)) removeTemporaryFolder(this.data);
    }
  }

  /** Without the mark nothing is lost: the next start scans what it does not know. */
  async #markClean(): Promise<void> {
    const { maintenance } = this.#store;
    try {
      const metadata = await this.#meta.close();
      const table = { data: this.data, owner: this.#owner, ends: this.#ends(true) };
      // A log that could not be recovered is still to be: the mark would say that it ends where it was seen last.
      const isCertain = this.#broker.isCertain && metadata !== null;
      await (isCertain ? maintenance.cleanMark(table) : maintenance.checkpoint(table));
    } catch (error) {
      const facts = { error: String(error) };
      this.#options.log?.("warn", "the clean mark could not be written; the next start scans the logs", facts);
    }
  }

  get #owner(): { folderId: string; incarnation: number } {
    return { folderId: this.#folder.meta.folderId, incarnation: this.incarnation };
  }

  #ends(isLast: boolean): KnownEnds {
    return { logs: this.#broker.checkpoints(isLast), metadata: this.#meta.point };
  }

  /** Ends the process, as an exception that nobody catches, if another broker writes to the folder: whatever this one did would be lost. */
  #keepFolder(): void {
    if (this.#lock.keep()) return;
    const message = `another broker has taken ${this.data}, whose cambium.lock was removed while this one could not look after it`;
    this.#options.log?.("error", message);
    throw new BrokerError("FOLDER_LOCKED", message, { details: { folder: this.data } });
  }

  /** Writes where the logs stand, if it changed since the last time; and looks whether there is room again. */
  #checkpoint(): void {
    void this.#meta.mend();
    if (this.#checkpointing !== null) return; // A slow disk does not get a queue of them.
    const ends = this.#ends(false);
    const text = JSON.stringify(ends);
    if (text === this.#checkpointed && !this.#store.refusesWrites) return;
    this.#checkpointed = text;
    this.#checkpointing = this.#store.maintenance
      .checkpoint({ data: this.data, owner: this.#owner, ends })
      .then(
        () => {
          this.#checkpointFailed = false;
        },
        (error: unknown) => {
          this.#checkpointed = "";
          // Once, and not in every second of a full disk.
          if (!this.#checkpointFailed)
            this.#options.log?.("error", "the checkpoint could not be written", { error: String(error) });
          this.#checkpointFailed = true;
        },
      )
      .finally(() => {
        this.#checkpointing = null;
      });
  }
}
