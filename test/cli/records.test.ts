import { Readable } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { unescapedBytes } from "../../src/cli/escapes.ts";
import { membersOf } from "../../src/cli/json-fields.ts";
import { lines } from "../../src/cli/lines.ts";
import { recordFormat, recordJson, recordText } from "../../src/cli/record-format.ts";
import { fieldKeyedLines, keyedLines, recordLines, valueLines } from "../../src/cli/record-input.ts";
import { startingPoint } from "../../src/cli/starting-point.ts";
import type { RecordCursor } from "../../src/client/index.ts";

const record = {
  topic: "t",
  partition: 2,
  offset: 7,
  timestamp: 1_700_000_000_000,
  key: () => Buffer.from("k"),
  value: () => Buffer.from("välue"),
  headers: () => [["h", Buffer.from("1")]],
} as unknown as RecordCursor;
const binary = {
  ...record,
  key: () => null,
  value: () => Buffer.from([255, 0]),
  headers: () => [],
} as unknown as RecordCursor;

function formatted(format: string, one: RecordCursor = record): string {
  const pieces: Buffer[] = [];
  recordFormat(format)(one, (piece) => pieces.push(Buffer.from(piece as string)));
  return Buffer.concat(pieces).toString("latin1");
}

async function linesOf(chunks: readonly Uint8Array[], sizeMax = 1000): Promise<string[]> {
  const found: string[] = [];
  for await (const group of lines(Readable.from(chunks), sizeMax)) {
    for (const line of group) found.push(Buffer.from(line).toString("latin1"));
  }
  return found;
}

describe("formats", () => {
  test("value is the value's bytes and a newline", () => {
    expect(formatted("value")).toBe(`${Buffer.from("välue").toString("latin1")}\n`);
    expect(formatted("value", binary)).toBe("\xff\0\n");
  });

  test("a template has the record's parts, escapes and percent signs", () => {
    expect(formatted("%t/%p@%o %k %K %S %T %D %h 100%%\\t\\x41\\\\\\n")).toBe(
      "t/2@7 k 1 6 1700000000000 2023-11-14T22:13:20.000Z h=1 100%\tA\\\n",
    );
    expect(formatted("[%k] %K", binary)).toBe("[] -1");
  });

  test("json says bytes that are no UTF-8 in base64", () => {
    expect(recordJson(record)).toMatchObject({
      offset: 7,
      key: "k",
      value: "välue",
      headers: [{ name: "h", value: "1" }],
    });
    expect(recordJson(binary)).toMatchObject({ key: null, valueBase64: "/wA=" });
    expect(JSON.parse(formatted("json", binary))).toEqual(recordJson(binary));
    const marked = { ...record, value: () => Buffer.from("\ufeffa") } as unknown as RecordCursor;
    expect(recordJson(marked)).toMatchObject({ value: "\ufeffa" });
  });

  test("text is one line, long values cut", () => {
    const long = { ...record, value: () => Buffer.alloc(1000, "x") } as unknown as RecordCursor;
    expect(recordText(long)).toMatch(
      /^offset 7 {2}2023.*key "k" {2}value "x{60}"\.\.\. {2}\(1000 bytes\) {2}headers h="1"$/,
    );
  });

  test.each([["nothing"], ["%x"], ["%o\\q"], ["%"]])("%j is refused", (format) => {
    expect(() => recordFormat(format)).toThrow("--format");
  });
});

describe("lines of a stream", () => {
  test("are the same however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), async (chunks) => {
        const whole = Buffer.concat(chunks).toString("latin1");
        const expected = whole.split("\n");
        if (expected.at(-1) === "") expected.pop();
        expect(await linesOf(chunks)).toEqual(expected);
      }),
    );
  });

  test("end with an error at one that is too long", async () => {
    const chunks = Array.from({ length: 30 }, () => Buffer.alloc(100, "x"));
    await expect(linesOf([Buffer.from("a\n"), ...chunks])).rejects.toThrow("line 2 is longer than 1000 bytes");
  });
});

