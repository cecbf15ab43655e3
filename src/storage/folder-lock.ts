/**
 * One broker per data folder. The lock is a listening socket, because the kernel frees it however its owner dies.
 *
 * On Linux it is an abstract unix socket named after the folder's device and inode, so that two paths to one folder meet.
 * Its names are those of one network namespace, which containers on one folder do not share; so, behind it and on every
 * other system, `cambium.sock` in the folder is taken too, where the folder's file system knows sockets. A left-over file
 * that nobody answers on is taken over. A path too long for a socket address would silently bind another name, so such a
 * folder's socket lies in the system's temp folder.
 */
import { createHash } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { BrokerError } from "../base/errors.ts";
import { makeDirectories } from "./make-directories.ts";

export interface FolderLock {
  release(): Promise<void>;
}

const SOCKET_PATH_MAX = 103; // The smallest sun_path among the systems we run on, less its terminator.
/** An owner that is stopped or busy for so long stays unknown. */
const OWNER_ANSWER_MS = 1000;

/**
 * Takes the folder, making it if need be.
 *
 * @throws BrokerError FOLDER_LOCKED another broker holds it
 * @throws BrokerError STORAGE_ERROR it cannot be made
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  try {
    makeDirectories(folder);
  } catch (error) {
    const { message } = error as Error;
    throw new BrokerError("STORAGE_ERROR", `cannot use ${folder} as a data folder (${message})`, { cause: error });
  }
  const servers: net.Server[] = [];
  try {
    if (process.platform === "linux") {
      servers.push(await takeAddress(abstractAddress(folder), folder));
      const inFolder = await takeAddress(fileAddress(folder), folder).catch(nullWithoutSockets);
      if (inFolder !== null) servers.push(inFolder);
    } else servers.push(await takeAddress(fileAddress(folder), folder));
  } catch (error) {
    await close(servers);
    throw error;
  }
  return { release: () => close(servers) };
}

/** @throws BrokerError FOLDER_LOCKED */
async function takeAddress(address: string, folder: string): Promise<net.Server> {
  const server = (await listen(address)) ?? (await takeOver(address));
  if (server === null) {
    const pid = await ownerOf(address);
    const where = pid === process.pid ? "in this process" : `process ${pid}`;
    const owner = pid === null ? "another broker" : `another broker, ${where},`;
    throw new BrokerError("FOLDER_LOCKED", `${owner} is running on ${folder}; stop it or choose another folder`, {
      details: { folder, ...(pid !== null && { pid }) },
    });
  }
  return server.unref();
}

/** Last taken, first freed: whoever finds the first one free finds the others free too. */
async function close(servers: readonly net.Server[]): Promise<void> {
  for (const server of servers.toReversed()) await new Promise((resolve) => server.close(resolve));
}

/** Errors of binding that say that the file system takes no sockets, or not now: on a full disk the broker must start. */
const NO_SOCKETS = ["EPERM", "EOPNOTSUPP", "ENOTSUP", "EINVAL", "ENOSPC", "EDQUOT"];

function nullWithoutSockets(error: unknown): null {
  if (NO_SOCKETS.includes((error as NodeJS.ErrnoException).code ?? "")) return null;
  throw error;
}

/** Is a broker running on the folder? Nothing is taken or changed. */
export async function isFolderLocked(folder: string): Promise<boolean> {
  if (!fs.existsSync(folder)) return false;
  const addresses = [...(process.platform === "linux" ? [abstractAddress(folder)] : []), fileAddress(folder)];
  const left = await Promise.all(addresses.map(isLeft));
  return left.includes(false);
}

function abstractAddress(folder: string): string {
  const { dev, ino } = fs.statSync(folder, { bigint: true });
  return `\0cambium-${dev}-${ino}`;
}

function fileAddress(folder: string): string {
  const inside = path.join(fs.realpathSync(folder), "cambium.sock");
  if (Buffer.byteLength(inside) <= SOCKET_PATH_MAX) return inside;
  const name = createHash("sha256").update(inside).digest("hex").slice(0, 16);
  return path.join(os.tmpdir(), `cambium-${name}.sock`);
}

/** @returns null when the address is taken */
function listen(address: string): Promise<net.Server | null> {
  return new Promise((resolve, reject) => {
    // Whoever finds the folder locked connects to learn by whom.
    const server = net.createServer((socket) => {
      socket.on("error", () => socket.destroy());
      socket.end(String(process.pid), () => socket.destroy());
    });
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? resolve(null) : reject(error),
    );
    server.listen({ path: address, exclusive: true }, () => resolve(server));
  });
}

/** @returns the pid of the process that holds the lock; null: it does not answer */
function ownerOf(address: string): Promise<number | null> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = net.connect({ path: address, timeout: OWNER_ANSWER_MS });
    socket.once("timeout", () => socket.destroy());
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
    });
    socket.once("error", () => socket.destroy());
    socket.once("close", () => resolve(/^\d+$/.test(answer) ? Number(answer) : null));
  });
}

/** A socket file whose owner is gone refuses connections: it is removed and bound anew. */
async function takeOver(address: string): Promise<net.Server | null> {
  if (address.startsWith("\0") || !(await isLeft(address))) return null;
  fs.rmSync(address, { force: true });
  return listen(address);
}

/** Is nobody there? */
function isLeft(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ path: address });
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
    // Any other answer, as EACCES from another user's, comes from an owner that may be alive.
    socket.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code === "ECONNREFUSED" || code === "ENOENT"));
  });
}
