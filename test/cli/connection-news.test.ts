/** What a command says of a broker that goes away and comes back. */
import { afterAll, expect, test } from "vitest";
import { until } from "../helpers/until.ts";
import { cambium, collected, spawnCambium, startBroker, temporaryFolder } from "./cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

test("consume --follow says once that the broker is gone, once that it is back, and goes on", async () => {
  const broker = await startBroker(folder.path);
  await cambium(["topic", "create", "t", ...broker.server]);
  await cambium(["produce", "t", ...broker.server], { input: "a\n" });
  const child = spawnCambium(["consume", "t", "--follow", ...broker.server]);
  const [stdout, stderr] = [collected(child.stdout), collected(child.stderr)];
  await until(() => stdout() === "a\n");
  await broker.stop("SIGKILL");
  await until(() => stderr().includes("is lost"));
  const again = await startBroker(folder.path, [], broker.port);
  await until(() => stderr().includes("again\n"));
  await cambium(["produce", "t", ...again.server], { input: "b\n" });
  await until(() => stdout() === "a\nb\n");
  child.kill("SIGINT");
  await until(() => child.exitCode !== null);
  expect(child.exitCode).toBe(0);
  expect(stderr()).toMatch(
    /^the connection to 127\.0\.0\.1:\d+ is lost \(.*\); trying again\nconnected to 127\.0\.0\.1:\d+ again\n$/,
  );
  await again.stop();
});
