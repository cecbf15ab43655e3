/**
 * CRC-32C (Castagnoli; reflected polynomial 0x82f63b78), in two ways that share one memory area of CRC_TABLES_SIZE bytes:
 *
 *      at size           meaning
 *       0 16 x 256 x u32 slicing-by-16: table n holds, per byte, the register after that byte and n zero bytes
 *   16384 4 x 2 x 16 B   folding: per distance of 2, 4, 6, 8 rows, per nibble (low, high), a byte to add there
 *
 * Short input goes through the slicing tables. Long input is folded first, 16 bytes at a time. Take it as rows of
 * 16 bytes. A checksum is linear, so a byte of one row may be taken out if bytes with the same effect are added (xor) to
 * later rows of its column. Rows 2, 4, 6 and 8 further on can stand for any byte: their 32 bits, seen from the end of the
 * message, are a basis of the 32-bit register (rows 1 to 4 are not, and one byte would have no equivalent). What to add
 * depends on the byte alone, nibble by nibble: two lookups among 16 bytes, which `i8x16.swizzle` does for a whole row.
 * After that 128 bytes are left in eight vectors, and they go through the slicing tables.
 *
 * docs/decisions/0001-crc32c.md has the figures.
 */
import { check } from "./check";
import { CRC_TABLES_SIZE } from "./layout";

const POLYNOMIAL: u32 = 0x82f63b78;
/** Bytes of one slicing table. */
const TABLE_SIZE: u32 = 1024;
const FOLD_TABLES_AT: u32 = 16 * TABLE_SIZE;
const ROW_SIZE: u32 = 16;
/** Two rows: every second row, of each of the two interleaved sequences of rows, is one step. */
const STEP_SIZE: u32 = 2 * ROW_SIZE;
const STEP_COUNT: u32 = 4;
const FOLDED_SIZE: u32 = STEP_COUNT * STEP_SIZE;
/** Below this the slicing tables alone are as fast. */
const FOLD_SIZE_MIN: u32 = 192;

/** @returns the register after `size` zero bytes */
function advance(register: u32, size: u32): u32 {
  for (let bits = size * 8; bits > 0; bits--) register = (register >>> 1) ^ (POLYNOMIAL & -(register & 1));
  return register;
}

function fillSlicingTables(tables: usize): void {
  for (let byte: u32 = 0; byte < 256; byte++) {
    let register = byte;
    for (let table: u32 = 0; table < 16; table++) {
      register = advance(register, 1);
      store<u32>(tables + table * TABLE_SIZE + byte * 4, register);
    }
  }
}

/**
 * Solves "byte, four steps before the end = sum of a byte 3, 2, 1 and 0 steps before the end" by Gauss-Jordan elimination.
 *
 * @param scratch 256 bytes: per bit of the register {u32 sum, u32 terms}; `terms` names by its bits the bits of the four
 *                bytes whose effects make up `sum`
 */
function fillFoldTables(tables: usize, scratch: usize): void {
  for (let bit: u32 = 0; bit < 32; bit++) {
    const step = bit >>> 3;
    store<u32>(scratch + bit * 8, advance(1 << (bit & 7), (STEP_COUNT - 1 - step) * STEP_SIZE));
    store<u32>(scratch + bit * 8, 1 << bit, 4);
  }
  for (let bit: u32 = 0; bit < 32; bit++) {
    let pivot = bit;
    while (((load<u32>(scratch + pivot * 8) >>> bit) & 1) === 0) pivot++;
    const pivotRow = load<u64>(scratch + pivot * 8);
    store<u64>(scratch + pivot * 8, load<u64>(scratch + bit * 8));
    store<u64>(scratch + bit * 8, pivotRow);
    for (let other: u32 = 0; other < 32; other++) {
      const at = scratch + other * 8;
      if (other !== bit && ((load<u32>(at) >>> bit) & 1) !== 0) store<u64>(at, load<u64>(at) ^ pivotRow);
    }
  }
  for (let nibble: u32 = 0; nibble < 32; nibble++) {
    const isHigh = nibble >>> 4;
    const effect = advance((nibble & 15) << (4 * isHigh), STEP_COUNT * STEP_SIZE);
    let terms: u32 = 0;
    for (let bit: u32 = 0; bit < 32; bit++) {
      if (((effect >>> bit) & 1) !== 0) terms ^= load<u32>(scratch + bit * 8, 4);
    }
    for (let step: u32 = 0; step < STEP_COUNT; step++) {
      store<u8>(tables + FOLD_TABLES_AT + step * STEP_SIZE + nibble, <u8>(terms >>> (8 * step)));
    }
  }
}

/**
 * Fills the tables. Once per memory, before any thread computes a checksum; again, it writes other bytes for a moment.
 *
 * @param tables CRC_TABLES_SIZE bytes
 */
export function initCrc32c(tables: usize): void {
  check(CRC_TABLES_SIZE === FOLD_TABLES_AT + FOLDED_SIZE);
  fillFoldTables(tables, tables);
  fillSlicingTables(tables);
}

