/** The machine's monotonic clock, which all its processes share: what one stamps, another subtracts. */

const TRIES = 20;

/** The two clocks cannot be read at once; of some tries, the one with the least between them. */
function originOf(): number {
  let originNs = Number.NEGATIVE_INFINITY;
  for (let count = 0; count < TRIES; count++)
    originNs = Math.max(originNs, Number(process.hrtime.bigint()) - performance.now() * 1e6);
  return originNs;
}

const originNs = originOf();

/** @returns ns since the machine began, exact to some ten ns while it is up for less than 104 days */
export function monotonicNs(): number {
  return originNs + performance.now() * 1e6;
}