describe("records of lines", () => {
  test("a line is a value, with what all records have", () => {
    expect(valueLines({ key: "k", partition: 1 })(Buffer.from("v"))).toEqual({
      key: "k",
      partition: 1,
      value: Buffer.from("v"),
    });
  });

  test("a separator ends the key", () => {
    const read = keyedLines(Buffer.from("=>"), { optional: true }, {});
    expect(read(Buffer.from("k=>v=>w"))).toEqual({ key: Buffer.from("k"), value: Buffer.from("v=>w") });
    expect(read(Buffer.from("v"))).toEqual({ value: Buffer.from("v") });
    expect(read(Buffer.from("=>v"))).toEqual({ key: Buffer.alloc(0), value: Buffer.from("v") });
  });

  test("a field of a JSON line is the key, and the line stays as it is", () => {
    const read = fieldKeyedLines("id", { optional: true }, {});
    const line = Buffer.from('{ "id": 7 }');
    expect(read(line)).toEqual({ key: "7", value: line });
    expect(read(Buffer.from("{}"))).toEqual({ value: Buffer.from("{}") });
    expect(() => read(Buffer.from('{"id":{}}'))).toThrow("the field id is no key");
    expect(() => read(Buffer.from("id"))).toThrow("a line is no JSON object: id");
  });

  test("a line without a key is refused, unless keys are optional", () => {
    const bySeparator = keyedLines(unescapedBytes("\\t\\x00", "--key-separator"), { optional: false }, {});
    expect(bySeparator(Buffer.from("k\t\0v"))).toMatchObject({ key: Buffer.from("k") });
    expect(() => bySeparator(Buffer.from("k v"))).toThrow(
      'there is no key separator "\\t\\u0000" (with --key-optional',
    );
    const byField = fieldKeyedLines("id", { optional: false }, {});
    expect(() => byField(Buffer.from('{"di":1}'))).toThrow("there is no field id for the key");
    expect(() => byField(Buffer.from('{"id":null}'))).toThrow("there is no field id for the key");
  });

  test("escapes are those of formats", () => {
    expect(Buffer.from(unescapedBytes("a\\n\\xFf\\\\ä", "--x"))).toEqual(
      Buffer.concat([Buffer.from("a\n"), Buffer.of(0xff), Buffer.from("\\ä")]),
    );
    expect(() => unescapedBytes("\\q", "--x")).toThrow("--x has no \\q");
  });

  test("the partition of a JSON line can be passed over", () => {
    const line = Buffer.from('{"value":"v","partition":9}');
    expect(recordLines({ partition: 1 }, true)(line)).toEqual({ value: "v", partition: 1 });
    expect(recordLines({ partition: 1 }, false)(line)).toEqual({ value: "v", partition: 9 });
  });

  test("a JSON line describes a record as consume prints it", () => {
    const read = recordLines({ headers: [["d", "1"]] }, false);
    const printed = Buffer.from(JSON.stringify(recordJson(record)));
    expect(read(printed)).toEqual({
      key: "k",
      value: "välue",
      partition: 2,
      timestamp: 1_700_000_000_000,
      headers: [["h", "1"]],
    });
    expect(read(Buffer.from('{"value":{"a":1},"headers":{"b":null}}'))).toEqual({
      value: '{"a":1}',
      headers: [["b", null]],
    });
    expect(read(Buffer.from('{"keyBase64":"/w==","value":null}'))).toEqual({
      key: Buffer.from([255]),
      value: null,
      headers: [["d", "1"]],
    });
    expect(read(Buffer.alloc(0))).toBeNull();
  });

  test.each(["12345678901234567891", "1.50", "1e400", "-0", "true", '{"a": 1, "a" : [2.0, "},\\""]}', "[ ]"])(
    "%s is sent as it is written",
    (json) => {
      const read = recordLines({}, false);
      const line = (text: string): Buffer => Buffer.from(text.replace("#", () => json));
      expect(read(line('{"headers":{"value":0},"value": # ,"partition":1}'))).toMatchObject({ value: json });
      expect(read(line('{"value":"}","key":#}'))).toMatchObject({ key: json });
      expect(read(line('{"value":"v","headers":{"a":",","h":#}}'))).toMatchObject({
        headers: [
          ["a", ","],
          ["h", json],
        ],
      });
      expect(read(line('{"headers":[{"name":"a","value":"b"},{"value":#,"name":"h"}],"value":"v"}'))).toMatchObject({
        headers: [
          ["a", "b"],
          ["h", json],
        ],
      });
      if (json.startsWith("{") || json.startsWith("[")) return;
      const keyed = fieldKeyedLines("\u00e4", { optional: false }, {});
      expect(keyed(line('{"x":{"ä":1},"\\u00e4":#}'))).toMatchObject({ key: json });
    },
  );

  test("headers keep their order, and a line may be long", () => {
    const long = "x".repeat(9_000_000);
    const line = Buffer.from(`{"value":[1.0],"headers":{"2":"b","1":null,"2":0.0},"key":"${long}"}`);
    expect(recordLines({}, false)(line)).toEqual({
      key: long,
      value: "[1.0]",
      headers: [
        ["2", "b"],
        ["1", null],
        ["2", "0.0"],
      ],
    });
    const keyed = fieldKeyedLines("__proto__", { optional: true }, {});
    expect(keyed(Buffer.from('{"a":1}'))).toEqual({ value: Buffer.from('{"a":1}') });
  });

  test("of JSON as it is written a parser makes the same", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, " ", "\n\t"),
        (object, space) => {
          const text = JSON.stringify(object, null, space);
          const members = membersOf(text).map(({ name, text }) => [name, JSON.parse(text) as unknown]);
          expect(members).toEqual(Object.entries(JSON.parse(text) as object));
          const list = Object.values(object);
          expect(membersOf(JSON.stringify(list, null, space)).map(({ text }) => JSON.parse(text) as unknown)).toEqual(
            JSON.parse(JSON.stringify(list)),
          );
        },
      ),
    );
  });

  test.each([
    ["{}", "a record has a value; null makes it a tombstone: {}"],
    ['{"key":"k"}', 'a record has a value; null makes it a tombstone: {"key":"k"}'],
    ['{"vaule":1}', 'a record has no field "vaule"; did you mean value?'],
    ['{"value":"v","timestamp":"now"}', "timestamp is a whole number"],
    ['{"value":"v","headers":7}', "headers are an object"],
    ['{"value":"v","headers":[{"value":"x"}]}', "a header has a name"],
    ['{"value":"v","headers":[{"name":"h","valeu":"x"}]}', 'a header has no field "valeu"; did you mean value?'],
    ['{"value":"v","headers":[{"name":"h","valueBase64":"*"}]}', "valueBase64 is base64"],
    ['{"valueBase64":"***"}', "valueBase64 is base64"],
    ['{"valueBase64":"aGVsbG8=!!"}', "valueBase64 is base64"],
    ['{"valueBase64":"aGVsbG8"}', "valueBase64 is base64"],
    ['{"valueBase64":"aGVsbG9="}', "valueBase64 is base64"],
    ['{"valueBase64":null}', "valueBase64 is base64"],
    ['{"value":"v","keyBase64":7}', "keyBase64 is base64"],
    ['{"value":"\\ud800"}', "value has half a character"],
    ['{"value":"v","headers":{"\\ud800":"h"}}', "a header's name has half a character"],
    ['{"value":"v","headers":[{"name":"\\ud800","value":"h"}]}', "a header's name has half a character"],
    ['{"value":"v","valueBase64":"aGVsbG8="}', "value and valueBase64 are two ways to say one thing"],
    ['{"value":"v","key":null,"keyBase64":""}', "key and keyBase64 are two ways to say one thing"],
    ["[1]", "a line is no JSON object"],
    ["\xff", "a line is no JSON object"],
  ])("%s is refused", (line, message) => {
    expect(() => recordLines({}, false)(Buffer.from(line, "latin1"))).toThrow(message);
  });
});

