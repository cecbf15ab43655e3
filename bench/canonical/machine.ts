/** What the figures were measured on. */
import { closeSync, openSync, writeSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { makeFolder, removeFolder } from "./processes.ts";

const CHUNK = 1024 * 1024;
const CHUNKS = 2048;

/**
 * One line, with the rate at which one process writes a new file into the page cache: no broker is faster. In a virtual
 * machine it falls to a fraction where the hypervisor takes freed memory back and has to supply it anew.
 */
export function describeMachine(): string {
  const rate = Math.round(bareWriteRate());
  const processors = `${os.cpus()[0]!.model}, ${os.availableParallelism()} processors`;
  const system = `${os.type()} ${os.release()}, Node ${process.versions.node}`;
  return `${processors}, ${system}; a bare loop writes a new file at ${rate.toLocaleString("en")} MB/s`;
}

function bareWriteRate(): number {
  const folder = makeFolder();
  const file = openSync(join(folder, "bare"), "w");
  const chunk = new Uint8Array(CHUNK).fill(1);
  const begin = performance.now();
  for (let count = 0; count < CHUNKS; count++) writeSync(file, chunk);
  const seconds = (performance.now() - begin) / 1000;
  closeSync(file);
  removeFolder(folder);
  return (CHUNK * CHUNKS) / 1e6 / seconds;
}
