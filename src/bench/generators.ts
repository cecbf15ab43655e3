/** The commands of the generators in JavaScript (driver.ts). */
import { join } from "node:path";

/** Sources run as they are; what is published was compiled. */
const EXTENSION = import.meta.filename.endsWith(".ts") ? ".ts" : ".js";

const script = (name: string): readonly [string, string] => [
  process.execPath,
  join(import.meta.dirname, `${name}${EXTENSION}`),
];

export const produceCommand: readonly [string, string] = script("produce-load");
export const consumeCommand: readonly [string, string] = script("consume-load");
export const idleCommand: readonly [string, string] = script("idle-load");
/** It has no task. */
export const loopbackCommand: readonly [string, string] = script("loopback-load");
/** Cambium's own client. */
export const cambiumClient: string = new URL(`./clients/cambium${EXTENSION}`, import.meta.url).href;
