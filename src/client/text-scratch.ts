/** Where text becomes bytes before it is known where they go. */
const encoder = new TextEncoder();

/** Text of at most so many characters is encoded faster by hand, as long as it is ASCII. */
const SHORT_MAX = 24;

export class TextScratch {
  /** The text encoded last lies at its start. */
  bytes: Uint8Array = new Uint8Array(1024);

  /** @returns bytes of the text in UTF-8; a surrogate without its other half becomes U+FFFD */
  encode(text: string): number {
    const { length } = text;
    const bytes = this.bytes;
    if (length <= SHORT_MAX) {
      let index = 0;
      while (index < length) {
        const code = text.charCodeAt(index);
        if (code > 0x7f) break;
        bytes[index++] = code;
      }
      if (index === length) return length;
    }
    // A UTF-16 unit takes at most three bytes.
    if (3 * length > bytes.length) this.bytes = new Uint8Array(Math.max(3 * length, 2 * bytes.length));
    return encoder.encodeInto(text, this.bytes).written;
  }
}
