/** A broker that is measured: ours or a peer. */
import type { Durability, Workload } from "./workload.ts";

export interface BrokerUnderTest {
  /** host:port for the clients. */
  readonly server: string;
  readonly pid: number;
  /** ms from the start of its process until it answered. */
  readonly readyMs: number;
  createTopics(topics: TopicsUnderTest): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

export interface TopicsUnderTest {
  readonly names: readonly string[];
  /** Of each. */
  readonly partitions: number;
  readonly durability: Durability;
  /** Bytes of the largest batch that they are to take. */
  readonly batchBytesMax: number;
}

/** What a workload needs of a broker. */
export type Demands = Omit<Workload, "name">;

export interface Driver {
  readonly name: string;
  /** The commands of its generators, without their tasks. */
  readonly produce: readonly [string, ...string[]];
  readonly consume: readonly [string, ...string[]];
  /** Module of the client library's LoadClient; "": the generators are not in JavaScript. */
  readonly client: string;
  /** It can be started on a folder that it had before. */
  readonly restarts?: true;
  /** A record is taken by one consumer, which acknowledges it, and is gone. Absent: it stays, for all. */
  readonly isQueue?: true;
  /** Nothing that it is sent can be read back; absent: it keeps all. */
  readonly keepsNothing?: true;
  /** Why it cannot be measured so; null, or absent: it can. */
  lacks?(demands: Demands): string | null;
  /**
   * Starts it on a folder for its data.
   *
   * @param durability of its topics, for a broker that has one for all
   */
  start(folder: string, durability: Durability): Promise<BrokerUnderTest>;
}
