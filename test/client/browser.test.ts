/** The client as a page gets it: bundled for browsers, with nothing of Node's. It is run here, where WebSocket is, too. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type * as ClientModule from "../../src/client/index.ts";
import { until } from "../helpers/until.ts";
import { assembleBatch, recordBytes, text } from "../wasm/batch-writer.ts";
import { closeLater, codeOf, startFakeBroker } from "./harness.ts";
import { valuesIn } from "./records.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "cambium-browser-"));
let bundle: BuildResult<{ metafile: true; write: false }>;
let client: typeof ClientModule;

beforeAll(async () => {
  bundle = await build({
    absWorkingDir: root,
    entryPoints: ["src/client/index.ts"],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    write: false,
    metafile: true,
    outfile: "client.mjs",
  });
  const path = join(folder, "client.mjs");
  writeFileSync(path, bundle.outputFiles[0]!.contents);
  const { getBuiltinModule } = process;
  try {
    // As in a page: only the web's own streams compress.
    Object.assign(process, { getBuiltinModule: undefined });
    client = (await import(path)) as typeof ClientModule;
  } finally {
    Object.assign(process, { getBuiltinModule });
  }
});

afterAll(() => rmSync(folder, { recursive: true }));

describe("the bundle", () => {
  test("imports nothing", () => {
    const { imports } = Object.values(bundle.metafile.outputs)[0]!;
    expect(imports).toEqual([]);
    expect(bundle.warnings).toEqual([]);
  });

  test("holds what runs in browsers, and nothing that does not", () => {
    const inputs = Object.keys(bundle.metafile.inputs);
    expect(inputs).toContain("src/client/transport-browser.ts");
    const ours = /^src\/(base|wasm|protocol|client)\/|^assembly\/layout/;
    const libraries = /^node_modules\/(flatbuffers|fastest-levenshtein|p-limit|yocto-queue)\//;
    const foreign = inputs.filter((path) => !ours.test(path) && !libraries.test(path));
    expect(foreign).toEqual([]);
    expect(inputs).not.toContain("src/client/transport-node.ts");
  });
});

describe("over the runtime's own WebSocket", () => {
  test("produces and consumes", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const connected = closeLater(await client.connect({ server: broker.server }));
    const producer = await connected.producer({ topic: "t", compression: "gzip" });
    const values = Array.from({ length: 1000 }, (_, index) => `value ${index}`);
    await Promise.all(values.map((value) => producer.send({ value })));
    expect(partitions[0]!.batches[0]!.bytes[22]! & 7).toBe(1);
    const read: string[] = [];
    await connected
      .consumer({ topic: "t", from: "earliest", until: "end" })
      .forEach((record) => void read.push(record.valueText()!));
    expect(read).toEqual(values);
  });

  test("comes back after cuts", async () => {
    const broker = await startFakeBroker();
    const { partitions } = broker.topic("t");
    const connected = closeLater(
      await client.connect({ server: broker.server, reconnectMinMs: 5, reconnectMaxMs: 20 }),
    );
    const producer = await connected.producer({ topic: "t" });
    const consumer = connected.consumer({ topic: "t", from: "earliest" });
    const read: string[] = [];
    const reading = consumer.forEach((record) => void read.push(record.valueText()!));
    const sends: Promise<unknown>[] = [];
    for (let index = 0; index < 300; index++) {
      sends.push(producer.send({ value: `${index}` }));
      if (index % 50 === 25) broker.cut();
      await sleep(1);
    }
    await Promise.all(sends);
    const values = Array.from({ length: 300 }, (_, index) => `${index}`);
    expect(valuesIn(partitions[0]!)).toEqual(values);
    await until(() => read.length === 300);
    expect(read).toEqual(values);
    await consumer.close();
    await reading;
  });

  test("has no zstd, and says so", async () => {
    const broker = await startFakeBroker();
    const partition = broker.topic("t").partitions[0]!;
    const connected = closeLater(await client.connect({ server: broker.server }));
    expect(await codeOf(connected.producer({ compression: "zstd" }))).toBe("UNSUPPORTED_COMPRESSION");
    partition.append(assembleBatch(new Uint8Array(9), { count: 1, attributes: 4 }));
    const consumer = connected.consumer({ topic: "t", from: "earliest" });
    expect(await codeOf(consumer.forEach(() => {}))).toBe("UNSUPPORTED_COMPRESSION");
  });

  test("bounds what is decompressed, and tells what is not gzip", async () => {
    const broker = await startFakeBroker();
    const records = [{ timestamp: 0, key: null, value: text.encode("x".repeat(100_000)), headers: [] }];
    const bomb = gzipSync(Uint8Array.from(recordBytes(records)));
    broker.topic("bomb").partitions[0]!.append(assembleBatch(bomb, { count: 1, attributes: 1 }));
    broker.topic("noise").partitions[0]!.append(assembleBatch(new Uint8Array(50), { count: 1, attributes: 1 }));
    const connected = closeLater(await client.connect({ server: broker.server }));
    const read = (topic: string, decompressedBytesMax: number) =>
      codeOf(connected.consumer({ topic, from: "earliest", until: "end", decompressedBytesMax }).forEach(() => {}));
    expect(await read("bomb", 10_000)).toBe("MESSAGE_TOO_LARGE");
    expect(await read("bomb", 1_000_000)).toBe("none");
    expect(await read("noise", 1_000_000)).toBe("CORRUPT_BATCH");
  });

  test("gives up when there is no broker, or one that refuses it", async () => {
    const broker = await startFakeBroker();
    broker.hello = () => new BrokerError("AUTHENTICATION_FAILED", "who are you?");
    expect(await codeOf(client.connect({ server: broker.server }))).toBe("AUTHENTICATION_FAILED");
    const { server } = broker;
    await broker.close();
    expect(await codeOf(client.connect({ server, connectTimeoutMs: 200 }))).toBe("CONNECTION_LOST");
  });
});
