/** Records as output: JSON for programs, a line for people, or whatever a template says. */
import { isUtf8 } from "node:buffer";
import type { RecordCursor } from "../client/index.ts";
import { momentText } from "./amounts.ts";
import { UsageError } from "./command-error.ts";
import { escapedPiece } from "./escapes.ts";

type Piece = string | Uint8Array;

/** @param write takes what is to be written for the record, before it returns */
export type RecordFormat = (record: RecordCursor, write: (piece: Piece) => void) => void;

/** A byte order mark is of the value, too. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes under a name: as text where they are UTF-8, else in base64 under `<name>Base64`. */
function bytesJson(name: string, bytes: Uint8Array | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null };
  if (isUtf8(bytes)) return { [name]: decoder.decode(bytes) };
  return { [`${name}Base64`]: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64") };
}

/** The form that `produce --json-lines` reads, too. */
export function recordJson(record: RecordCursor): Record<string, unknown> {
  const { topic, partition, offset, timestamp } = record;
  const headers = record.headers().map(([name, value]) => ({ name, ...bytesJson("value", value) }));
  return {
    topic,
    partition,
    offset,
    timestamp,
    ...bytesJson("key", record.key()),
    ...bytesJson("value", record.value()),
    headers,
  };
}

/** One line, its long values cut. */
export function recordText(record: RecordCursor): string {
  const headers = record.headers().map(([name, value]) => `${name}=${excerpt(value)}`);
  const key = record.key();
  const value = record.value();
  return [
    `offset ${record.offset}`,
    momentText(record.timestamp),
    `key ${excerpt(key)}`,
    `value ${excerpt(value)}`,
    ...(value === null ? [] : [`(${value.length} bytes)`]),
    ...(headers.length === 0 ? [] : [`headers ${headers.join(" ")}`]),
  ].join("  ");
}

const EXCERPT_SIZE = 60;

function excerpt(bytes: Uint8Array | null): string {
  if (bytes === null) return "null";
  const start = decoder.decode(bytes.subarray(0, EXCERPT_SIZE));
  return `${JSON.stringify(start)}${bytes.length > EXCERPT_SIZE ? "..." : ""}`;
}

const formatValue: RecordFormat = (record, write) => {
  const value = record.value();
  if (value !== null) write(value);
  write("\n");
};

const formatJson: RecordFormat = (record, write) => write(`${JSON.stringify(recordJson(record))}\n`);

/** By their letters; kcat's, where it has them. */
const placeholders: Readonly<Record<string, (record: RecordCursor) => Piece | null>> = {
  t: ({ topic }) => topic,
  p: ({ partition }) => String(partition),
  o: ({ offset }) => String(offset),
  k: (record) => record.key(),
  s: (record) => record.value(),
  K: (record) => String(record.key()?.length ?? -1),
  S: (record) => String(record.value()?.length ?? -1),
  T: ({ timestamp }) => String(timestamp),
  D: ({ timestamp }) => momentText(timestamp),
  h: (record) =>
    record
      .headers()
      .map(([name, value]) => `${name}=${value === null ? "" : decoder.decode(value)}`)
      .join(","),
  j: (record) => JSON.stringify(recordJson(record)),
};

export const FORMAT_HELP = `A format is "value" (the value and a newline), "json" (an object a line), or a template, to which nothing is added:
end it with \\n to have lines.
  %t topic   %p partition   %o offset   %k key   %s value   %K and %S their sizes in bytes (-1: null)
  %T timestamp in ms   %D the same as a date   %h headers   %j all as JSON   %% a percent sign
  \\n newline   \\t tab   \\r return   \\\\ backslash   \\xHH a byte`;

/** @throws UsageError it is no format */
export function recordFormat(text: string): RecordFormat {
  if (text === "value") return formatValue;
  if (text === "json") return formatJson;
  if (!text.includes("%")) throw new UsageError(`--format is value, json or a template with %, not "${text}"`);
  const pieces = [...text.matchAll(/%(.?)|\\(x[\da-fA-F]{2}|.?)|[^%\\]+/gs)].map(([whole, placeholder, escaped]) => {
    if (placeholder !== undefined) return placeholderOf(placeholder);
    return escaped === undefined ? whole : escapedPiece(escaped, "--format");
  });
  return (record, write) => {
    for (const piece of pieces) {
      const written = typeof piece === "function" ? piece(record) : piece;
      if (written !== null) write(written);
    }
  };
}

function placeholderOf(letter: string): ((record: RecordCursor) => Piece | null) | string {
  if (letter === "%") return "%";
  const placeholder = placeholders[letter];
  if (placeholder !== undefined) return placeholder;
  throw new UsageError(
    `--format has no %${letter}; there are ${Object.keys(placeholders)
      .map((known) => `%${known}`)
      .join(" ")} and %%`,
  );
}
