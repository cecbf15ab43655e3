/** What the command line takes from outside; src/main.ts gives it. */
import type { ScanEnvironment } from "../storage/segment-scan.ts";
import type { Environment } from "./settings.ts";

export type LogLevel = "info" | "warn" | "error";
export type LogSink = (level: LogLevel, message: string, facts?: Readonly<Record<string, unknown>>) => void;

export interface BrokerOptions {
  readonly data: string;
  readonly host: string;
  readonly insecureNoAuth: boolean;
  readonly port: number;
  readonly connectionsMax?: number;
  readonly partitionsMax: number;
  readonly poolBytes: number;
  readonly tailBytes: number;
  readonly journal: boolean;
  readonly logWorkers?: number;
  readonly log: LogSink;
}

export interface Broker {
  readonly host: string;
  readonly port: number;
  readonly data: string;
  readonly incarnation: number;
  close(): Promise<void>;
}

export interface World {
  readonly version: string;
  /** Starts this very program again: a Node, and its arguments up to the command. */
  readonly self: readonly [node: string, ...args: string[]];
  readonly environment: Environment;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** Aborted when the process is asked to end: the command finishes what it has begun, and returns. */
  readonly stop: AbortController;
  /** ms since the process began. */
  uptimeMs(): number;
  startBroker(options: BrokerOptions): Promise<Broker>;
  /** What reading segments takes: the log core, with memory of its own. */
  openScan(): Promise<ScanEnvironment>;
}
