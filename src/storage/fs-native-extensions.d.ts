/** The slice of fs-native-extensions we use; it has no types. */
declare module "fs-native-extensions" {
  /**
   * Locks a range of an open file, until its last descriptor is closed: also by the end of the process, however it comes.
   *
   * @returns false: another open file description has it locked
   * @throws ErrnoException  the file system knows no locks, say
   */
  export function tryLock(
    descriptor: number,
    offset: number,
    length: number,
    options?: { readonly shared?: boolean },
  ): boolean;

  /** The same, and waits while another has it. */
  export function waitForLockSync(descriptor: number, offset: number, length: number): void;
}
