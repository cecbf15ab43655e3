/**
 * Locks of the kernel on a byte of an open file, which end with its last descriptor, so also with the process, however it comes.
 * On Linux they are open file description locks, fcntl(2). Node has none of its own: this is fs-native-extensions' binding,
 * taken where it lies, since the package's own loader takes 9 MB of memory to look for it.
 */
import { createRequire } from "node:module";

export interface FileLocks {
  /** @returns false: another open file has it locked, or shared where it is to be `exclusive` */
  try(descriptor: number, at: number, mode: "shared" | "exclusive"): boolean;
  /** Waits while another has it, and locks it exclusively. */
  wait(descriptor: number, at: number): void;
}

interface Binding {
  /** @throws ErrnoException EAGAIN; or what the file system says that knows no locks */
  tryLock(descriptor: number, at: number, length: number, isExclusive: boolean): void;
  waitForLockSync(descriptor: number, at: number, length: number, isExclusive: boolean): void;
}

/** @throws Error  there is no binary for this system */
export function loadFileLocks(): FileLocks {
  const binding = loadBinding();
  return {
    try: (descriptor, at, mode) => {
      try {
        binding.tryLock(descriptor, at, 1, mode === "exclusive");
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "EAGAIN") return false;
        throw error;
      }
    },
    wait: (descriptor, at) => binding.waitForLockSync(descriptor, at, 1, true),
  };
}

function loadBinding(): Binding {
  const require = createRequire(import.meta.url);
  const folder = `fs-native-extensions/prebuilds/${process.platform}-${process.arch}`;
  try {
    return require(`${folder}/fs-native-extensions.node`) as Binding;
  } catch {
    return require("fs-native-extensions/binding.js") as Binding;
  }
}
