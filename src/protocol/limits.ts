import { KIB, MIB } from "../base/units.ts";

/** The highest version of the protocol that this code speaks. */
export const PROTOCOL_VERSION = 1;

/** Bytes of the largest batch that one Produce frame carries; larger ones travel in parts. */
export const BATCH_BYTES_INLINE_MAX = 1 * MIB;

/** What a batch that is not acknowledged counts against the window besides its bytes: it takes memory however small it is. */
export const BATCH_WINDOW_OVERHEAD = 512;

/** Bytes of the largest frame to the broker: the largest inline batch, its envelope, and room for envelopes to grow. */
export const REQUEST_BYTES_MAX = BATCH_BYTES_INLINE_MAX + 4 * KIB;

/** Bytes of the largest frame to a client. Slices are far smaller; a description of ten thousand topics is not. */
export const ANSWER_BYTES_MAX = 16 * MIB;

/** Bytes of log in one Data frame. */
export const SLICE_BYTES_MAX = 256 * KIB;
