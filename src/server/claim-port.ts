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
 * @throws BrokerError INVALID_OPTION  this process may not listen there, or there is no such address
 */
export function claimPort(host: string, port: number): Promise<number> {
  const probe = createServer();
  return new Promise((resolve, reject) => {
    probe.once("error", (error: NodeJS.ErrnoException) => reject(cannotListen(host, port, error)));
    probe.listen({ host, port, exclusive: true }, () => {
      const claimed = (probe.address() as AddressInfo).port;
      probe.close(() => resolve(claimed));
    });
  });
}

export function addressInUse(host: string, port: number): BrokerError {
  return new BrokerError(
    "ADDRESS_IN_USE",
    `cannot listen on ${host}:${port}; another process is using the port (0 takes a free one)`,
  );
}

function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): BrokerError {
  if (cause.code === "EADDRINUSE") return addressInUse(host, port);
  const why = cause.code === "EACCES" ? "this process may not use the port" : cause.message;
  return new BrokerError("INVALID_OPTION", `cannot listen on ${host}:${port}: ${why}`, { cause });
}
