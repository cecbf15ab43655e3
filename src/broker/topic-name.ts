/** Which names a new topic may have. */
import { BrokerError } from "../base/errors.ts";
import { checkTopicName } from "../base/topic-name.ts";

/** @throws BrokerError INVALID_TOPIC */
export function checkNewTopicName(name: string): void {
  checkTopicName(name);
  if (name.startsWith("__"))
    throw new BrokerError("INVALID_TOPIC", `names that begin with "__" are the broker's own: "${name}"`);
}
