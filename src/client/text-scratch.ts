/** Where text becomes bytes before it is known where they go. */
import { KIB } from "../base/units.ts";

const encoder = new TextEncoder();

const SCRATCH_SIZE: number = 64 * KIB;
/** Text of at most so many characters is encoded faster by hand, as long as it is ASCII. */
const SHORT_MAX = 24;

export class TextScratch {
  readonly #scratch = new Uint8Array(SCRATCH_SIZE);
  /** The text encoded last lies at its start. */
  bytes: Uint8Array = this.#scratch;

  /** @returns bytes of the text in UTF-8; a surrogate without its other half becomes U+FFFD */
  encode(text: string): number {
    const { length } = text;
    // A UTF-16 unit takes at most three bytes.
    if (3 * length > SCRATCH_SIZE) {
      this.bytes = encoder.encode(text);
      return this.bytes.length;
    }
    const bytes = this.#scratch;
    this.bytes = bytes;
    if (length <= SHORT_MAX) {
      let index = 0;
      while (index < length) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[index++] = code;
      }
      if (index === length) return length;
    }
    return encoder.encodeInto(text, bytes).written;
  }
}
