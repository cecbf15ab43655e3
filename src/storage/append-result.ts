/**
 * Why a batch is not in the log, as numbers that cross threads: the core's ERR_ codes (assembly/layout.ts) and, below them,
 * storage's own. `appendError` turns one into the error that a client sees.
 */
import { BrokerError, type ErrorName } from "../base/errors.ts";
import { coreError, isCoreError } from "../wasm/core.ts";

export const REFUSED_OUT_OF_ORDER = -100;
export const REFUSED_STALE_EPOCH = -101;
export const REFUSED_READ_ONLY = -102;
export const REFUSED_NO_SPACE = -103;
export const REFUSED_STORAGE = -104;
export const REFUSED_CLOSED = -105;
export const REFUSED_UNKNOWN_OUTCOME = -106;
export const REFUSED_NO_MEMORY = -107;

const messages: Readonly<Record<number, readonly [ErrorName, string]>> = {
  [REFUSED_OUT_OF_ORDER]: [
    "OUT_OF_ORDER_SEQUENCE",
    "the batch's sequence does not follow the producer's last batch in this partition",
  ],
  [REFUSED_STALE_EPOCH]: ["INVALID_PRODUCER_EPOCH", "a newer epoch of this producer has written to this partition"],
  [REFUSED_READ_ONLY]: [
    "PARTITION_READ_ONLY",
    "the disk failed so that the partition takes no writes until the broker is started again; its log says how",
  ],
  [REFUSED_NO_SPACE]: ["NO_SPACE", "the disk is full; nothing was written"],
  [REFUSED_STORAGE]: ["STORAGE_ERROR", "the disk refused; nothing of this batch is in the log"],
  [REFUSED_CLOSED]: ["UNKNOWN_TOPIC_OR_PARTITION", "the partition was closed or deleted meanwhile"],
  [REFUSED_UNKNOWN_OUTCOME]: [
    "UNKNOWN_OUTCOME",
    "the thread that wrote the partition died; the batch may or may not be in the log",
  ],
  [REFUSED_NO_MEMORY]: ["BUSY", "no memory for the partition's index right now"],
};

/**
 * @param code a negative result of an append
 * @param reason for the log line
 */
export function appendError(code: number, reason = ""): BrokerError {
  if (isCoreError(code)) return coreError(code);
  const [name, message] = messages[code] ?? ["UNKNOWN_SERVER_ERROR", "the append failed"];
  return new BrokerError(name, message, { details: { code, reason } });
}

/** @param code an errno name */
export function refusalOf(code: string): number {
  if (code === "ENOSPC" || code === "EDQUOT") return REFUSED_NO_SPACE;
  return code === "ENOMEM" ? REFUSED_NO_MEMORY : REFUSED_STORAGE;
}
