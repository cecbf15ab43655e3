import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { cpuOf } from "../../src/bench/process-figures.ts";

test("the CPU of a server is also that of the processes it started, while they run and after", async () => {
  // Its own CPU, not the clock: the machine may be busy.
  const burn = "while (process.cpuUsage().user < 400_000);";
  const script = `
    const child = require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(`${burn} console.log("burnt"); setInterval(() => {}, 1000)`)}]);
    child.stdout.once("data", () => console.log("burnt"));
    child.once("exit", () => console.log("ended"));
    process.once("SIGUSR2", () => child.kill());`;
  const server = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(server.stdout, "data");
    const whileItRuns = cpuOf(server.pid!);
    expect(whileItRuns).toBeGreaterThan(0.2);
    server.kill("SIGUSR2");
    await once(server.stdout, "data");
    expect(cpuOf(server.pid!)).toBeGreaterThanOrEqual(whileItRuns - 0.02);
  } finally {
    server.kill("SIGKILL");
  }
});
