/**
 * Byte layouts and result codes shared by the AssemblyScript core (asc) and the host (tsc, Node).
 *
 * Both compilers read this one file, so it holds literals and constant expressions only and imports nothing.
 * Names ending in `_AT` are byte positions inside a structure, `_SIZE` are bytes, `ERR_` are result codes.
 *
 * A record batch, version 2 (Kafka's `DefaultRecordBatch`; integers are big-endian):
 *
 *   at size field                 meaning
 *    0    8 baseOffset            offset of the first record; stamped by the broker, outside the CRC
 *    8    4 batchLength           bytes after this field
 *   12    4 partitionLeaderEpoch  stamped by the broker, outside the CRC
 *   16    1 magic                 2
 *   17    4 crc                   CRC-32C of everything from `attributes` to the end
 *   21    2 attributes            bits 0-2 codec, 3 timestamp type, 4 transactional, 5 control, 6 delete horizon
 *   23    4 lastOffsetDelta       offset of the last record - baseOffset
 *   27    8 baseTimestamp         Unix ms of the first record
 *   35    8 maxTimestamp          largest timestamp of the batch, Unix ms
 *   43    8 producerId            -1: none
 *   51    2 producerEpoch         -1: none
 *   53    4 baseSequence          -1: none
 *   57    4 recordsCount
 *   61    - records               varint-framed, possibly compressed as a whole
 */

/** Raised with any change to a constant below; the host refuses a core that was built from another version. */
export const LAYOUT_VERSION: i32 = 1;

export const BATCH_BASE_OFFSET_AT: u32 = 0;
export const BATCH_LENGTH_AT: u32 = 8;
export const BATCH_LEADER_EPOCH_AT: u32 = 12;
export const BATCH_MAGIC_AT: u32 = 16;
export const BATCH_CRC_AT: u32 = 17;
export const BATCH_ATTRIBUTES_AT: u32 = 21;
export const BATCH_LAST_OFFSET_DELTA_AT: u32 = 23;
export const BATCH_BASE_TIMESTAMP_AT: u32 = 27;
export const BATCH_MAX_TIMESTAMP_AT: u32 = 35;
export const BATCH_PRODUCER_ID_AT: u32 = 43;
export const BATCH_PRODUCER_EPOCH_AT: u32 = 51;
export const BATCH_BASE_SEQUENCE_AT: u32 = 53;
export const BATCH_RECORDS_COUNT_AT: u32 = 57;
export const BATCH_HEADER_SIZE: u32 = 61;
/** Bytes before `batchLength` starts to count. */
export const BATCH_LENGTH_OVERHEAD: u32 = 12;
export const BATCH_MAGIC: i32 = 2;

export const ATTRIBUTE_CODEC_MASK: u32 = 0x07;
export const ATTRIBUTE_LOG_APPEND_TIME: u32 = 0x08;
export const ATTRIBUTE_TRANSACTIONAL: u32 = 0x10;
export const ATTRIBUTE_CONTROL: u32 = 0x20;
export const ATTRIBUTE_DELETE_HORIZON: u32 = 0x40;

export const CODEC_NONE: u32 = 0;
export const CODEC_GZIP: u32 = 1;
export const CODEC_SNAPPY: u32 = 2;
export const CODEC_LZ4: u32 = 3;
export const CODEC_ZSTD: u32 = 4;

/** Contract C1: more records than this in one batch are refused. */
export const BATCH_RECORDS_MAX: u32 = 131072;

/** Tables of the CRC-32C (slicing and folding), filled once per memory by `initCrc32c`. */
export const CRC_TABLES_SIZE: u32 = 16512;

