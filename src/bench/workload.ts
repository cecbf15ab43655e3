/** What a broker is loaded with. */

export type Durability = "disk" | "os" | "memory";

export interface Workload {
  readonly name: string;
  /** Which peers are measured with it beside Cambium, unless told otherwise: to measure all with each takes a day. */
  readonly rivals: "all" | "kafka";
  /** Each record is to be taken by one consumer, which acknowledges it. */
  readonly isQueue: boolean;
  readonly durability: Durability;
  readonly partitions: number;
  /** 1; or as many as partitions, each of which is then a topic by itself. */
  readonly topics: number;
  /** Connections that produce. */
  readonly producers: number;
  /** Connections that consume, each of them every record. 0: when the producers are done, `readers` read back what there is. */
  readonly consumers: number;
  /** Connections that read back at the same time, each of them every record. */
  readonly readers: number;
  /** What is read back is not in the system's page cache any more. */
  readonly isCold: boolean;
  /** Bytes of a value. */
  readonly size: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  /** Records per second of all producers on a fixed schedule; 0: as fast as they are let; -1: each by itself. */
  readonly rate: number;
  /** Records on their way on each connection, each in partitions of its own, with the rate -1. At most as many as those. */
  readonly inFlight: number;
  /** Connections beside those, on which nothing happens. */
  readonly idle: number;
}
