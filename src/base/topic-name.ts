/** Which names a topic may have: Kafka's rule (org.apache.kafka.common.internals.Topic), since they are folder names too. */
import { BrokerError } from "./errors.ts";

const NAME_LENGTH_MAX = 249;

/** @throws BrokerError INVALID_TOPIC  no topic can have this name */
export function checkTopicName(name: string): void {
  if (name.length === 0 || name.length > NAME_LENGTH_MAX) {
    throw new BrokerError("INVALID_TOPIC", `a topic's name has 1 to ${NAME_LENGTH_MAX} characters, not ${name.length}`);
  }
  if (name === "." || name === ".." || !/^[A-Za-z0-9._-]+$/.test(name)) {
    throw new BrokerError("INVALID_TOPIC", `a topic's name has letters, digits, ".", "_" and "-" only: "${name}"`);
  }
}
