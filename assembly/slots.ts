/**
 * Points `count` slots of the dense offset index (contract B2) at one batch.
 *
 * @param address  of the first slot
 * @param count    offsets that the batch spans
 * @param position of the batch in its segment file
 */
export function fillSlots(address: usize, count: u32, position: u32): void {
  const four = i32x4.splat(position);
  while (count >= 4) {
    v128.store(address, four);
    address += 16;
    count -= 4;
  }
  while (count > 0) {
    store<u32>(address, position);
    address += 4;
    count--;
  }
}
