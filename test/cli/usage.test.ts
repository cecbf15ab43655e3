/** What needs no broker: help, wrong calls, settings as the process finds them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cambium, errorOf, jsonLines, spawned, type TemporaryFolder, temporaryFolder } from "./cambium.ts";

let folder: TemporaryFolder;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

describe("help", () => {
  const commands = [
    "start",
    "topic create",
    "topic list",
    "topic describe",
    "topic alter",
    "topic delete",
    "produce",
    "consume",
    "stats",
    "dump",
    "config",
    "demo",
    "bench compare",
  ];

  test("the first page names every command and how to get started", async () => {
    const { status, stdout } = await cambium(["--help"]);
    expect(status).toBe(0);
    for (const command of commands) expect(stdout).toContain(command.split(" ")[0]);
    expect(stdout).toContain("Getting started:");
  });

  test.each(commands)("%s --help shows examples", async (command) => {
    const { status, stdout } = await cambium([...command.split(" "), "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: cambium ${command}`);
    expect(stdout).toMatch(/Examples:\n {2}\S/);
  });

  test("help before a command is the same", async () => {
    for (const command of ["produce", "topic", "topic alter"]) {
      const before = await cambium(["help", ...command.split(" ")]);
      const { stdout } = await cambium([...command.split(" "), "--help"]);
      expect(before).toEqual({ status: 0, stdout, stderr: "" });
    }
  });

  test("help for what is no command is a wrong call", async () => {
    for (const command of ["nosuch", "topic nosuch"]) {
      expect(await cambium(["help", ...command.split(" ")])).toMatchObject({ status: 2, stdout: "" });
    }
  });

  test("a command of several without one of them shows help and is a wrong call", async () => {
    const { status, stdout, stderr } = await cambium(["topic"]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("Usage: cambium topic");
  });

  test("--version", async () => {
    const { status, stdout } = await cambium(["--version"], { env: { CAMBIUM_NONSENSE: "1" } });
    expect([status, stdout]).toEqual([0, "0.0.0\n"]);
  });
});

describe("a wrong call ends with 2 and a hint", () => {
  test.each([
    [["strat"], "unknown command 'strat'; did you mean start?"],
    [["topic", "creat", "x"], "unknown command 'creat'; did you mean create?"],
    [["start", "--prot", "1"], "unknown option '--prot'; did you mean --port?"],
    [["start", "--port", "x"], '--port is a whole number from 0 to 65535, not "x"'],
    [["topic", "create", "t", "--partitions", "100001"], "--partitions is a whole number from 1 to 100000"],
    [["consume", "t", "--partition", "100000"], "from 0 to 99999"],
    [["start", "--host", "0.0.0.0"], "--insecure-no-auth"],
    [["start", "surplus"], "too many arguments"],
    [["topic", "create"], "missing required argument 'name'"],
    [
      ["topic", "create", "t", "--config", "nonsense"],
      '--config is name=value, not "nonsense"; of this command, CAMBIUM_CONFIG names',
    ],
    [["topic", "alter", "t"], "nothing to change"],
    [["produce", "t", "--json-lines", "--key-field", "k"], "--json-lines and --key-field are different ways"],
    [["produce", "t", "--compression", "zip"], "--compression is one of none, gzip, zstd"],
    [["produce", "t", "--key-optional"], "--key-optional goes with --key-separator or --key-field"],
    [["produce", "t", "--ignore-partition"], "--ignore-partition goes with --json-lines"],
    [["produce", "t", "--key-separator", "\\q"], "--key-separator has no \\q"],
    [["consume", "t", "--partition", "0,x"], "or several with commas between"],
    [["consume", "t", "--from", "yesterday"], "--from is earliest, latest"],
    [["consume", "t", "--format", "xml"], "--format is value, json or a template"],
    [["consume", "t", "--server", "nowhere:x"], 'server is "host:port"'],
    [["demo", "--only", "zipcode"], "there is no data set zipcode; did you mean zipcodes?"],
  ])("%j", async (args, message) => {
    const { status, stdout, stderr } = await cambium(args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^error (USAGE|INVALID_OPTION): /);
    expect([status, stdout]).toEqual([2, ""]);
  });

  test("as JSON with --json", async () => {
    const ran = await cambium(["start", "--prot", "1", "--json"]);
    expect(ran.status).toBe(2);
    expect(errorOf(ran)).toMatchObject({ code: "USAGE", retriable: false, message: expect.stringContaining("--port") });
  });
});

describe("config", () => {
  test("tells every setting and where its value comes from, file, environment or default", async () => {
    const path = join(folder.path, "cambium.json");
    writeFileSync(path, '{"port": 4600, "host": "localhost", "poolBytes": "512MiB"}');
    const { status, stdout } = await cambium(["config", "--config", path, "--json", "--tail-bytes", "1MiB"], {
      env: { CAMBIUM_HOST: "::1" },
    });
    const settings = Object.fromEntries(jsonLines(stdout).map(({ key, value, origin }) => [key, { value, origin }]));
    expect(status).toBe(0);
    expect(settings).toMatchObject({
      port: { value: 4600, origin: "file" },
      host: { value: "::1", origin: "environment" },
      tailBytes: { value: 1024 ** 2, origin: "flag" },
      data: { value: "data", origin: "default" },
    });
  });

  test("refuses an unknown key of the file and an unknown variable", async () => {
    const path = join(folder.path, "wrong.json");
    writeFileSync(path, '{"prot": 4600}');
    const file = await cambium(["config", "--config", path]);
    expect([file.status, file.stderr]).toEqual([2, expect.stringContaining("did you mean port?")]);
    const variable = await cambium(["config"], { env: { CAMBIUM_PROT: "1" } });
    expect([variable.status, variable.stderr]).toEqual([2, expect.stringContaining("did you mean CAMBIUM_PORT?")]);
  });
});

test.each([
  [["topic", "--help"], 0],
  [["topic", "list", "--server", "127.0.0.1:9", "--connect-timeout", "300ms"], 1],
  [["topic", "lst"], 2],
])("the process itself: %j ends with %i", async (args, status) => {
  expect((await spawned(args)).status).toBe(status);
});

test("no broker is a failure, 1, that says where it was looked for", async () => {
  const ran = await cambium(["topic", "list", "--server", "127.0.0.1:9", "--connect-timeout", "300ms", "--json"]);
  expect(ran.status).toBe(1);
  expect(errorOf(ran)).toMatchObject({
    code: "CONNECTION_LOST",
    retriable: true,
    message: expect.stringContaining("127.0.0.1:9"),
  });
});
