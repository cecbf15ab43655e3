/** Errors that say in which partition they happened, whoever noticed them. */
import { BrokerError } from "../base/errors.ts";

interface Place {
  readonly topic: string;
  readonly partition: number;
}

/**
 * @param facts more of what is known, for the details
 * @returns the error with the partition in its details, and in its message unless that names it
 */
export function located(
  error: BrokerError,
  { topic, partition }: Place,
  facts: Readonly<Record<string, number>> = {},
): BrokerError {
  const { code, message, details, cause } = error;
  const name = `${topic}-${partition}`;
  return new BrokerError(code, message.includes(name) ? message : `${name}: ${message}`, {
    details: { topic, partition, ...facts, ...details },
    ...(cause !== undefined && { cause }),
  });
}

/** What came over the network is not what its checksum says. */
export function damagedBatch({ topic, partition }: Place, facts: Readonly<Record<string, number>>): BrokerError {
  return new BrokerError("CORRUPT_BATCH", `a batch of ${topic}-${partition} came damaged`, {
    details: { topic, partition, ...facts },
  });
}
