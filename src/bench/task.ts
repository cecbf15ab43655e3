/**
 * What generators are told, and what they tell. A generator is a process of its own, in whatever language its client library is
 * for. It gets its task as arguments `name=value`, connects, prints `ready`, and is told more on standard input, by lines:
 *
 *   begin BEGIN WARM END   monotonicNs: when producers begin, from when on it counts, and when producers end
 *   stop N                 to a consumer: so many records are all there are
 *
 * Its last line is its report, as JSON.
 */

import type { EncodedLatencies } from "./latencies.ts";
import type { Durability } from "./workload.ts";

export interface ProduceTask {
  /** Module of the client library's LoadClient, for the generators in JavaScript. */
  readonly client: string;
  readonly server: string;
  readonly topic: string;
  /** More than 1: each partition is a topic by itself (topicsOf). */
  readonly topics: number;
  readonly partitions: number;
  /** Bytes of a value. */
  readonly size: number;
  readonly batchBytes: number;
  readonly lingerMs: number;
  /** The first of the run's lanes that are its own, one for each connection: each writes to `partitions` sequences of its own. */
  readonly lane: number;
  /** Records per second on a fixed schedule; 0: as fast as it is let; -1: each by itself, `inFlight` at a time. */
  readonly rate: number;
  /** Connections of its own that it sends over. A generator in C has one. */
  readonly connections: number;
  /** Records on their way on each connection, each in partitions of its own, with the rate -1. */
  readonly inFlight: number;
  /** What an acknowledgement stands for. */
  readonly durability: Durability;
}

export interface ConsumeTask {
  readonly client: string;
  readonly server: string;
  readonly topic: string;
  /** More than 1: each partition is a topic by itself (topicsOf). */
  readonly topics: number;
  readonly partitions: number;
  readonly size: number;
  /** Connections of the run that produce. */
  readonly lanes: number;
  /** Connections of its own, each of which reads every record. A generator in C has one. */
  readonly subscribers: number;
  /** Of every so many records one is timed: to time each takes as long as to read it. */
  readonly timedEvery: number;
}

export interface IdleTask {
  /** "": they are plain sockets. */
  readonly client: string;
  readonly server: string;
  readonly topic: string;
  readonly topics: number;
  readonly connections: number;
}

/** @returns the topic, or, where each partition has its own, their names by partition */
export function topicsOf({ topic, topics }: { readonly topic: string; readonly topics: number }): string[] {
  return topics === 1 ? [topic] : Array.from({ length: topics }, (_, partition) => `${topic}-${partition}`);
}

/** When what happens, by monotonicNs. */
export interface Window {
  readonly beginNs: number;
  /** From here on latencies and rates count, of records that were due from then on. */
  readonly warmNs: number;
  readonly endNs: number;
}

/** Counts and CPU over time, so that a rate can be taken over exactly the measured part of a run. */
export interface Sample {
  /** monotonicNs. */
  readonly atNs: number;
  readonly count: number;
  /** CPU seconds of the process so far, all its threads. */
  readonly cpu: number;
}

export interface ProduceReport {
  /** Records that were acknowledged, by lane and partition. */
  readonly acked: readonly number[];
  readonly samples: readonly Sample[];
  /** From when a record was due to its acknowledgement, by the second in which it was due. Absent where records are not timed. */
  readonly response?: readonly EncodedLatencies[];
  /** From when it was really sent. */
  readonly service?: readonly EncodedLatencies[];
}

export interface ConsumeReport {
  /** Records that came in order and whole, by sequence: lane * partitions + partition; of the subscriber that has the fewest. */
  readonly good: readonly number[];
  /** Records that were not the next of their sequence, or not what was sent, of all subscribers. */
  readonly bad: number;
  /** Counts the records of all subscribers. */
  readonly samples: readonly Sample[];
  /** From when a record was due to its visit at the consumer, by the second in which it was due. */
  readonly endToEnd: readonly EncodedLatencies[];
}

export function taskArguments(task: ProduceTask | ConsumeTask | IdleTask): string[] {
  return Object.entries(task).map(([name, value]) => `${name}=${value}`);
}

export function beginLine({ beginNs, warmNs, endNs }: Window): string {
  return `begin ${beginNs} ${warmNs} ${endNs}`;
}

/** @returns null: the line says something else */
export function parseBegin(line: string): Window | null {
  const [word, beginNs, warmNs, endNs] = line.split(" ");
  return word === "begin" ? { beginNs: Number(beginNs), warmNs: Number(warmNs), endNs: Number(endNs) } : null;
}

/** @returns the task, whose numbers are numbers again */
export function parseTask<Task>(args: readonly string[]): Task {
  const entries = args.map((arg) => {
    const at = arg.indexOf("=");
    const value = arg.slice(at + 1);
    return [arg.slice(0, at), value !== "" && Number.isFinite(Number(value)) ? Number(value) : value];
  });
  return Object.fromEntries(entries) as Task;
}
