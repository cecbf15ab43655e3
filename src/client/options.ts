/** What users may set, checked once where it comes in. */
import type { BrokerError } from "../base/errors.ts";
import {
  functionOption,
  integerOption,
  knownOptions,
  type OptionNames,
  requireOption,
  signalOption,
  TIMER_MS_MAX,
  textOption,
} from "../base/options.ts";
import { PORT_DEFAULT } from "../protocol/endpoint.ts";
import type { ServerAddress } from "./transport.ts";

/** Kafka's metadata.max.age.ms. */
export const METADATA_MAX_AGE_MS = 30_000;

/** Every line of the broker's log that is about a client shows its id. */
const CLIENT_ID_LENGTH_MAX = 1000;

export interface ConnectOptions {
  /** "host:port", "host" or "[IPv6]:port". Default "127.0.0.1:4500". */
  readonly server?: string;
  /** Shown in the broker's logs and stats; at most 1,000 characters. Default "cambium-client". */
  readonly clientId?: string;
  /** Ends the attempt to connect, with its reason; later the client, whose calls then fail with CLOSED and that reason as `cause`. */
  readonly signal?: AbortSignal;
  /** ms that one attempt to connect may take, and `connect` as a whole. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /**
   * ms that a request waits for a connection, and then for its answer: never less, and up to half a second more. `waitMs` of
   * a fetch comes on top. Default 30,000.
   */
  readonly requestTimeoutMs?: number;
  /**
   * ms of silence after which the broker is asked for a sign of life; when as many more have passed without one, the connection
   * is given up. It is looked after four times a second, so less than 250 is as 250. Default 10,000.
   */
  readonly heartbeatMs?: number;
  /** ms before the first attempt to connect again; doubled each time, with jitter. Default 50. */
  readonly reconnectMinMs?: number;
  /** The longest of these pauses, ms. Default 2,000. */
  readonly reconnectMaxMs?: number;
  /** A connection was lost, and another one is tried. Told for each connection: each producer and consumer has its own. */
  readonly onConnectionLost?: (error: BrokerError) => void;
  /** There is another connection. */
  readonly onConnectionRestored?: () => void;
}

export type ConnectSettings = Required<Omit<ConnectOptions, "server" | "signal">> & {
  readonly server: ServerAddress;
};

const ignore = (): void => {};

const NAMES: OptionNames<ConnectOptions> = {
  server: true,
  clientId: true,
  signal: true,
  connectTimeoutMs: true,
  requestTimeoutMs: true,
  heartbeatMs: true,
  reconnectMinMs: true,
  reconnectMaxMs: true,
  onConnectionLost: true,
  onConnectionRestored: true,
};

/** @throws BrokerError INVALID_OPTION */
export function connectSettings(options: ConnectOptions): ConnectSettings {
  knownOptions("connect", options, NAMES);
  signalOption("signal", options.signal);
  const settings = {
    server: parseServer(textOption("server", options.server ?? "127.0.0.1")),
    clientId: textOption("clientId", options.clientId ?? "cambium-client"),
    connectTimeoutMs: integerOption("connectTimeoutMs", options.connectTimeoutMs ?? 10_000, 1, TIMER_MS_MAX),
    requestTimeoutMs: integerOption("requestTimeoutMs", options.requestTimeoutMs ?? 30_000, 1, TIMER_MS_MAX),
    heartbeatMs: integerOption("heartbeatMs", options.heartbeatMs ?? 10_000, 1, TIMER_MS_MAX),
    reconnectMinMs: integerOption("reconnectMinMs", options.reconnectMinMs ?? 50, 1, TIMER_MS_MAX),
    reconnectMaxMs: integerOption("reconnectMaxMs", options.reconnectMaxMs ?? 2000, 1, TIMER_MS_MAX),
    onConnectionLost: functionOption("onConnectionLost", options.onConnectionLost) ?? ignore,
    onConnectionRestored: functionOption("onConnectionRestored", options.onConnectionRestored) ?? ignore,
  };
  const idLength = settings.clientId.length;
  requireOption(
    idLength <= CLIENT_ID_LENGTH_MAX,
    `clientId has at most ${CLIENT_ID_LENGTH_MAX} characters, not ${idLength}`,
  );
  requireOption(settings.reconnectMinMs <= settings.reconnectMaxMs, "reconnectMinMs is above reconnectMaxMs");
  return settings;
}

function parseServer(server: string): ServerAddress {
  const parts = /^(?:\[([\da-fA-F:.%\w]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(server);
  const port = Number(parts?.[3] ?? PORT_DEFAULT);
  const host = parts?.[1] ?? parts?.[2];
  // A number alone was meant as the port; the system would take it for an IPv4 address, 4500 for 0.0.17.148.
  const isServer = host !== undefined && !/^\d+$/.test(host) && port >= 1 && port <= 65535;
  requireOption(isServer, `server is "host:port", not "${server}"`);
  return { host, port };
}
