/** `cambium start`: a broker until the process is asked to end. */
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
  const broker = await world.startBroker(brokerOptions(settings, log));
  const { host, port, data, incarnation } = broker;
  const readyMs = Math.round(world.uptimeMs());
  output.result(
    { ready: true, host, port, data, incarnation, pid: process.pid, version: world.version, readyMs },
    `cambium ${world.version} is ready on ${host}:${port}, data in ${data}, pid ${process.pid}, incarnation ${incarnation}, after ${readyMs} ms`,
  );
  await aborted(world.stop.signal);
  log("info", "shutting down", { reason: String(world.stop.signal.reason) });
  await broker.close();
  return EXIT_OK;
}

function brokerOptions(settings: Settings, log: LogSink): BrokerOptions {
  const { data, host, port, connectionsMax, partitionsMax, poolBytes, tailBytes, logWorkers } = settings;
  const options = { data, host, port, connectionsMax, partitionsMax, poolBytes, tailBytes, log };
  return logWorkers === null ? options : { ...options, logWorkers };
}

/** Nobody has to log in yet, so other machines are let in only by a word of the operator's. */
function refuseOpenDoor({ host, insecureNoAuth }: Settings): void {
  if (insecureNoAuth || isLoopback(host)) return;
  throw new UsageError(
    `host ${host} can be reached from other machines, and nobody has to log in: anyone there could read, write and delete. ` +
      "Listen on 127.0.0.1, or say --insecure-no-auth if the network is closed",
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
