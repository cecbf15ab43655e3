/**
 * A place in a log together with all that has to be known there to go on: where a failed write falls back to, what a sync
 * covers, what a checkpoint keeps.
 */
import type { IndexedPoint } from "./partition-log.ts";

export class LogPoint implements IndexedPoint {
  base = 0;
  position = 0;
  end = 0;
  headersCrc = 0;
  maxTimestamp = -1;
  firstAppendMs = -1;
  lastAppendMs = -1;

  static from(point: IndexedPoint): LogPoint {
    const copy = new LogPoint();
    copy.copyFrom(point);
    return copy;
  }

  copyFrom(point: IndexedPoint): void {
    this.base = point.base;
    this.position = point.position;
    this.end = point.end;
    this.headersCrc = point.headersCrc;
    this.maxTimestamp = point.maxTimestamp;
    this.firstAppendMs = point.firstAppendMs;
    this.lastAppendMs = point.lastAppendMs;
  }

  /** The beginning of an empty segment. */
  reset(base: number): void {
    this.base = base;
    this.position = 0;
    this.end = base;
    this.headersCrc = 0;
    this.maxTimestamp = -1;
    this.firstAppendMs = -1;
    this.lastAppendMs = -1;
  }

  /** Offsets between the segment's base and here. */
  get slots(): number {
    return this.end - this.base;
  }

  /** A plain object that crosses threads. */
  toJSON(): IndexedPoint {
    const { base, position, end, headersCrc, maxTimestamp, firstAppendMs, lastAppendMs } = this;
    return { base, position, end, headersCrc, maxTimestamp, firstAppendMs, lastAppendMs };
  }
}
