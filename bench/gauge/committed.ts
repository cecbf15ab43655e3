/** The ratios that are committed, and where they were measured. */
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import type { Ratios } from "./compare.ts";

export interface Committed {
  readonly processor: string;
  readonly node: string;
  readonly ratios: Ratios;
}

const file = join(import.meta.dirname, "../results/micro.json");
export const processor: string = `${os.cpus()[0]!.model}, ${os.arch()}`;

/**
 * Measured on 2 virtual processors that others used, load 1 to 8, while times of single benchmarks differed by more than 2: ratios
 * of one run were at most 1.4 times the median of some runs, and most 1.1 times. The best of a few tries stays well below.
 */
const FACTOR = 1.5;
/** Another processor has other ratios: there the gate only sees what no processor explains. */
const FACTOR_ELSEWHERE = 3;

/** @returns how many times the committed ratio a ratio may be here */
export function allowedFactor(committed: Committed): number {
  return committed.processor === processor ? FACTOR : FACTOR_ELSEWHERE;
}

export function readCommitted(): Committed {
  return JSON.parse(readFileSync(file, "utf8")) as Committed;
}

export function writeCommitted(ratios: Ratios): void {
  const committed: Committed = { processor, node: process.versions.node, ratios };
  writeFileSync(file, `${JSON.stringify(committed, null, 2)}\n`);
}
