/** What `produce` reads, line by line, as records. */
import { isUtf8 } from "node:buffer";
import { BrokerError } from "../base/errors.ts";
import type { ProducerRecord } from "../client/index.ts";
import { fieldText, membersOf } from "./json-fields.ts";
import { didYouMean } from "./settings.ts";

type Headers = readonly (readonly [name: string, value: string | Uint8Array | null])[];

/** The same for every record, unless the record says otherwise. */
export interface RecordDefaults {
  readonly key?: string;
  readonly partition?: number;
  readonly headers?: Headers;
}

export interface KeyedLines {
  /** A line in which no key can be found is a record all the same: without a key, or with the one that all have. */
  readonly optional: boolean;
}

/**
 * @returns null: the line is no record
 * @throws BrokerError INVALID_RECORD
 */
export type LineReader = (line: Uint8Array) => ProducerRecord | null;

const decoder = new TextDecoder();

/** The whole line is the value. */
export function valueLines(defaults: RecordDefaults): LineReader {
  return (value) => ({ ...defaults, value });
}

/** "key<separator>value" */
export function keyedLines(separator: Uint8Array, { optional }: KeyedLines, defaults: RecordDefaults): LineReader {
  const mark = Buffer.from(separator);
  return (line) => {
    const at = Buffer.from(line.buffer, line.byteOffset, line.length).indexOf(mark);
    if (at < 0 && !optional)
      throw invalid(`there is no key separator ${JSON.stringify(mark.toString())}${keyHint(line)}`);
    if (at < 0) return { ...defaults, value: line };
    return { ...defaults, key: line.subarray(0, at), value: line.subarray(at + mark.length) };
  };
}

/** The line is a JSON object and the value as it is; one of its fields is the key, too. */
export function fieldKeyedLines(field: string, { optional }: KeyedLines, defaults: RecordDefaults): LineReader {
  return (line) => {
    const parsed = parse(line);
    const value = Object.hasOwn(parsed.object, field) ? parsed.object[field] : undefined;
    if (typeof value === "object" && value !== null) throw invalid(`the field ${field} is no key: ${excerpt(line)}`);
    const key = value === undefined ? undefined : textOf(parsed, field);
    const isMissing = key === undefined || key === null;
    if (isMissing && !optional) throw invalid(`there is no field ${field} for the key${keyHint(line)}`);
    return { ...defaults, ...(!isMissing && { key }), value: line };
  };
}

function keyHint(line: Uint8Array): string {
  return ` (with --key-optional that is no error): ${excerpt(line)}`;
}

/** What `consume --format json` says beside; a record may come with it, and it is another's when it is written again. */
const IGNORED_FIELDS = ["topic", "offset"];
const RECORD_FIELDS = [
  "key",
  "keyBase64",
  "value",
  "valueBase64",
  "headers",
  "timestamp",
  "partition",
  ...IGNORED_FIELDS,
];
const HEADER_FIELDS = ["name", "value", "valueBase64"];

/**
 * The line is a JSON object that describes the record, as `consume --format json` prints it.
 *
 * @param ignorePartition its partition is another topic's: the key decides
 */
export function recordLines(defaults: RecordDefaults, ignorePartition: boolean): LineReader {
  return (line) => {
    if (line.length === 0) return null;
    const parsed = parse(line);
    const { object } = parsed;
    refuseOtherFields(parsed, RECORD_FIELDS, "a record");
    const { timestamp } = object;
    const partition = ignorePartition ? undefined : object["partition"];
    const numbers = { ...(timestamp !== undefined && { timestamp }), ...(partition !== undefined && { partition }) };
    for (const [name, number] of Object.entries(numbers)) {
      if (!Number.isSafeInteger(number)) throw invalid(`${name} is a whole number: ${excerpt(line)}`);
    }
    const key = payload(parsed, "key");
    const value = payload(parsed, "value");
    if (value === undefined) throw invalid(`a record has a value; null makes it a tombstone: ${excerpt(line)}`);
    const headers = object["headers"] === undefined ? undefined : headersIn(parsed);
    return {
      ...defaults,
      ...(numbers as { readonly timestamp?: number; readonly partition?: number }),
      ...(key !== undefined && { key }),
      ...(headers !== undefined && { headers }),
      value,
    };
  };
}

