/** `cambium start`: a broker until the process is asked to end. */
import { isLoopback } from "../base/loopback.ts";
import type { Invocation } from "./command-definition.ts";
import { UsageError } from "./command-error.ts";
import { EXIT_OK, type ExitCode } from "./failure.ts";
import { logger } from "./logger.ts";
import type { Settings } from "./settings-schema.ts";
import type { BrokerOptions, LogSink } from "./world.ts";

export async function start({ world, output, settings, origins }: Invocation): Promise<ExitCode> {
  refuseOpenDoor(settings);
  const format = output.json && origins.logFormat === "default" ? "json" : settings.logFormat;
  const log = logger(settings.logLevel, format, (line) => output.error(line));
  const broker = await world.startBroker(brokerOptions(settings, origins, log));
  const { host, port, data, incarnation } = broker;
  const readyMs = Math.round(world.uptimeMs());
  const where = settings.data === "memory" ? `records in memory, topics' names in ${data}` : `data in ${data}`;
  output.result(
    { ready: true, host, port, data, incarnation, pid: process.pid, version: world.version, readyMs },
    `cambium ${world.version} is ready on ${host}:${port}, ${where}, pid ${process.pid}, incarnation ${incarnation}, after ${readyMs} ms`,
  );
  await aborted(world.stop.signal);
  log("info", "shutting down", { reason: String(world.stop.signal.reason) });
  await broker.close();
  log("info", "stopped");
  return EXIT_OK;
}

function brokerOptions(settings: Settings, origins: Invocation["origins"], log: LogSink): BrokerOptions {
  const { data, host, insecureNoAuth, port, connectionsMax, partitionsMax, poolBytes, tailBytes, journal, logWorkers } =
    settings;
  return {
    ...{ data, host, insecureNoAuth, port, partitionsMax, poolBytes, tailBytes, journal, log },
    // Where nobody asked for a number, it may be what files suffice for.
    ...(origins.connectionsMax !== "default" && { connectionsMax }),
    ...(logWorkers !== null && { logWorkers }),
  };
}

/** Nobody has to log in yet, so other machines are let in only by a word of the operator's. */
function refuseOpenDoor({ host, insecureNoAuth }: Settings): void {
  if (insecureNoAuth || isLoopback(host)) return;
  throw new UsageError(
    `host ${host} is not loopback: it may be reached from other machines, and nobody has to log in: anyone there could read, write and delete. ` +
      "Listen on 127.0.0.1, or say --insecure-no-auth if the network is closed",
  );
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