/**
 * One entry of the record table that `walkRecords` fills (design section 4); little-endian, `_AT` relative to the
 * entry, the positions in it relative to the first byte of the records.
 *
 *   at size field
 *    0    8 timestampDelta  f64, ms after baseTimestamp
 *    8    4 offsetDelta     u32
 *   12    4 position        u32, of the record's length varint
 *   16    4 size            u32, of the whole record, varint included
 *   20    4 keyAt           u32
 *   24    4 keySize         i32, -1: null
 *   28    4 valueAt         u32
 *   32    4 valueSize       i32, -1: null
 *   36    4 headersAt       u32, of the first header (after the count)
 *   40    4 headerCount     u32
 *   44    4 keyHash         u32, murmur2 as Kafka's partitioner computes it; 0 for a null key, or if not asked for
 *   48    8 x names         {u32 valueAt, i32 valueSize} per named header, the last one if a record has several;
 *                           valueSize -2: the header is absent, -1: null
 */
export const RECORD_TIMESTAMP_DELTA_AT: u32 = 0;
export const RECORD_OFFSET_DELTA_AT: u32 = 8;
export const RECORD_POSITION_AT: u32 = 12;
export const RECORD_SIZE_AT: u32 = 16;
export const RECORD_KEY_AT: u32 = 20;
export const RECORD_KEY_SIZE_AT: u32 = 24;
export const RECORD_VALUE_AT: u32 = 28;
export const RECORD_VALUE_SIZE_AT: u32 = 32;
export const RECORD_HEADERS_AT: u32 = 36;
export const RECORD_HEADER_COUNT_AT: u32 = 40;
export const RECORD_KEY_HASH_AT: u32 = 44;
export const RECORD_ENTRY_SIZE: u32 = 48;
export const RECORD_NAMED_HEADER_SIZE: u32 = 8;
export const SIZE_NULL: i32 = -1;
export const SIZE_ABSENT: i32 = -2;

/** Bits of `walkRecords`'s flags. */
/** Fill in keyHash. */
export const WALK_KEY_HASH: u32 = 1;

/**
 * One entry of the table from which `encodeRecords` encodes a record; little-endian. `end` is the core's answer.
 *
 *   at size field
 *    0    8 timestampDelta  f64, ms after baseTimestamp
 *    8    4 keyAt           u32, address
 *   12    4 keySize         i32, -1: null
 *   16    4 valueAt         u32, address
 *   20    4 valueSize       i32, -1: null
 *   24    4 headersAt       u32, address of the encoded headers
 *   28    4 headersSize     u32, bytes of all of them
 *   32    4 headerCount     u32
 *   36    4 end             u32, bytes written up to and with this record
 */
export const ENCODE_TIMESTAMP_DELTA_AT: u32 = 0;
export const ENCODE_KEY_AT: u32 = 8;
export const ENCODE_KEY_SIZE_AT: u32 = 12;
export const ENCODE_VALUE_AT: u32 = 16;
export const ENCODE_VALUE_SIZE_AT: u32 = 20;
export const ENCODE_HEADERS_AT: u32 = 24;
export const ENCODE_HEADERS_SIZE_AT: u32 = 28;
export const ENCODE_HEADER_COUNT_AT: u32 = 32;
export const ENCODE_END_AT: u32 = 36;
export const ENCODE_ENTRY_SIZE: u32 = 40;

/**
 * One entry of the batch table that `scanBatches` fills; little-endian.
 *
 *   at size field
 *    0    8 baseOffset       f64
 *    8    8 maxTimestamp     f64, Unix ms
 *   16    8 producerId       i64
 *   24    4 position         u32, relative to the first byte scanned
 *   28    4 size             u32, of the whole batch
 *   32    4 lastOffsetDelta  u32
 *   36    4 recordsCount     u32
 *   40    4 leaderEpoch      i32
 *   44    4 attributes       u32
 *   48    4 baseSequence     i32
 *   52    4 producerEpoch    i32
 */
