/** The runs that were done, a line each in a file: what was stopped goes on where it was. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FootprintLine } from "../../src/bench/footprint.ts";
import type { MissingLine, RunLine } from "../../src/bench/run-line.ts";

export type Line = RunLine | MissingLine;

export class Journal {
  readonly lines: Line[];
  readonly footprints: FootprintLine[];
  readonly #runsFile: string;
  readonly #footprintsFile: string;

  /**
   * @param settings runs of other code, or of other lengths, are not to stand in one table
   * @throws Error  the folder holds runs of other settings
   */
  constructor(folder: string, settings: object) {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, "settings.json");
    const text = `${JSON.stringify(settings, null, 2)}\n`;
    if (!existsSync(path)) writeFileSync(path, text);
    else if (readFileSync(path, "utf8") !== text)
      throw new Error(
        `${folder} holds runs of other settings (settings.json); say another --out, or these settings: ${text}`,
      );
    this.#runsFile = join(folder, "runs.jsonl");
    this.#footprintsFile = join(folder, "footprints.jsonl");
    this.lines = readLines(this.#runsFile);
    this.footprints = readLines(this.#footprintsFile);
  }

  /** Is there nothing left to do of it? */
  has({ peer, workload, repetition }: Pick<Line, "peer" | "workload" | "repetition">): boolean {
    const isOf = (line: Line): boolean => line.peer === peer && line.workload === workload;
    return this.lines.some((line) => isOf(line) && (line.repetition === repetition || isNotMeasured(line)));
  }

  get failed(): number {
    return this.lines.filter((line) => "missing" in line && line.missing === "failed").length;
  }

  add(line: Line): void {
    this.lines.push(line);
    appendFileSync(this.#runsFile, `${JSON.stringify(line)}\n`);
  }

  addFootprint(line: FootprintLine): void {
    this.footprints.push(line);
    appendFileSync(this.#footprintsFile, `${JSON.stringify(line)}\n`);
  }
}

function readLines<Kind>(file: string): Kind[] {
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Kind);
}

function isNotMeasured(line: Line): boolean {
  return "missing" in line && line.missing === "not measured";
}
