import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { BrokerProcess } from "../../src/cli/broker-process.ts";
import { until } from "../helpers/until.ts";
import {
  cambium,
  collected,
  errorOf,
  jsonLines,
  type StartedBroker,
  spawnCambium,
  spawned,
  startBroker,
  type TemporaryFolder,
  temporaryFolder,
} from "./cambium.ts";

let folder: TemporaryFolder;
let running: StartedBroker[];
beforeEach(() => {
  folder = temporaryFolder();
  running = [];
});
afterEach(async () => {
  for (const broker of running) await broker.stop("SIGKILL");
  folder.remove();
});

async function start(...args: Parameters<typeof startBroker>): Promise<StartedBroker> {
  const broker = await startBroker(...args);
  running.push(broker);
  return broker;
}

test("says in one line when it is ready, and with which facts", async () => {
  const child = spawnCambium(["start", "--data", folder.path, "--port", "0"]);
  const stdout = collected(child.stdout);
  await until(() => stdout().includes("\n"));
  expect(stdout()).toMatch(
    /^cambium \S+ is ready on 127\.0\.0\.1:\d+, data in \/.*, pid \d+, incarnation 1, after \d+ ms\n$/,
  );
  expect(stdout()).toContain(` pid ${child.pid},`);
  child.kill("SIGINT");
  await until(() => child.exitCode !== null);
  expect(child.exitCode).toBe(0);
  expect(stdout().split("\n")).toHaveLength(2);
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "%s stops it in order: the folder is clean, the next start counts on",
  async (signal) => {
    const first = await start(folder.path);
    expect(await first.stop(signal)).toBe(0);
    expect(existsSync(join(folder.path, "clean"))).toBe(true);
    const second = await start(folder.path);
    expect(jsonLines((await cambium(["stats", ...second.server, "--json"])).stdout)[0]).toMatchObject({
      incarnation: 2,
    });
  },
);

test.each(["temporary", "memory"])("the folder of a broker on %s goes with it", async (data) => {
  const broker = await start(data);
  expect(existsSync(broker.data)).toBe(true);
  await broker.stop();
  expect(existsSync(broker.data)).toBe(false);
});

test("settings come from a file and the environment, too", async () => {
  const path = join(folder.path, "cambium.json");
  writeFileSync(path, JSON.stringify({ data: join(folder.path, "data"), port: 0, logLevel: "error" }));
  const child = spawnCambium(["start", "--json"], { env: { CAMBIUM_CONFIG: path, CAMBIUM_HOST: "localhost" } });
  const stdout = collected(child.stdout);
  await until(() => stdout().includes("\n"));
  expect(jsonLines(stdout())[0]).toMatchObject({ ready: true, host: "localhost", data: join(folder.path, "data") });
  child.kill();
  await until(() => child.exitCode !== null);
});

describe("what is in its way is a typed error and exit code 1", () => {
  test("another broker on the folder", async () => {
    const owner = await start(folder.path);
    const ran = await spawned(["start", "--data", folder.path, "--port", "0", "--json"]);
    expect([ran.status, errorOf(ran)]).toMatchObject([
      1,
      { code: "FOLDER_LOCKED", details: { pid: owner.process.pid } },
    ]);
    const twice = await spawned(["start", "--data", folder.path, "--port", String(owner.port), "--json"]);
    expect(errorOf(twice)["code"]).toBe("FOLDER_LOCKED");
  });

  test("another broker on the folder, whose lock somebody removed", async () => {
    const owner = await start(folder.path);
    rmSync(join(folder.path, "cambium.lock"));
    const second = await spawned(["start", "--data", folder.path, "--port", "0", "--json"]);
    expect(errorOf(second)).toMatchObject({ code: "FOLDER_LOCKED", details: { pid: owner.process.pid } });
    expect(existsSync(join(folder.path, "cambium.lock"))).toBe(true);
  });

  test("an address that this machine has not; no folder is made", async () => {
    const data = join(folder.path, "new", "data");
    // TEST-NET-3 (RFC 5737) is nobody's.
    const where = ["--host", "203.0.113.7", "--insecure-no-auth", "--port", "0"];
    const ran = await spawned(["start", "--data", data, ...where, "--json"]);
    expect([ran.status, errorOf(ran)["code"]]).toEqual([2, "INVALID_OPTION"]);
    expect(existsSync(join(folder.path, "new"))).toBe(false);
  });

  test("another process on the port; no folder is made", async () => {
    const { port } = await start("temporary");
    const data = join(folder.path, "new", "data");
    const ran = await spawned(["start", "--data", data, "--port", String(port), "--json"]);
    expect([ran.status, errorOf(ran)["code"]]).toEqual([1, "ADDRESS_IN_USE"]);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

test("a host that other machines reach needs a word of the operator's", async () => {
  const child = spawnCambium([
    "start",
    "--data",
    folder.path,
    "--port",
    "0",
    "--host",
    "0.0.0.0",
    "--insecure-no-auth",
  ]);
  const stdout = collected(child.stdout);
  await until(() => stdout().includes("ready on 0.0.0.0:"));
  child.kill();
  await until(() => child.exitCode !== null);
});

test("its log is structured, for people or for programs", async () => {
  const json = await start("temporary");
  await json.stop();
  expect(jsonLines(json.stderr())).toContainEqual(expect.objectContaining({ level: "info", message: "shutting down" }));
  const text = await start("temporary", ["--log-format", "text"]);
  await text.stop();
  expect(text.stderr()).toMatch(/^\S+Z info shutting down reason=SIGTERM\n\S+Z info stopped\n$/);
  const quiet = await start("temporary", ["--log-level", "error"]);
  await quiet.stop();
  expect(quiet.stderr()).toBe("");
});

test("killed, it is back on the same port at once, also while clients hold on to it", async () => {
  const first = await start(folder.path);
  await cambium(["topic", "create", "t", ...first.server]);
  const client = spawnCambium(["consume", "t", "--follow", ...first.server]);
  const seen = collected(client.stdout);
  await cambium(["produce", "t", ...first.server], { input: "before\n" });
  await until(() => seen() === "before\n");
  await first.stop("SIGKILL");
  const second = await start(folder.path, [], first.port);
  await cambium(["produce", "t", ...second.server], { input: "after\n" });
  await until(() => seen() === "before\nafter\n");
  client.kill();
  await until(() => client.exitCode !== null);
  expect(client.exitCode).toBe(0);
});

test("a broker that does not start says why to whoever started it", async () => {
  const world = { self: [process.execPath, join(import.meta.dirname, "../../src/main.ts")] as const, environment: {} };
  const file = join(folder.path, "file");
  writeFileSync(file, "");
  await expect(BrokerProcess.start(world, file, 0)).rejects.toMatchObject({ code: "BROKER_FAILED" });
});
