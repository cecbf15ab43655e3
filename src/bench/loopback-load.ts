/** The process that measures how much one TCP connection on this machine carries (limits.ts): it sends, a child of it reads. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { MIB } from "../base/units.ts";
import { monotonicNs } from "./monotonic.ts";

const CHUNK_SIZE = MIB;
const CHUNKS = 4096;

/** Reads all that comes, and says when it was enough. */
function read(): void {
  let left = CHUNKS * CHUNK_SIZE;
  const server = createServer((socket) => {
    socket.on("data", ({ length }) => {
      left -= length;
      if (left === 0) socket.end("all");
    });
    server.close();
  }).listen(0, "127.0.0.1", () => process.send!(server.address()));
}

async function send(reader: ChildProcess): Promise<number> {
  const [{ port }] = (await once(reader, "message")) as [{ readonly port: number }];
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const chunk = new Uint8Array(CHUNK_SIZE).fill(1);
  const read = once(socket, "data");
  const beginNs = monotonicNs();
  for (let count = 0; count < CHUNKS; count++) if (!socket.write(chunk)) await once(socket, "drain");
  await read;
  return (CHUNKS * CHUNK_SIZE) / ((monotonicNs() - beginNs) / 1e9);
}

if (process.send !== undefined) read();
else {
  const bytesPerSecond = await send(fork(import.meta.filename));
  process.stdout.write(`${JSON.stringify({ bytesPerSecond })}\n`);
}
