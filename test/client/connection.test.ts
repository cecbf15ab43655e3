/** How a client finds a broker, and notices that it has lost it. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { type Client, type ConnectOptions, connect } from "../../src/client/index.ts";
import { Opcode } from "../../src/protocol/websocket.ts";
import { until } from "../helpers/until.ts";
import { closeLater, codeOf, connectTo, startFakeBroker } from "./harness.ts";

/** A server that does what `talk` does with each connection. */
async function startServer(talk: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    talk(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  closeLater({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const quick: ConnectOptions = { connectTimeoutMs: 300, reconnectMinMs: 5, reconnectMaxMs: 20 };

describe("connect", () => {
  test("says who it is", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker, { clientId: "me" });
    expect(broker.welcomes).toBe(1);
    expect(await client.stats()).toEqual({ version: "fake" });
  });

  test("waits for a broker that is about to start", async () => {
    const broker = await startFakeBroker();
    const { port, server } = broker;
    await broker.close();
    const connecting = connect({ server, reconnectMinMs: 5 });
    await sleep(50);
    await broker.listen(port);
    closeLater(await connecting);
  });

  test("gives up when there is none", async () => {
    const server = await startServer((socket) => socket.destroy());
    const error = await connect({ server, ...quick }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "CONNECTION_LOST", message: expect.stringContaining("within 300 ms") });
  });

  test.each([
    ["never answers", () => {}],
    ["says no Welcome", (socket: Socket) => socket.resume()],
  ])("gives up when it %s", async (_name, talk) => {
    const server = await startServer(talk);
    expect(await codeOf(connect({ server, ...quick }))).toBe("CONNECTION_LOST");
  });

  test.each([
    ["PROTOCOL_VIOLATION", "HTTP/1.1 404 Not Found"],
    ["PROTOCOL_VIOLATION", "220 mail.example ESMTP"],
    ["AUTHENTICATION_FAILED", "HTTP/1.1 401 Unauthorized"],
  ])("%s at once: %s", async (code, head) => {
    const server = await startServer((socket) => socket.once("data", () => socket.write(`${head}\r\nA: b\r\n\r\n`)));
    const begun = performance.now();
    const refused = connect({ server, connectTimeoutMs: 10_000 });
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(server) });
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  test("fails at once when the broker refuses it for good, and goes on trying when it is busy", async () => {
    const broker = await startFakeBroker();
    broker.hello = () => new BrokerError("AUTHENTICATION_FAILED", "who are you?");
    expect(await codeOf(connect({ server: broker.server }))).toBe("AUTHENTICATION_FAILED");
    let refusals = 0;
    broker.hello = () => (refusals++ < 3 ? new BrokerError("BUSY", "later") : null);
    await connectTo(broker);
    expect(refusals).toBe(4);
  });

  test("a signal ends the attempt", async () => {
    const server = await startServer(() => {});
    const controller = new AbortController();
    const { signal } = controller;
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(connect({ server, signal })).rejects.toThrow("enough");
    await expect(connect({ server, signal })).rejects.toThrow("enough");
  });

  test.each([
    "host:port",
    "",
    "a b",
    "http://localhost:4500",
    "localhost:0",
    "localhost:65536",
    "4500",
    "4500:4500",
    "[::1",
    "a/b",
  ])("%j is no server", async (server) => {
    expect(await codeOf(connect({ server }))).toBe("INVALID_OPTION");
  });

  test.each([
    { heartbeatMs: 0 },
    { connectTimeoutMs: 1.5 },
    { requestTimeoutMs: 2 ** 31 },
    { reconnectMinMs: 10, reconnectMaxMs: 5 },
  ])("%j", async (options) => {
    expect(await codeOf(connect(options))).toBe("INVALID_OPTION");
  });
});

describe("a connection", () => {
  test("is made again when it is cut, and requests wait for it", async () => {
    const broker = await startFakeBroker();
    broker.topic("t");
    const news: string[] = [];
    const client = await connectTo(broker, {
      onConnectionLost: ({ code }) => void news.push(code),
      onConnectionRestored: () => void news.push("restored"),
    });
    for (let round = 0; round < 5; round++) {
      broker.cut();
      await until(() => broker.connections.size === 0);
      // The client hears of it a turn later; a request until then is lost with the connection.
      for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
      expect((await client.topics.list()).map(({ name }) => name)).toEqual(["t"]);
    }
    expect(broker.welcomes).toBe(6);
    expect(news).toEqual(Array.from({ length: 5 }, () => ["CONNECTION_LOST", "restored"]).flat());
  });

  test.each(["lost", "restored"] as const)("closed by who is told that it is %s is not made again", async (news) => {
    const broker = await startFakeBroker();
    let client: Client | null = null;
    let isClosed = false;
    const close = (): void => {
      isClosed = true;
      void client?.close();
    };
    client = await connectTo(broker, news === "lost" ? { onConnectionLost: close } : { onConnectionRestored: close });
    broker.cut();
    await until(() => isClosed);
    await until(() => broker.connections.size === 0);
    const { welcomes } = broker;
    await sleep(100);
    expect(broker.welcomes).toBe(welcomes);
    expect(broker.connections.size).toBe(0);
  });

  test("a request under way when it is cut is rejected: it may have been carried out", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    broker.isMute = true;
    const request = codeOf(client.topics.create({ name: "t" }));
    await until(() => broker.topics.has("t"));
    broker.cut();
    expect(await request).toBe("CONNECTION_LOST");
  });

  test("a broker that falls silent is given up after twice the heartbeat", async () => {
    const broker = await startFakeBroker();
    await connectTo(broker, { heartbeatMs: 300 });
    await sleep(1000);
    expect(broker.welcomes).toBe(1);
    broker.isMute = true;
    await until(() => broker.connections.size === 0);
    broker.isMute = false;
    await until(() => broker.welcomes === 2);
  });

  test("a request is not waited for longer than requestTimeoutMs", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker, { requestTimeoutMs: 300 });
    broker.isMute = true;
    expect(await codeOf(client.topics.list())).toBe("REQUEST_TIMED_OUT");
    broker.isMute = false;
    expect(await client.topics.list()).toEqual([]);
  });

  test.each([
    ["bytes that are no frame", Opcode.Binary, Uint8Array.of(1, 2, 3)],
    ["text", Opcode.Text, new TextEncoder().encode("hello")],
    ["an opcode that does not exist", 5 as Opcode, new Uint8Array(0)],
  ])("%s end it, and the next one is none the worse", async (_name, opcode, bytes) => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    for (const connection of broker.connections) connection.sendFrame(bytes, opcode);
    await until(() => broker.welcomes === 2);
    expect(await client.topics.list()).toEqual([]);
  });

  test("an answer of the wrong type ends it", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    broker.isMute = true;
    const request = codeOf(client.topics.list());
    await sleep(20);
    broker.isMute = false;
    for (const connection of broker.connections) connection.send("Done", 1, {});
    expect(await request).toBe("CONNECTION_LOST");
    await until(() => broker.welcomes === 2);
  });

  test("pings are answered", async () => {
    const broker = await startFakeBroker();
    await connectTo(broker);
    const [connection] = broker.connections;
    const pong = new Promise<Uint8Array>((resolve) => connection!.socket.prependOnceListener("data", resolve));
    connection!.sendFrame(new TextEncoder().encode("are you there?"), Opcode.Ping);
    const frame = await pong;
    expect(frame[0]! & 0xf).toBe(Opcode.Pong);
    expect(new TextDecoder().decode(frame.subarray(6))).toBe("are you there?");
  });

  test("a Goodbye says why, and the broker is tried again", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    const { connections } = broker;
    broker.isMute = true;
    const request = codeOf(client.topics.list());
    await sleep(20);
    broker.isMute = false;
    for (const connection of connections) {
      connection.send("Goodbye", 0, { error: { code: 1007, name: "SHUTTING_DOWN", message: "bye" } });
      connection.socket.end();
    }
    expect(await request).toBe("SHUTTING_DOWN");
    await until(() => broker.welcomes === 2);
  });
});

describe("topics", () => {
  test("are made, described, listed, altered and deleted", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    expect(await client.topics.create({ name: "t", partitions: 2 })).toMatchObject({ name: "t" });
    const description = await client.topics.describe("t");
    expect(description).toMatchObject({ name: "t", durability: "os", internal: false, maxMessageBytes: 1_048_588 });
    expect(description.topicId).toMatch(/^[\w-]{22}$/);
    expect(description.partitions.map(({ partition, error }) => [partition, error])).toEqual([
      [0, null],
      [1, null],
    ]);
    await client.topics.alter("t", { settings: { "segment.ms": 5, "segment.bytes": null } });
    await client.topics.delete("t");
    expect(await client.topics.list()).toEqual([]);
    expect(await codeOf(client.topics.describe("t"))).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("after close nothing goes any more", async () => {
    const broker = await startFakeBroker();
    const client = await connectTo(broker);
    await client.close();
    expect(await codeOf(client.topics.list())).toBe("CLOSED");
    expect(await codeOf(client.producer())).toBe("CLOSED");
    expect(() => client.consumer({ topic: "t" })).toThrow(expect.objectContaining({ code: "CLOSED" }));
    await until(() => broker.connections.size === 0);
  });
});