interface Parsed {
  readonly object: Readonly<Record<string, unknown>>;
  /** Of which it was made. */
  readonly text: string;
  /** In which it stands. */
  readonly line: Uint8Array;
}

function refuseOtherFields({ object, line }: Parsed, fields: readonly string[], what: string): void {
  const unknown = Object.keys(object).find((name) => !fields.includes(name));
  if (unknown !== undefined)
    throw invalid(`${what} has no field "${unknown}"${didYouMean(unknown, fields)}: ${excerpt(line)}`);
}

/** Text is itself, `<name>Base64` are bytes; other JSON is what the line says. @returns undefined: the object has none */
function payload(parsed: Parsed, name: string): string | Uint8Array | null | undefined {
  const { object, line } = parsed;
  const encoded = object[`${name}Base64`];
  const value = object[name];
  if (encoded === undefined) return textOf(parsed, name);
  if (value !== undefined) throw invalid(`${name} and ${name}Base64 are two ways to say one thing: ${excerpt(line)}`);
  const bytes = typeof encoded === "string" ? Buffer.from(encoded, "base64") : null;
  // What is no base64 is passed over by the decoder, so only what comes out as it went in was all read.
  if (bytes === null || bytes.toString("base64") !== encoded)
    throw invalid(`${name}Base64 is base64 (RFC 4648, section 4, with its padding): ${excerpt(line)}`);
  return bytes;
}

function textOf({ object, text, line }: Parsed, name: string): string | null | undefined {
  const value = object[name];
  return value === undefined ? undefined : textAs(value, () => fieldText(text, name)!, name, line);
}

/** What is no text is taken as it is written: a number may have more digits than a number here. */
function textAs(value: unknown, written: () => string, what: string, line: Uint8Array): string | null {
  if (value === null) return null;
  return typeof value === "string" ? wholeText(value, what, line) : written();
}

function wholeText(text: string, what: string, line: Uint8Array): string {
  if (text.isWellFormed()) return text;
  throw invalid(`${what} has half a character (a lone surrogate): ${excerpt(line)}`);
}

/** {"name": "value"}, or [{"name": ..., "value": ...}], which may repeat names. */
function headersIn({ object, text, line }: Parsed): Headers {
  const { headers } = object;
  if (typeof headers !== "object" || headers === null) throw invalid(`headers are an object: ${excerpt(line)}`);
  const members = membersOf(fieldText(text, "headers")!);
  if (!Array.isArray(headers)) {
    return members.map((member) => {
      const value = JSON.parse(member.text) as unknown;
      return [wholeText(member.name, "a header's name", line), textAs(value, () => member.text, "a header", line)];
    });
  }
  return headers.map((header: Parsed["object"] | null, index) => {
    const name = header?.["name"];
    if (typeof name !== "string") throw invalid(`a header has a name: ${excerpt(line)}`);
    const parsed = { object: header!, text: members[index]!.text, line };
    refuseOtherFields(parsed, HEADER_FIELDS, "a header");
    return [wholeText(name, "a header's name", line), payload(parsed, "value") ?? null];
  });
}

function parse(line: Uint8Array): Parsed {
  let object: unknown;
  let text = "";
  try {
    text = decoder.decode(line);
    object = isUtf8(line) ? JSON.parse(text) : undefined;
  } catch {
    object = undefined;
  }
  if (typeof object === "object" && object !== null && !Array.isArray(object))
    return { object: object as Parsed["object"], text, line };
  throw invalid(`a line is no JSON object: ${excerpt(line)}`);
}

function invalid(message: string): BrokerError {
  return new BrokerError("INVALID_RECORD", message);
}

function excerpt(line: Uint8Array): string {
  const text = decoder.decode(line.subarray(0, 80));
  return line.length > 80 ? `${text}...` : text;
}
