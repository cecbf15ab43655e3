/** The data sets of the demo: real files of the package `vega-datasets`, row by row or whole. */
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { MIB } from "../base/units.ts";
import { CommandError } from "./command-error.ts";

export interface DemoRecord {
  readonly key: string | null;
  readonly value: string | Uint8Array;
}

export interface DataSet {
  /** Of the topic, too. */
  readonly name: string;
  /** What its records are. */
  readonly doc: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
  /** @param folder where the files are */
  records(folder: string): readonly DemoRecord[];
}

const require = createRequire(import.meta.url);
const PARTITIONS = 4;

export const dataSets: readonly DataSet[] = [
  {
    name: "flights-200k",
    doc: "each row of flights-200k.json, no key",
    partitions: PARTITIONS,
    settings: {},
    records: (folder) => rowsOf(folder, "flights-200k.json").map((row) => ({ key: null, value: JSON.stringify(row) })),
  },
  {
    name: "flights-20k",
    doc: "each row of flights-20k.json, keyed by origin",
    partitions: PARTITIONS,
    settings: {},
    records: (folder) =>
      rowsOf(folder, "flights-20k.json").map((row) => ({ key: String(row["origin"]), value: JSON.stringify(row) })),
  },
  {
    name: "zipcodes",
    doc: "each row of zipcodes.csv, keyed by state",
    partitions: PARTITIONS,
    settings: {},
    records: (folder) => {
      const [head = "", ...rows] = fs.readFileSync(path.join(folder, "zipcodes.csv"), "utf8").trimEnd().split("\n");
      const column = head.split(",").indexOf("state");
      return rows.map((row) => ({ key: row.split(",")[column]!, value: row }));
    },
  },
  {
    name: "files",
    doc: "flights-200k.arrow and flights-3m.parquet, each as one record",
    partitions: 1,
    settings: { "max.message.bytes": String(16 * MIB) },
    records: (folder) =>
      ["flights-200k.arrow", "flights-3m.parquet"].map((name) => ({
        key: name,
        value: fs.readFileSync(path.join(folder, name)),
      })),
  },
];

/** @throws CommandError DATA_SETS_MISSING */
export function dataSetsFolder(): string {
  try {
    // The package's only export is its code, which lies in build/ beside data/.
    const code = require.resolve("vega-datasets");
    return path.join(path.dirname(code), "../data");
  } catch (error) {
    const message =
      "the demo's data are in the package vega-datasets, which is not installed: npm install vega-datasets";
    throw new CommandError("DATA_SETS_MISSING", message, { cause: error });
  }
}

function rowsOf(folder: string, file: string): readonly Readonly<Record<string, unknown>>[] {
  return JSON.parse(fs.readFileSync(path.join(folder, file), "utf8")) as Record<string, unknown>[];
}
