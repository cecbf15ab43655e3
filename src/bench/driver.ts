/** A broker that is measured: ours or a peer. */

export type Durability = "disk" | "os" | "memory";

export interface BrokerUnderTest {
  /** host:port for the clients. */
  readonly server: string;
  readonly pid: number;
  /** ms from the start of its process until it answered. */
  readonly readyMs: number;
  createTopic(name: string, partitions: number, durability: Durability): Promise<void>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

/** What a workload needs of a broker. */
export interface Demands {
  readonly durability: Durability;
  readonly partitions: number;
  readonly consumers: number;
}

export interface Driver {
  readonly name: string;
  /** The commands of its generators, without their tasks. */
  readonly produce: readonly [string, ...string[]];
  readonly consume: readonly [string, ...string[]];
  /** Module of the client library's LoadClient; "": the generators are not in JavaScript. */
  readonly client: string;
  /** Why it cannot be measured so; null, or absent: it can. */
  lacks?(demands: Demands): string | null;
  /**
   * Starts it on a folder for its data.
   *
   * @param durability of its topics, for a broker that has one for all
   */
  start(folder: string, durability: Durability): Promise<BrokerUnderTest>;
}
