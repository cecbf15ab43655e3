/**
 * The log core's ABI. Pure functions over linear memory: addresses (usize), sizes and counts in, a number out. Offsets and
 * timestamps are f64, so that no call makes a BigInt. A negative i32 is an ERR_* of layout.ts.
 *
 * Every thread has its own instance over one shared memory, so the core allocates nothing and holds nothing: no static
 * data, no mutable global, no import but the memory (scripts/build-core.ts checks it).
 */

export { crc32c, initCrc32c } from "./crc32c";
export { encodeHeader, encodeRecord, encodeRecords, recordSize } from "./encode";
export { LAYOUT_VERSION } from "./layout";
export { murmur2 } from "./murmur2";
export {
  checkBatch,
  finishBatch,
  headersCrc,
  sealBatch,
  stampBatch,
  verifyBatchCrc,
} from "./record-batch";
export { findRecord, findTimestamp } from "./record-search";
export { checkRecords, walkRecords } from "./records";
export { scanBatches } from "./scan";
export { fillSlots } from "./slots";
export { correctMaxTimestamp, setLogAppendTime } from "./timestamps";