describe("where to begin", () => {
  beforeAll(() => void vi.stubEnv("TZ", "America/New_York"));
  afterAll(() => void vi.unstubAllEnvs());
  const nowMs = Date.parse("2024-05-01T12:00:00Z");

  test.each([
    ["earliest", "earliest"],
    ["latest", "latest"],
    ["0", { offset: 0 }],
    ["2024", { offset: 2024 }],
    ["1969-07-20", { time: 0 }],
    ["-1h", { time: nowMs - 3_600_000 }],
    ["1969-07-20", { time: 0 }],
    ["-1.5s", { time: nowMs - 1500 }],
    ["-2w", { time: nowMs - 14 * 86_400_000 }],
    ["2024-05-01", { time: Date.parse("2024-05-01T04:00:00Z") }],
    ["2024-05-01T00:00", { time: Date.parse("2024-05-01T04:00:00Z") }],
    ["2024-02-29T12:00Z", { time: Date.parse("2024-02-29T12:00:00Z") }],
    ["2024-05-01T12:00:00Z", { time: nowMs }],
    ["2024-05-01 14:00+02:00", { time: nowMs }],
    ["2024-05-01T12:00:00.250Z", { time: nowMs + 250 }],
  ])("%s", (text, expected) => {
    expect(startingPoint(text, nowMs)).toEqual(expected);
  });

  test.each([
    "",
    "yesterday",
    "-1",
    "1h",
    "-5",
    "1.5",
    "2024-13-01",
    "2026-02-30",
    "2026-02-29T12:00Z",
    "2024-05-01T25:00",
    "99999999999999999999",
  ])("%j is refused", (text) => {
    expect(() => startingPoint(text, nowMs)).toThrow("--from is");
  });
});
