/** The connection of a command to its broker. */
import { type Client, type ConnectOptions, connect } from "../client/index.ts";
import type { Invocation } from "./command-definition.ts";
import { CommandError } from "./command-error.ts";
import type { Output } from "./output.ts";

/** ms after which whoever waits wonders why. */
export const PATIENCE_MS = 1000;

/**
 * Connects, runs, and closes the connection whatever comes of it. A signal ends the attempt to connect; behind it, ending is
 * the command's own business.
 *
 * @throws BrokerError INVALID_OPTION, CONNECTION_LOST, and what `run` throws
 */
export async function connected<Result>(
  { settings, world, output }: Pick<Invocation, "settings" | "world" | "output">,
  run: (client: Client) => Promise<Result>,
): Promise<Result> {
  const attempt = new AbortController();
  const giveUp = (): void => attempt.abort(new CommandError("INTERRUPTED", "a signal came before the connection"));
  if (world.stop.signal.aborted) giveUp();
  world.stop.signal.addEventListener("abort", giveUp);
  const patience = setTimeout(() => output.note(`waiting for a broker at ${settings.server}`), PATIENCE_MS);
  const client = await connect({
    server: settings.server,
    clientId: `cambium-cli ${world.version}`,
    connectTimeoutMs: settings.connectTimeout,
    requestTimeoutMs: settings.requestTimeout,
    signal: attempt.signal,
    ...connectionNews(output, settings.server),
  }).finally(() => clearTimeout(patience));
  world.stop.signal.removeEventListener("abort", giveUp);
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

/** A line when the broker is gone, and one when it is back: a command may have several connections. */
function connectionNews(
  output: Output,
  server: string,
): Pick<ConnectOptions, "onConnectionLost" | "onConnectionRestored"> {
  let isLost = false;
  return {
    onConnectionLost: ({ message }) => {
      if (!isLost)
        output.news(
          { connectionLost: { server, message } },
          `the connection to ${server} is lost (${message}); trying again`,
        );
      isLost = true;
    },
    onConnectionRestored: () => {
      if (isLost) output.news({ connected: { server } }, `connected to ${server} again`);
      isLost = false;
    },
  };
}
