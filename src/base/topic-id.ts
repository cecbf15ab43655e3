/**
 * A topic's UUID as text: 16 bytes in base64url without padding, as Kafka's tools print them. The id stays with a log for
 * life; names are mapped to it.
 */

declare const topicId: unique symbol;
export type TopicId = string & { readonly [topicId]: true };

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

export const TOPIC_ID_SIZE = 16;

/** @param bytes 16 bytes in network order */
export function topicIdFromBytes(bytes: Uint8Array, at = 0): TopicId {
  const codes: number[] = [];
  for (let index = 0; index < TOPIC_ID_SIZE; index += 3) {
    const left = TOPIC_ID_SIZE - index;
    const group =
      (bytes[at + index]! << 16) |
      ((left > 1 ? bytes[at + index + 1]! : 0) << 8) |
      (left > 2 ? bytes[at + index + 2]! : 0);
    const digits = Math.min(left, 3) + 1;
    for (let digit = 0; digit < digits; digit++) codes.push(ALPHABET.charCodeAt((group >> (18 - 6 * digit)) & 63));
  }
  // At once: a string that grew by pieces keeps the pieces, half a kilobyte of them.
  return String.fromCharCode(...codes) as TopicId;
}

/** Writes the 16 bytes of an id. */
export function topicIdToBytes(id: TopicId, bytes: Uint8Array = new Uint8Array(TOPIC_ID_SIZE), at = 0): Uint8Array {
  let bits = 0;
  let held = 0;
  let to = at;
  for (const digit of id) {
    bits = ((bits << 6) | ALPHABET.indexOf(digit)) & 0xffff;
    held += 6;
    if (held >= 8 && to < at + TOPIC_ID_SIZE) {
      held -= 8;
      bytes[to++] = (bits >> held) & 255;
    }
  }
  return bytes;
}

/** @param random fills its argument; the caller's source of randomness */
export function newTopicId(random: (bytes: Uint8Array) => void): TopicId {
  const bytes = new Uint8Array(TOPIC_ID_SIZE);
  random(bytes);
  // Version 4, variant 10 (RFC 9562 section 5.4).
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return topicIdFromBytes(bytes);
}
