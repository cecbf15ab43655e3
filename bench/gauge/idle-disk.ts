/** A disk that takes everything at once and keeps nothing, so that what is measured is the log. */
import type { Disk, DiskEvents, FileHandle, FileStatus } from "../../src/storage/disk.ts";

export class IdleDisk implements Disk {
  readonly folderFailures = { count: 0, add: (): void => {} };
  events: DiskEvents | null = null;
  #files = 0;

  submitWrite(ticket: number, _file: FileHandle, _address: number, length: number): void {
    this.events!.writeCompleted(ticket, length, "");
  }

  submitSync(ticket: number): void {
    this.events!.syncCompleted(ticket, []);
  }

  open(): FileHandle {
    return ++this.#files;
  }

  openDirectory(): FileHandle {
    return ++this.#files;
  }

  read(): number {
    return 0;
  }

  size(): number {
    return 0;
  }

  list(): string[] {
    return [];
  }

  status(): FileStatus | null {
    return null;
  }

  readFile(): Uint8Array | null {
    return null;
  }

  close(): void {}
  write(): void {}
  truncate(): void {}
  sync(): void {}
  syncDirectory(): void {}
  makeDirectory(): void {}
  rename(): void {}
  remove(): void {}
}
