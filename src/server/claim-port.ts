/**
 * Finds a port, and makes sure that nobody else listens on it.
 *
 * uWebSockets.js offers two ways to listen. By default a port may be shared (SO_REUSEPORT), and a second broker would take
 * half of the clients of the first. Exclusively, and on port 0, it sets no SO_REUSEADDR, and a broker that was killed could
 * not come back to its port until the connections that it left have timed out, a minute later. So Node, whose sockets are
 * exclusive and reuse addresses, asks for the port first; then the library listens on it by default. Two brokers that ask
 * for the same port within the same millisecond may still both get it.
 */
import { type AddressInfo, createServer } from "node:net";
import { BrokerError } from "../base/errors.ts";

/**
 * @param port 0: any free one
 * @returns the port
 * @throws BrokerError ADDRESS_IN_USE
 */
export function claimPort(host: string, port: number): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", (error) => reject(addressInUse(host, port, error)));
    probe.listen({ host, port, exclusive: true }, () => {
      const claimed = (probe.address() as AddressInfo).port;
      probe.close(() => resolve(claimed));
    });
  });
}

export function addressInUse(host: string, port: number, cause?: Error): BrokerError {
  const reason = cause === undefined ? "" : ` (${cause.message})`;
  return new BrokerError(
    "ADDRESS_IN_USE",
    `cannot listen on ${host}:${port}; another process may be using the port${reason}`,
  );
}
