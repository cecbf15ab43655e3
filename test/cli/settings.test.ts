import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkStartOptions } from "../../src/broker/start-options.ts";
import { parseBytes, parseDuration } from "../../src/cli/option-types.ts";
import { resolveSettings } from "../../src/cli/settings.ts";
import { definitionOf, flagName, settingKeys, variableName } from "../../src/cli/settings-schema.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cambium-settings-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function configFile(content: unknown): string {
  const path = join(folder, "cambium.json");
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("where a value comes from", () => {
  test("a default, where nothing is said", () => {
    const { values, origins } = resolveSettings({}, {}, undefined);
    expect(values.port).toBe(4500);
    expect(values.poolBytes).toBe(256 * 1024 * 1024);
    expect(values.logWorkers).toBeNull();
    expect(origins.port).toBe("default");
  });

  test("the file before the default, the environment before the file, the flag before all", () => {
    const path = configFile({ port: 1, host: "localhost", tailBytes: "1MiB" });
    const environment = { CAMBIUM_PORT: "2", CAMBIUM_HOST: "::1" };
    const { values, origins } = resolveSettings({ port: "3" }, environment, path);
    expect([values.port, values.host, values.tailBytes, values.connectionsMax]).toEqual([3, "::1", 1024 ** 2, 20_000]);
    expect([origins.port, origins.host, origins.tailBytes]).toEqual(["flag", "environment", "file"]);
  });

  test("a file named by CAMBIUM_CONFIG; --config names another", () => {
    const path = configFile({ port: 1 });
    expect(resolveSettings({}, { CAMBIUM_CONFIG: path }, undefined).values.port).toBe(1);
    const other = join(folder, "other.json");
    writeFileSync(other, '{"port": 7}');
    expect(resolveSettings({}, { CAMBIUM_CONFIG: path }, other).values.port).toBe(7);
  });

  test("a file may say numbers, booleans and text with units", () => {
    const path = configFile({ port: 9, insecureNoAuth: true, requestTimeout: "1.5s", batchBytes: 65536 });
    const { values } = resolveSettings({}, {}, path);
    expect([values.port, values.insecureNoAuth, values.requestTimeout, values.batchBytes]).toEqual([
      9,
      true,
      1500,
      65536,
    ]);
  });

  test("an empty variable says nothing", () => {
    expect(resolveSettings({}, { CAMBIUM_PORT: "" }, undefined).origins.port).toBe("default");
  });
});

describe("what is refused", () => {
  test("an unknown key of the file, with the nearest one", () => {
    expect(() => resolveSettings({}, {}, configFile({ prot: 1 }))).toThrow(/no setting "prot".*did you mean port\?/);
  });

  test("an unknown variable, with the nearest one", () => {
    expect(() => resolveSettings({}, { CAMBIUM_POOL_BYTE: "1" }, undefined)).toThrow(
      "there is no variable CAMBIUM_POOL_BYTE; did you mean CAMBIUM_POOL_BYTES?",
    );
  });

  test("a value that is none, wherever it is said", () => {
    expect(() => resolveSettings({ port: "x" }, {}, undefined)).toThrow(
      '--port is a whole number from 0 to 65535, not "x"',
    );
    expect(() => resolveSettings({}, { CAMBIUM_PORT: "70000" }, undefined)).toThrow("CAMBIUM_PORT is a whole number");
    expect(() => resolveSettings({}, {}, configFile({ port: [1] }))).toThrow("port in ");
    // Also where it is overridden.
    expect(() => resolveSettings({ port: "3" }, { CAMBIUM_PORT: "70000" }, undefined)).toThrow("CAMBIUM_PORT is a");
    expect(() => resolveSettings({ port: "3" }, {}, configFile({ port: "x" }))).toThrow("port in ");
    expect(() => resolveSettings({ requestTimeout: "10" }, {}, undefined)).toThrow("with its unit");
  });

  test("a file that is missing, no JSON, or no object", () => {
    expect(() => resolveSettings({}, {}, join(folder, "none.json"))).toThrow("cannot be read");
    expect(() => resolveSettings({}, {}, configFile("{port: 1}"))).toThrow("cannot be read");
    expect(() => resolveSettings({}, {}, configFile("[]"))).toThrow("is not a JSON object");
  });
});

test("what Kubernetes says of a service named cambium is not taken for settings", () => {
  const environment = {
    CAMBIUM_PORT: "tcp://10.0.0.1:4500",
    CAMBIUM_SERVICE_HOST: "10.0.0.1",
    CAMBIUM_SERVICE_PORT: "4500",
    CAMBIUM_SERVICE_PORT_CLIENTS: "4500",
    CAMBIUM_PORT_4500_TCP: "tcp://10.0.0.1:4500",
    CAMBIUM_PORT_4500_TCP_PROTO: "tcp",
    CAMBIUM_PORT_4500_TCP_ADDR: "10.0.0.1",
  };
  expect(resolveSettings({}, environment, undefined).values.port).toBe(4500);
});

test.each(["connectionsMax", "partitionsMax", "poolBytes", "tailBytes", "logWorkers", "port"] as const)(
  "%s has the limits that it has for an embedded broker",
  (key) => {
    const isTaken = (value: number): boolean => definitionOf(key).type.parse(String(value)) !== null;
    const isTakenEmbedded = (value: number): boolean => {
      try {
        checkStartOptions({ data: "temporary", [key]: value });
        return true;
      } catch {
        return false;
      }
    };
    for (let power = 0; power < 40; power++)
      for (const value of [2 ** power - 1, 2 ** power, 10 ** (power / 4)].map(Math.floor))
        expect(isTaken(value), `${key} ${value}`).toBe(isTakenEmbedded(value));
  },
);

test("every default is a value that its own type reads back", () => {
  for (const key of settingKeys) {
    const { type, default: fallback } = definitionOf(key);
    if (fallback !== null) expect(type.parse(type.format(fallback)), key).toBe(fallback);
  }
});

test("flags and variables are named after the key", () => {
  expect([flagName("poolBytes"), variableName("poolBytes")]).toEqual(["--pool-bytes", "CAMBIUM_POOL_BYTES"]);
});

test.each([
  ["65536", 65536],
  ["64KiB", 65536],
  ["64kib", 65536],
  ["1.5 MiB", 1572864],
  ["2MB", 2_000_000],
  ["0.3", null],
  ["-1", null],
  ["1 parsec", null],
  ["", null],
])("%j as a size", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each([
  ["250ms", 250],
  ["10s", 10_000],
  ["1.5m", 90_000],
  ["2h", 7_200_000],
  ["7d", 604_800_000],
  ["0", 0],
  ["10", null],
  ["s", null],
])("%j as a time", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});
