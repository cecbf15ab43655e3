/** The fields of a batch header: big-endian, at any alignment. */

export function loadI16(address: usize): i32 {
  return <i32>bswap<i16>(load<i16>(address));
}

export function loadI32(address: usize): i32 {
  return bswap<i32>(load<i32>(address));
}

export function loadI64(address: usize): i64 {
  return bswap<i64>(load<i64>(address));
}

export function storeI16(address: usize, value: i32): void {
  store<i16>(address, bswap<i16>(<i16>value));
}

export function storeI32(address: usize, value: i32): void {
  store<i32>(address, bswap<i32>(value));
}

export function storeI64(address: usize, value: i64): void {
  store<i64>(address, bswap<i64>(value));
}
