/** Characters that no command line shows well, as options write them: \n, \t, \xHH. */
import { UsageError } from "./command-error.ts";

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", "\\": "\\", "0": "\0" };

/**
 * @param text what stands behind the backslash, "n" or "x0A"
 * @param option whose value it is
 * @returns text, or the one byte that was named
 * @throws UsageError there is no such escape
 */
export function escapedPiece(text: string, option: string): string | Uint8Array {
  if (text.length === 3) return Uint8Array.of(Number.parseInt(text.slice(1), 16));
  const escaped = escapes[text];
  if (escaped === undefined) {
    throw new UsageError(`${option} has no \\${text}; there are \\n \\t \\r \\0 \\\\ and \\xHH`);
  }
  return escaped;
}

/** The bytes of a text in which there may be escapes. @throws UsageError */
export function unescapedBytes(text: string, option: string): Uint8Array {
  const pieces = [...text.matchAll(/\\(x[\da-fA-F]{2}|.?)|[^\\]+/gs)].map(([whole, escaped]) => {
    const piece = escaped === undefined ? whole : escapedPiece(escaped, option);
    return typeof piece === "string" ? Buffer.from(piece) : piece;
  });
  return Buffer.concat(pieces);
}
