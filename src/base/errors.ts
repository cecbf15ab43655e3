/**
 * What can go wrong by the domain's own rules. A code is stable for ever, says by its bit whether the same request may
 * succeed later unchanged, and travels on every wire. Numbers below 1000 are Kafka's (protocol guide, "Error codes") and
 * mean the same; ours begin at 1000. Codes are appended, never changed.
 *
 * Bugs are not here: they are `AssertionFailure` (assert.ts). Surprises from outside (ENOSPC, ECONNRESET) are caught at
 * the door they come through and wrapped, with `cause`, into one of these.
 */

interface ErrorKind {
  readonly wireCode: number;
  readonly retriable: boolean;
}

const kinds = {
  UNKNOWN_SERVER_ERROR: { wireCode: -1, retriable: false },
  OFFSET_OUT_OF_RANGE: { wireCode: 1, retriable: false },
  /** A batch that fails its checks: refused on produce, or found damaged on disk (contract E4). */
  CORRUPT_BATCH: { wireCode: 2, retriable: false },
  UNKNOWN_TOPIC_OR_PARTITION: { wireCode: 3, retriable: false },
  NOT_LEADER: { wireCode: 6, retriable: true },
  REQUEST_TIMED_OUT: { wireCode: 7, retriable: true },
  MESSAGE_TOO_LARGE: { wireCode: 10, retriable: false },
  INVALID_TOPIC: { wireCode: 17, retriable: false },
  INVALID_TIMESTAMP: { wireCode: 32, retriable: false },
  UNSUPPORTED_VERSION: { wireCode: 35, retriable: false },
  TOPIC_ALREADY_EXISTS: { wireCode: 36, retriable: false },
  INVALID_PARTITIONS: { wireCode: 37, retriable: false },
  INVALID_CONFIG: { wireCode: 40, retriable: false },
  INVALID_REQUEST: { wireCode: 42, retriable: false },
  OUT_OF_ORDER_SEQUENCE: { wireCode: 45, retriable: false },
  INVALID_PRODUCER_EPOCH: { wireCode: 47, retriable: false },
  /** The disk refused; what was not durable is gone and was never acknowledged (contract D4). */
  STORAGE_ERROR: { wireCode: 56, retriable: true },
  AUTHENTICATION_FAILED: { wireCode: 58, retriable: false },
  FENCED_LEADER_EPOCH: { wireCode: 74, retriable: false },
  UNKNOWN_LEADER_EPOCH: { wireCode: 75, retriable: true },
  UNSUPPORTED_COMPRESSION: { wireCode: 76, retriable: false },
  INVALID_RECORD: { wireCode: 87, retriable: false },
  UNKNOWN_TOPIC_ID: { wireCode: 100, retriable: false },

  /** The disk is full; reads go on and writing resumes when there is room (contract D5). */
  NO_SPACE: { wireCode: 1000, retriable: true },
  /** The thread that held the request died; the batch may or may not be in the log (contract H1). */
  UNKNOWN_OUTCOME: { wireCode: 1001, retriable: true },
  DISK_STALLED: { wireCode: 1002, retriable: true },
  /** The partition takes no writes until an operator acts (contract D4). */
  PARTITION_READ_ONLY: { wireCode: 1003, retriable: false },
  /** No memory for the request right now. */
  BUSY: { wireCode: 1004, retriable: true },
  /** A frame that is not what the schema says. The connection is closed. */
  PROTOCOL_VIOLATION: { wireCode: 1005, retriable: false },
  /** More was sent than the granted window or credit. The connection is closed. */
  CREDIT_EXCEEDED: { wireCode: 1006, retriable: false },
  SHUTTING_DOWN: { wireCode: 1007, retriable: true },
  /** Another broker holds the data folder. */
  FOLDER_LOCKED: { wireCode: 1008, retriable: false },
  /** The data folder was written by a newer or otherwise incompatible layout (contract B8). */
  LAYOUT_UNSUPPORTED: { wireCode: 1009, retriable: false },
  /** The log on disk is not what the checkpoint promises (contract E2). */
  LOG_DAMAGED: { wireCode: 1010, retriable: false },
  INVALID_OPTION: { wireCode: 1011, retriable: false },
  /** uWebSockets.js has no binary for this Node, platform or C library. */
  TRANSPORT_UNAVAILABLE: { wireCode: 1012, retriable: false },
  ADDRESS_IN_USE: { wireCode: 1013, retriable: false },
  /** Client side: the connection to the broker could not be made or was cut. */
  CONNECTION_LOST: { wireCode: 1014, retriable: true },
  /** Client side: the object was closed by its owner. */
  CLOSED: { wireCode: 1015, retriable: false },
  /** Too many topics, partitions, connections or subscriptions for this broker's limits. */
  LIMIT_EXCEEDED: { wireCode: 1016, retriable: false },
} as const satisfies Record<string, ErrorKind>;

export type ErrorName = keyof typeof kinds;

export interface BrokerErrorOptions {
  /** Facts for the log line; not part of the message. */
  readonly details?: Readonly<Record<string, string | number | bigint | boolean>>;
  readonly cause?: unknown;
}

export class BrokerError extends Error {
  override readonly name = "BrokerError";
  readonly code: ErrorName;
  readonly details: Readonly<Record<string, string | number | bigint | boolean>>;

  constructor(code: ErrorName, message: string, options: BrokerErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** May the same request succeed later, unchanged? */
  get retriable(): boolean {
    return kinds[this.code].retriable;
  }

  get wireCode(): number {
    return kinds[this.code].wireCode;
  }
}

const namesByWireCode = new Map<number, ErrorName>(
  (Object.keys(kinds) as ErrorName[]).map((name) => [kinds[name].wireCode, name]),
);

/** The number by which an error travels. 0 is never an error. */
export function wireCodeOf(name: ErrorName): number {
  return kinds[name].wireCode;
}

/** @returns the error's name, UNKNOWN_SERVER_ERROR for a code of a newer peer */
export function errorNameOf(wireCode: number): ErrorName {
  return namesByWireCode.get(wireCode) ?? "UNKNOWN_SERVER_ERROR";
}

export function isRetriable(name: ErrorName): boolean {
  return kinds[name].retriable;
}

/** Wraps what came from outside; a BrokerError passes unchanged. */
export function asBrokerError(error: unknown, code: ErrorName = "UNKNOWN_SERVER_ERROR"): BrokerError {
  if (error instanceof BrokerError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new BrokerError(code, message, { cause: error });
}
