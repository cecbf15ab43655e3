/** Who a connection belongs to. Every connection has a principal, also where nobody has to say who they are. */
import { BrokerError } from "../base/errors.ts";

export interface Principal {
  readonly name: string;
}

const anonymous: Principal = { name: "anonymous" };

/**
 * Decides who is on the other end.
 *
 * @param mechanism how the credentials are to be read; "": none are given
 * @throws BrokerError AUTHENTICATION_FAILED
 */
export function authenticate(mechanism: string, credentials: Uint8Array): Principal {
  if (mechanism === "" && credentials.length === 0) return anonymous;
  throw new BrokerError(
    "AUTHENTICATION_FAILED",
    `the authentication mechanism "${mechanism}" is not known here; connect without credentials`,
  );
}
