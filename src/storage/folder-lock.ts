/**
 * One broker per data folder: who has `cambium.lock` in it locked. The kernel keeps that lock with the open file, whatever path
 * led there, for every process that shares the file system, in whatever container; and frees it however its owner dies.
 *
 * The file says which process holds it, and no broker removes it: a new one would be another lock. Where somebody did, its owner
 * puts it back within a second, and whoever starts on a folder without it waits longer than that.
 */
import fs from "node:fs";
import path from "node:path";
import { BrokerError } from "../base/errors.ts";
import { type FileLocks, loadFileLocks } from "./file-lock.ts";
import { makeDirectories } from "./make-directories.ts";

export interface FolderLock {
  /**
   * To be called every LOCK_CHECK_MS: locks the file anew if it was removed or replaced.
   *
   * @returns false: another broker has the folder
   */
  keep(): boolean;
  release(): void;
}

export const LOCK_CHECK_MS = 1000;
/** So long whoever finds a folder without the file waits for a broker that may be at work on it, and puts the file back. */
const OWNER_MS = 3 * LOCK_CHECK_MS;
const FILE = "cambium.lock";
/** Every folder that a broker was started on has it. */
const META = "cambium.meta";
/** What is locked lies behind what the file says: on Windows nobody reads what is locked. */
const OWNED_AT = 2 ** 30;
/** What those try who only ask, so that none of them is taken for an owner. */
const SHOWN_AT: number = OWNED_AT + 1;

/**
 * Takes the folder, making it if need be.
 *
 * @param pause resolves after so many ms
 * @throws BrokerError FOLDER_LOCKED another broker holds it
 * @throws BrokerError STORAGE_ERROR it cannot be made, or its file system knows no locks
 */
export async function lockFolder(folder: string, pause: (ms: number) => Promise<unknown>): Promise<FolderLock> {
  const locks = fileLocks();
  try {
    makeDirectories(folder);
  } catch (error) {
    throw unusable(folder, error);
  }
  const file = path.join(folder, FILE);
  if (fs.existsSync(path.join(folder, META)) && !fs.existsSync(file)) await pause(OWNER_MS);
  const taken = take(locks, folder);
  if (taken === null) throw locked(folder);
  let descriptor = taken;
  return {
    keep: () => {
      try {
        if (isStill(file, descriptor)) return true;
        const anew = take(locks, folder);
        if (anew === null) return false;
        fs.closeSync(descriptor);
        descriptor = anew;
      } catch {
        // It cannot be told, on a full disk, say; the next time it is tried again.
      }
      return true;
    },
    release: () => fs.closeSync(descriptor),
  };
}

/** Is a broker running on the folder? Nothing is changed. */
export function isFolderLocked(folder: string): boolean {
  const locks = fileLocks();
  let descriptor: number;
  try {
    // Not to wait for whoever writes to it, should it be no file.
    descriptor = fs.openSync(path.join(folder, FILE), fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch {
    return false; // No broker was ever there.
  }
  try {
    return !locks.try(descriptor, SHOWN_AT, "shared");
  } finally {
    fs.closeSync(descriptor);
  }
}

/** @returns the file that holds the lock; null: another has it */
function take(locks: FileLocks, folder: string): number | null {
  let descriptor = -1;
  try {
    const file = path.join(folder, FILE);
    while (descriptor < 0) {
      descriptor = fs.openSync(file, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o644);
      const isOwned = locks.try(descriptor, OWNED_AT, "exclusive");
      if (isOwned && isStill(file, descriptor)) break;
      fs.closeSync(descriptor);
      descriptor = -1;
      if (!isOwned) return null;
    }
    // Who asks holds it for some microseconds.
    locks.wait(descriptor, SHOWN_AT);
    sign(descriptor);
    return descriptor;
  } catch (error) {
    if (descriptor >= 0) fs.closeSync(descriptor);
    throw unusable(folder, error);
  }
}

function unusable(folder: string, cause: unknown): BrokerError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const why = code === "EEXIST" ? "it is no folder" : message;
  return new BrokerError("STORAGE_ERROR", `cannot use ${folder} as a data folder (${why})`, { cause });
}

/** A file that was removed since it was opened locks nobody out. */
function isStill(file: string, descriptor: number): boolean {
  const here = fs.statSync(file, { bigint: true, throwIfNoEntry: false });
  const { dev, ino } = fs.fstatSync(descriptor, { bigint: true });
  return here?.dev === dev && here.ino === ino;
}

function sign(descriptor: number): void {
  try {
    fs.ftruncateSync(descriptor);
    fs.writeSync(descriptor, `${process.pid}\n`, 0);
  } catch {
    // It only helps whoever is refused; a full disk is no reason not to start.
  }
}

function locked(folder: string): BrokerError {
  const pid = ownerOf(folder);
  const where = pid === process.pid ? "in this process" : `process ${pid}`;
  const owner = pid === null ? "another broker" : `another broker, ${where},`;
  return new BrokerError("FOLDER_LOCKED", `${owner} is running on ${folder}; stop it or choose another folder`, {
    details: { folder, ...(pid !== null && { pid }) },
  });
}

/** @returns the process that holds the lock, by its number where it runs; null: it could not say */
function ownerOf(folder: string): number | null {
  try {
    const text = fs.readFileSync(path.join(folder, FILE), "utf8").trim();
    return /^\d+$/.test(text) ? Number(text) : null;
  } catch {
    return null;
  }
}

/** @throws BrokerError STORAGE_ERROR  there are none for this system */
function fileLocks(): FileLocks {
  try {
    return loadFileLocks();
  } catch (cause) {
    const message = `file locks do not load on ${process.platform} ${process.arch} (${(cause as Error).message})`;
    throw new BrokerError("STORAGE_ERROR", message, { cause });
  }
}
