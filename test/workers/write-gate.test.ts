/** The gate that holds log writes back while the ballast is not whole (contract D5). */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DiskError } from "../../src/storage/disk.ts";
import { NodeDisk } from "../../src/storage/node-disk.ts";
import { IN_FILE_CALL, mapMemory, POOL_BLOCK_MAX } from "../../src/workers/shared-memory.ts";
import { SharedWriteGate, WriteGateKeeper } from "../../src/workers/write-gate.ts";

const map = mapMemory({ logWorkers: 2, maintenanceWorkers: 1, poolBytes: POOL_BLOCK_MAX });
let buffer = new SharedArrayBuffer(0);
let folder = "";

beforeEach(() => {
  buffer = new SharedArrayBuffer(map.size);
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "cambium-gate-"));
});

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function keeper(): WriteGateKeeper {
  const pauses = new Int32Array(new SharedArrayBuffer(4));
  const gate = new SharedWriteGate(map, buffer);
  return new WriteGateKeeper(gate, map, buffer, (ms) => void Atomics.wait(pauses, 0, 0, ms));
}

test("while it is shut no file grows, by either kind of write, and what is there can be written anew", () => {
  const gate = new SharedWriteGate(map, buffer);
  const codes: string[] = [];
  const disk = new NodeDisk({
    gate,
    memory: Uint8Array.of(7, 8, 9),
    events: { writeCompleted: (_ticket, _written, code) => void codes.push(code), syncCompleted: () => {} },
  });
  const file = disk.open(`${folder}/log`, "create");
  disk.write(file, Uint8Array.of(1, 2), 0);
  keeper().shut();
  expect(() => disk.write(file, Uint8Array.of(3), 2)).toThrow(DiskError);
  disk.submitWrite(0, file, 0, 3, 0);
  disk.write(file, Uint8Array.of(4), 1);
  keeper().open();
  disk.submitWrite(0, file, 2, 1, 2);
  disk.close(file);
  expect(codes).toEqual(["ENOSPC", ""]);
  expect(disk.readFile(`${folder}/log`)).toEqual(Buffer.of(1, 4, 9));
});

test("while it is shut no file and no folder comes", () => {
  const gate = new SharedWriteGate(map, buffer);
  const disk = new NodeDisk({ gate });
  disk.makeDirectory(`${folder}/there`);
  disk.close(disk.open(`${folder}/there/file`, "create"));
  keeper().shut();
  expect(() => disk.makeDirectory(`${folder}/new`)).toThrow("ENOSPC");
  for (const mode of ["create", "write"] as const) expect(() => disk.open(`${folder}/new`, mode)).toThrow("ENOSPC");
  disk.makeDirectory(`${folder}/there`);
  for (const mode of ["read", "write"] as const) disk.close(disk.open(`${folder}/there/file`, mode));
  expect(disk.list(folder)).toEqual(["there"]);
});

test("it is shut when every write that came through before has ended", async () => {
  const { control } = map.logWorkers[1]!;
  const words = new Int32Array(buffer, control);
  Atomics.store(words, IN_FILE_CALL, 1);
  const script = `
    const { workerData, parentPort } = require("node:worker_threads");
    const words = new Int32Array(workerData.buffer, workerData.control);
    const gate = new Int32Array(workerData.buffer);
    while (Atomics.load(gate, workerData.gate) === 0);
    parentPort.postMessage("shut");
    Atomics.wait(words, 0, 0, 20);
    Atomics.store(words, workerData.inFileCall, 0);`;
  const workerData = { buffer, control, gate: map.writeGate, inFileCall: IN_FILE_CALL };
  const worker = new Worker(script, { eval: true, workerData });
  await new Promise((resolve) => worker.once("online", resolve));
  keeper().shut();
  expect(Atomics.load(words, IN_FILE_CALL)).toBe(0);
  expect(new SharedWriteGate(map, buffer).isShut).toBe(true);
  await worker.terminate();
});

test("a file call that does not end holds nobody up for ever", () => {
  Atomics.store(new Int32Array(buffer, map.logWorkers[0]!.control), IN_FILE_CALL, 1);
  keeper().shut();
  expect(new SharedWriteGate(map, buffer).isShut).toBe(true);
});
