/** What users may set, checked once where it comes in. */
import { BrokerError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { PORT_DEFAULT } from "../protocol/endpoint.ts";
import type { ServerAddress } from "./transport.ts";

/** Kafka's metadata.max.age.ms. */
export const METADATA_MAX_AGE_MS = 300_000;

export interface ConnectOptions {
  /** "host:port", "host" or "[IPv6]:port". Default "127.0.0.1:4500". */
  readonly server?: string;
  /** Shown in the broker's logs and stats. Default "cambium-client". */
  readonly clientId?: string;
  /** Ends the attempt to connect and, later, everything this client does. */
  readonly signal?: AbortSignal;
  /** ms that one attempt to connect may take, and `connect` as a whole. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** ms that a request waits for a connection, and then for its answer. Default 30,000. */
  readonly requestTimeoutMs?: number;
  /** ms of silence after which the broker is asked for a sign of life; after as many more the connection is given up. Default 10,000. */
  readonly heartbeatMs?: number;
  /** ms before the first attempt to connect again; doubled each time, with jitter. Default 50. */
  readonly reconnectMinMs?: number;
  /** The longest of these pauses, ms. Default 2,000. */
  readonly reconnectMaxMs?: number;
}

export type ConnectSettings = Required<Omit<ConnectOptions, "server" | "signal">> & {
  readonly server: ServerAddress;
};

const NAMES: OptionNames<ConnectOptions> = {
  server: true,
  clientId: true,
  signal: true,
  connectTimeoutMs: true,
  requestTimeoutMs: true,
  heartbeatMs: true,
  reconnectMinMs: true,
  reconnectMaxMs: true,
};

/** @throws BrokerError INVALID_OPTION */
export function connectSettings(options: ConnectOptions): ConnectSettings {
  knownOptions("connect", options, NAMES);
  signalOption("signal", options.signal);
  const settings = {
    server: parseServer(textOption("server", options.server ?? "127.0.0.1")),
    clientId: textOption("clientId", options.clientId ?? "cambium-client"),
    connectTimeoutMs: integerOption("connectTimeoutMs", options.connectTimeoutMs ?? 10_000, 1),
    requestTimeoutMs: integerOption("requestTimeoutMs", options.requestTimeoutMs ?? 30_000, 1),
    heartbeatMs: integerOption("heartbeatMs", options.heartbeatMs ?? 10_000, 1),
    reconnectMinMs: integerOption("reconnectMinMs", options.reconnectMinMs ?? 50, 1),
    reconnectMaxMs: integerOption("reconnectMaxMs", options.reconnectMaxMs ?? 2000, 1),
  };
  requireOption(settings.reconnectMinMs <= settings.reconnectMaxMs, "reconnectMinMs is above reconnectMaxMs");
  return settings;
}

/** Every name of the options, so that none is missing. */
export type OptionNames<Options> = Readonly<Record<keyof Options, true>>;

/** @throws BrokerError INVALID_OPTION  one of the options has a name that is not among these */
export function knownOptions<Options extends object>(of: string, options: Options, names: OptionNames<Options>): void {
  requireOption(typeof options === "object" && options !== null, `the options of ${of} are an object`);
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(names, name)) continue;
    const meant = nearest(name, Object.keys(names));
    throw new BrokerError(
      "INVALID_OPTION",
      `${of} has no option ${name}${meant === null ? "" : `; the nearest is ${meant}`}`,
      { details: { option: name, ...(meant !== null && { nearest: meant }) } },
    );
  }
}

/** @throws BrokerError INVALID_OPTION */
export function requireOption(condition: boolean, message: string): asserts condition {
  if (!condition) throw new BrokerError("INVALID_OPTION", message);
}

/** @throws BrokerError INVALID_OPTION */
export function integerOption(
  name: string,
  value: number,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  const inRange = Number.isSafeInteger(value) && value >= minimum && value <= maximum;
  const range = maximum === Number.MAX_SAFE_INTEGER ? `at least ${minimum}` : `from ${minimum} to ${maximum}`;
  requireOption(inRange, `${name} is a whole number, ${range}, not ${String(value)}`);
  return value;
}

/** @throws BrokerError INVALID_OPTION */
export function textOption(name: string, value: string): string {
  requireOption(typeof value === "string", `${name} is text, not ${typeof value}`);
  return value;
}

/** @throws BrokerError INVALID_OPTION */
export function functionOption<Callback>(name: string, value: Callback | undefined): Callback | null {
  requireOption(value === undefined || typeof value === "function", `${name} is a function, not ${typeof value}`);
  return value ?? null;
}

/** @throws BrokerError INVALID_OPTION */
export function signalOption(name: string, value: AbortSignal | undefined): void {
  requireOption(value === undefined || value instanceof AbortSignal, `${name} is an AbortSignal`);
}

/** @throws BrokerError INVALID_OPTION */
export function choiceOption<Choice extends string | number>(
  name: string,
  value: Choice,
  choices: readonly Choice[],
): Choice {
  requireOption(choices.includes(value), `${name} is one of ${choices.join(", ")}, not ${String(value)}`);
  return value;
}

function parseServer(server: string): ServerAddress {
  const parts = /^(?:\[([\da-fA-F:.%\w]+)\]|([^\s:/[\]]+))(?::(\d{1,5}))?$/.exec(server);
  const port = Number(parts?.[3] ?? PORT_DEFAULT);
  requireOption(parts !== null && port >= 1 && port <= 65535, `server is "host:port", not "${server}"`);
  return { host: (parts[1] ?? parts[2])!, port };
}
