/** A stream of bytes as lines, without copies: a line is a view that is valid until the next one is asked for. */
import { BrokerError } from "../base/errors.ts";

const NEWLINE = 10;

/**
 * The newline is not part of a line; a last one without it is a line, too.
 *
 * @param lineBytesMax longer ones end the reading, so that memory is bounded whatever comes
 * @throws BrokerError MESSAGE_TOO_LARGE
 */
export async function* lines(
  chunks: AsyncIterable<Uint8Array>,
  lineBytesMax: number,
): AsyncGenerator<readonly Uint8Array[], void> {
  let number = 0;
  let begun: Uint8Array[] = [];
  let begunSize = 0;
  for await (const chunk of chunks) {
    const whole: Uint8Array[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = chunk.subarray(start, end);
      number++;
      whole.push(begunSize === 0 ? line : Buffer.concat([...begun, line]));
      begun = [];
      begunSize = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      begun.push(chunk.subarray(start));
      begunSize += chunk.length - start;
    }
    if (begunSize > lineBytesMax) {
      throw new BrokerError("MESSAGE_TOO_LARGE", `line ${number + 1} is longer than ${lineBytesMax} bytes`);
    }
    if (whole.length > 0) yield whole;
  }
  if (begunSize > 0) yield [Buffer.concat(begun)];
}
