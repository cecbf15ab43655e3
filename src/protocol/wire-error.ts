/** BrokerError on one side, the schema's Error on the other. */
import { BrokerError, errorNameOf } from "../base/errors.ts";
import type { Offset } from "../base/units.ts";
import type { Encodable } from "./field-codec.ts";
import type { Error as WireError } from "./generated/messages.ts";

/** The facts about a partition that travel with an error, by their names in BrokerError.details and in the schema. */
const offsets = ["nextOffset", "logStartOffset", "highWatermark", "lastStableOffset"] as const;

export type ErrorBody = Encodable<WireError>;

/** @returns the body of an Error; of the details only the numbers that the schema has fields for */
export function errorBody(error: BrokerError): ErrorBody {
  // What does not fit is left out: to tell of an error must not be one.
  const detail = (name: string, maximum: number): number => {
    const value = error.details[name];
    return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= maximum ? value : -1;
  };
  const offset = (name: (typeof offsets)[number]) => detail(name, Number.MAX_SAFE_INTEGER) as Offset;
  return {
    code: error.wireCode,
    name: error.code,
    retriable: error.retriable,
    message: error.message,
    nextOffset: offset("nextOffset"),
    logStartOffset: offset("logStartOffset"),
    highWatermark: offset("highWatermark"),
    lastStableOffset: offset("lastStableOffset"),
    leaderEpoch: detail("leaderEpoch", 0x7fff_ffff),
  };
}

/** @returns the error as the broker had it; a newer one as UNKNOWN_SERVER_ERROR, its own code and name in the details */
export function brokerError(body: WireError): BrokerError {
  const code = errorNameOf(body.code);
  const details: Record<string, string | number> = {};
  for (const name of offsets) if (body[name] !== -1) details[name] = body[name];
  if (body.leaderEpoch !== -1) details["leaderEpoch"] = body.leaderEpoch;
  if (code !== body.name) Object.assign(details, { wireCode: body.code, wireName: body.name });
  return new BrokerError(code, body.message, { details });
}