/** @returns the register after the four bytes of `word` and as many zero bytes as there are tables before `tables` */
function slice(tables: usize, word: u32): u32 {
  return (
    load<u32>(tables + ((word << 2) & 0x3fc), 3 * TABLE_SIZE) ^
    load<u32>(tables + ((word >>> 6) & 0x3fc), 2 * TABLE_SIZE) ^
    load<u32>(tables + ((word >>> 14) & 0x3fc), TABLE_SIZE) ^
    load<u32>(tables + ((word >>> 22) & 0x3fc))
  );
}

function sliceRow(tables: usize, register: u32, row: v128): u32 {
  return (
    slice(tables + 8 * TABLE_SIZE, i32x4.extract_lane(row, 1)) ^
    slice(tables + 4 * TABLE_SIZE, i32x4.extract_lane(row, 2)) ^
    slice(tables, i32x4.extract_lane(row, 3)) ^
    slice(tables + 12 * TABLE_SIZE, register ^ i32x4.extract_lane(row, 0))
  );
}

function sliceBytes(tables: usize, register: u32, address: usize, size: u32): u32 {
  for (; size >= 16; address += 16, size -= 16) {
    register =
      slice(tables + 8 * TABLE_SIZE, load<u32>(address, 4)) ^
      slice(tables + 4 * TABLE_SIZE, load<u32>(address, 8)) ^
      slice(tables, load<u32>(address, 12)) ^
      slice(tables + 12 * TABLE_SIZE, register ^ load<u32>(address));
  }
  for (; size >= 4; address += 4, size -= 4) {
    register = slice(tables, register ^ load<u32>(address));
  }
  for (; size > 0; address++, size--) {
    register = (register >>> 8) ^ load<u32>(tables + (((register ^ load<u8>(address)) & 0xff) << 2));
  }
  return register;
}

/** What a row's bytes, split into nibbles, add to one later row. */
function lookup(lows: v128, highs: v128, lowTable: v128, highTable: v128): v128 {
  return v128.xor(i8x16.swizzle(lowTable, lows), i8x16.swizzle(highTable, highs));
}

/**
 * Folds whole steps and slices the rest.
 *
 * @param size at least FOLDED_SIZE
 */
function foldBytes(tables: usize, register: u32, address: usize, size: u32): u32 {
  const fold = tables + FOLD_TABLES_AT;
  const low1 = v128.load(fold, 0);
  const high1 = v128.load(fold, 16);
  const low2 = v128.load(fold, 32);
  const high2 = v128.load(fold, 48);
  const low3 = v128.load(fold, 64);
  const high3 = v128.load(fold, 80);
  const low4 = v128.load(fold, 96);
  const high4 = v128.load(fold, 112);
  const nibble = i8x16.splat(0x0f);

  let row0 = v128.xor(v128.load(address), i32x4.replace_lane(i32x4.splat(0), 0, register));
  let row1 = v128.load(address, 16);
  let row2 = v128.load(address, 32);
  let row3 = v128.load(address, 48);
  let row4 = v128.load(address, 64);
  let row5 = v128.load(address, 80);
  let row6 = v128.load(address, 96);
  let row7 = v128.load(address, 112);
  address += FOLDED_SIZE;
  size -= FOLDED_SIZE;

  while (size >= STEP_SIZE) {
    const lows0 = v128.and(row0, nibble);
    const highs0 = v128.and(i16x8.shr_u(row0, 4), nibble);
    const lows1 = v128.and(row1, nibble);
    const highs1 = v128.and(i16x8.shr_u(row1, 4), nibble);
    row0 = v128.xor(row2, lookup(lows0, highs0, low1, high1));
    row1 = v128.xor(row3, lookup(lows1, highs1, low1, high1));
    row2 = v128.xor(row4, lookup(lows0, highs0, low2, high2));
    row3 = v128.xor(row5, lookup(lows1, highs1, low2, high2));
    row4 = v128.xor(row6, lookup(lows0, highs0, low3, high3));
    row5 = v128.xor(row7, lookup(lows1, highs1, low3, high3));
    row6 = v128.xor(v128.load(address), lookup(lows0, highs0, low4, high4));
    row7 = v128.xor(v128.load(address, 16), lookup(lows1, highs1, low4, high4));
    address += STEP_SIZE;
    size -= STEP_SIZE;
  }

  register = sliceRow(tables, 0, row0);
  register = sliceRow(tables, register, row1);
  register = sliceRow(tables, register, row2);
  register = sliceRow(tables, register, row3);
  register = sliceRow(tables, register, row4);
  register = sliceRow(tables, register, row5);
  register = sliceRow(tables, register, row6);
  register = sliceRow(tables, register, row7);
  return sliceBytes(tables, register, address, size);
}

/**
 * CRC-32C of `size` bytes; of "123456789" it is 0xe3069283.
 *
 * @param tables as filled by `initCrc32c`
 * @param seed   0, or the checksum of the bytes before these: crc32c(crc32c(0, a), b) = crc32c(0, a + b)
 */
export function crc32c(tables: usize, seed: u32, address: usize, size: u32): u32 {
  return size < FOLD_SIZE_MIN ? ~sliceBytes(tables, ~seed, address, size) : ~foldBytes(tables, ~seed, address, size);
}
