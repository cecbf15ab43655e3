/**
 * Codecs of compressed batches. gzip is everywhere (CompressionStream); Node's own zlib is preferred where it is, since it
 * works beside the main thread, and it alone has zstd (Node from 22.15). Snappy and LZ4 are read by no runtime.
 */
import { BrokerError } from "../base/errors.ts";
import { CODEC_GZIP, CODEC_LZ4, CODEC_NONE, CODEC_SNAPPY, CODEC_ZSTD } from "../wasm/layout.ts";

export type Compression = "none" | "gzip" | "zstd";

export interface Compressor {
  /** CODEC_* */
  readonly codec: number;
  /** @param bytes must not change until the promise settles */
  readonly compress: (bytes: Uint8Array) => Promise<Uint8Array>;
}

const codecNames: Readonly<Record<number, string>> = {
  [CODEC_NONE]: "none",
  [CODEC_GZIP]: "gzip",
  [CODEC_SNAPPY]: "snappy",
  [CODEC_LZ4]: "lz4",
  [CODEC_ZSTD]: "zstd",
};

interface ZlibOptions {
  readonly maxOutputLength?: number;
}

type ZlibFunction = (
  bytes: Uint8Array,
  options: ZlibOptions,
  callback: (error: Error | null, result: Uint8Array) => void,
) => void;

/** What we use of Node's zlib. */
interface Zlib {
  readonly gzip: ZlibFunction;
  readonly gunzip: ZlibFunction;
  readonly zstdCompress?: ZlibFunction;
  readonly zstdDecompress?: ZlibFunction;
}

/** Not an import, which a bundler for browsers could not resolve. Node has it from 20.16 on. */
const zlib = globalThis.process?.getBuiltinModule?.("node:zlib") as Zlib | undefined;

/** @throws BrokerError UNSUPPORTED_COMPRESSION  this runtime does not have it */
export function compressorOf(compression: Compression): Compressor | null {
  if (compression === "none") return null;
  if (compression === "gzip") return { codec: CODEC_GZIP, compress: gzip };
  const zstd = zlib?.zstdCompress;
  if (zstd === undefined) throw unsupported(CODEC_ZSTD);
  return { codec: CODEC_ZSTD, compress: (bytes) => run(zstd, bytes, {}) };
}

/**
 * @param codec    CODEC_*
 * @param bytesMax more must not come out: a small batch could fill the memory
 * @throws BrokerError UNSUPPORTED_COMPRESSION  this runtime does not have the codec
 * @throws BrokerError CORRUPT_BATCH            the bytes are not what the codec makes
 * @throws BrokerError MESSAGE_TOO_LARGE        more than bytesMax
 */
export async function decompress(codec: number, bytes: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const decompressor = decompressorOf(codec);
  try {
    return await decompressor(bytes, bytesMax);
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    if ((error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(bytesMax);
    throw new BrokerError("CORRUPT_BATCH", `a batch's ${codecNames[codec]} cannot be decompressed`, { cause: error });
  }
}

function decompressorOf(codec: number): (bytes: Uint8Array, bytesMax: number) => Promise<Uint8Array> {
  const native = codec === CODEC_GZIP ? zlib?.gunzip : codec === CODEC_ZSTD ? zlib?.zstdDecompress : undefined;
  if (native !== undefined) return (bytes, maxOutputLength) => run(native, bytes, { maxOutputLength });
  if (codec === CODEC_GZIP) return (bytes, bytesMax) => pipe(bytes, new DecompressionStream("gzip"), bytesMax);
  throw unsupported(codec);
}

function gzip(bytes: Uint8Array): Promise<Uint8Array> {
  if (zlib !== undefined) return run(zlib.gzip, bytes, {});
  return pipe(bytes, new CompressionStream("gzip"), Number.POSITIVE_INFINITY);
}

function run(call: ZlibFunction, bytes: Uint8Array, options: ZlibOptions): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    call(bytes, options, (error, result) => (error === null ? resolve(result) : reject(error)));
  });
}

async function pipe(
  bytes: Uint8Array,
  stream: CompressionStream | DecompressionStream,
  bytesMax: number,
): Promise<Uint8Array> {
  const writer = stream.writable.getWriter();
  // What goes wrong is told by the readable side, too.
  writer.write(bytes as Uint8Array<ArrayBuffer>).catch(() => {});
  writer.close().catch(() => {});
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = stream.readable.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
    const piece = value as Uint8Array;
    size += piece.length;
    if (size > bytesMax) {
      await reader.cancel();
      throw tooLarge(bytesMax);
    }
    pieces.push(piece);
  }
  const result = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    result.set(piece, at);
    at += piece.length;
  }
  return result;
}

function unsupported(codec: number): BrokerError {
  const name = codecNames[codec] ?? `codec ${codec}`;
  const hint = name === "zstd" ? "; Node has it from 22.15 on" : "";
  return new BrokerError("UNSUPPORTED_COMPRESSION", `${name} is not available in this runtime${hint}`, {
    details: { codec },
  });
}

function tooLarge(bytesMax: number): BrokerError {
  return new BrokerError("MESSAGE_TOO_LARGE", `a batch has more than ${bytesMax} bytes, decompressed`);
}