export const SCAN_BASE_OFFSET_AT: u32 = 0;
export const SCAN_MAX_TIMESTAMP_AT: u32 = 8;
export const SCAN_PRODUCER_ID_AT: u32 = 16;
export const SCAN_POSITION_AT: u32 = 24;
export const SCAN_SIZE_AT: u32 = 28;
export const SCAN_LAST_OFFSET_DELTA_AT: u32 = 32;
export const SCAN_RECORDS_COUNT_AT: u32 = 36;
export const SCAN_LEADER_EPOCH_AT: u32 = 40;
export const SCAN_ATTRIBUTES_AT: u32 = 44;
export const SCAN_BASE_SEQUENCE_AT: u32 = 48;
export const SCAN_PRODUCER_EPOCH_AT: u32 = 52;
export const SCAN_ENTRY_SIZE: u32 = 56;

/** Bits of `scanBatches`'s flags. */
/** Offsets may be missing between batches (a compacted or imported log). */
export const SCAN_GAPS: u32 = 1;
/** Compute every batch's CRC; without it that is the host's work. */
export const SCAN_CRC: u32 = 2;

/**
 * Where and why `scanBatches` stopped; little-endian.
 *
 *   at size field
 *    0    8 nextOffset  f64, offset after the last batch found; the expected one if none was
 *    8    4 position    u32, of the first byte that is not part of a batch found
 *   12    4 stop        i32, STOP_*, or the ERR_* of the batch at `position`
 *   16    4 sizeNeeded  u32, STOP_TRUNCATED: bytes from `position` on without which it cannot be judged
 */
export const SCAN_RESULT_NEXT_OFFSET_AT: u32 = 0;
export const SCAN_RESULT_POSITION_AT: u32 = 8;
export const SCAN_RESULT_STOP_AT: u32 = 12;
export const SCAN_RESULT_SIZE_NEEDED_AT: u32 = 16;
export const SCAN_RESULT_SIZE: u32 = 24;

/** Every byte was scanned. */
export const STOP_END: i32 = 0;
/** A zero length: nothing was written from here on (contract B7). */
export const STOP_ZEROS: i32 = 1;
/** The batch table is full. */
export const STOP_FULL: i32 = 2;
/** A batch goes on after the last byte: scan again with more, or, at the end of the file, it is torn. */
export const STOP_TRUNCATED: i32 = 3;

/** A slot of the dense offset index (contract B2): u32, position in the segment of the batch that holds the offset. */
export const SLOT_SIZE: u32 = 4;

/** Bits of `checkBatch`'s rules. */
/** The batch comes from an import or a leader: gaps, control batches and empty batches are accepted. */
export const RULE_REPLICATED: u32 = 1;
/** Records without a key are refused (a compacted topic). */
export const RULE_KEY_REQUIRED: u32 = 2;
/** The transactional bit is accepted. */
export const RULE_TRANSACTIONAL: u32 = 4;

/** Result codes: negative values of exported functions. The host maps them to `BrokerError`. */
export const ERR_TRUNCATED: i32 = -1;
export const ERR_LENGTH: i32 = -2;
export const ERR_MAGIC: i32 = -3;
export const ERR_CRC: i32 = -4;
export const ERR_ATTRIBUTES: i32 = -5;
export const ERR_COUNT: i32 = -6;
export const ERR_TOO_MANY_RECORDS: i32 = -7;
export const ERR_CONTROL: i32 = -8;
export const ERR_LOG_APPEND_TIME: i32 = -9;
export const ERR_PRODUCER: i32 = -10;
export const ERR_TRANSACTIONAL: i32 = -11;
export const ERR_RECORD: i32 = -12;
export const ERR_KEY_MISSING: i32 = -13;
export const ERR_TIMESTAMP_AHEAD: i32 = -14;
export const ERR_MAX_TIMESTAMP: i32 = -15;
export const ERR_CODEC: i32 = -16;
/** A base offset below 0, or a last offset that is no safe integer. */
export const ERR_OFFSET_RANGE: i32 = -17;
export const ERR_TOO_LARGE: i32 = -18;
/** The base offset is not the one that must follow. */
export const ERR_OFFSET_ORDER: i32 = -19;
/** Encoded, it would not fit. */
export const ERR_FULL: i32 = -20;
/** No record is that late. */
export const ERR_NOT_FOUND: i32 = -21;
