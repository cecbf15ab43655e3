/** A data folder that goes with its broker. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";

export function makeTemporaryFolder(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "cambium-"));
}

export function removeTemporaryFolder(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
}
