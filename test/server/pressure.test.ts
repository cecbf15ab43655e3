import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import type { Offset } from "../../src/base/units.ts";
import { connect as connectClient } from "../../src/client/index.ts";
import { startBroker } from "../../src/index.ts";
import { Start } from "../../src/protocol/generated/wire.ts";
import { Opcode } from "../../src/protocol/websocket.ts";
import { batchOfSize, makeBatch } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { AttackedBroker } from "./bystander.ts";
import { type FloodTask, floods } from "./floods.ts";

const MIB = 1 << 20;

/** Runs with a broker whose bystander must not notice, and must find everything at the end. */
async function attacking(
  options: Parameters<typeof AttackedBroker.start>[0],
  run: (attacked: AttackedBroker) => Promise<void>,
): Promise<void> {
  const attacked = await AttackedBroker.start(options);
  await run(attacked);
  await attacked.goOn();
  await attacked.close();
}

/** A topic with so many batches of 64 KiB, whose newest lie in memory only as far as the options allow. */
async function fill(port: number, name: string, batches: number): Promise<Uint8Array> {
  const client = await RawClient.connect(port, { hello: { window: 8 * MIB } });
  const topicId = await client.createTopic(name, { durability: "os" });
  for (let first = 0; first < batches; first += 32) {
    const some = Array.from({ length: Math.min(32, batches - first) }, (_, index) =>
      client.produce(topicId, batchOfSize(65_536, { number: first + index })),
    );
    await Promise.all(some);
  }
  await client.close();
  return topicId;
}

/** A client that has subscribed to more than the kernel's buffers hold, and reads nothing of it. */
async function stalledReader(port: number): Promise<RawClient> {
  const topicId = await fill(port, "unread", 400);
  const client = await RawClient.connect(port);
  await client.subscribe({ subscription: 1, topicId, start: Start.Earliest, credit: 2 ** 31 });
  client.socket.pause();
  return client;
}

describe("clients that take more than they give", () => {
  test("one that does not read its subscription slows only itself, and gets all of it when it does", async () => {
    await attacking({ poolBytes: 32 * MIB, tailBytes: MIB }, async (attacked) => {
      const slow = await RawClient.connect(attacked.port);
      const topicId = await slow.createTopic("backlog", { durability: "os" });
      const subscription = await slow.subscribe({ subscription: 1, topicId, credit: 2 ** 31 });
      slow.socket.pause();
      const batches = 1500; // Three times the pool.
      const producer = await RawClient.connect(attacked.port, { hello: { window: 4 * MIB } });
      for (let first = 0; first < batches; first += 30) {
        const some = Array.from({ length: 30 }, (_, index) =>
          producer.produce(topicId, batchOfSize(65_536, { number: first + index })),
        );
        await Promise.all(some);
        if (first % 300 === 0) await attacked.goOn();
      }
      slow.socket.resume();
      await subscription.untilRecords(batches);
      const numbers = subscription.batches.flatMap(({ stamps }) => stamps.map(({ number }) => number));
      expect(numbers).toEqual(Array.from({ length: batches }, (_, number) => number));
      slow.destroy();
      await producer.close();
    });
  });

  test("a thousand cold fetches that nobody takes leave the memory to those who write", async () => {
    await attacking({ poolBytes: 32 * MIB, tailBytes: MIB }, async (attacked) => {
      const topicId = await fill(attacked.port, "cold", 600);
      const greedy = await RawClient.connect(attacked.port);
      greedy.socket.pause();
      for (let index = 0; index < 900; index++) {
        greedy.send("Fetch", { topicId, value: (index % 500) as Offset, bytesMax: 4 * MIB }, 1000 + index);
      }
      const producer = await RawClient.connect(attacked.port, { hello: { window: 4 * MIB } });
      const targetId = await producer.createTopic("target", { durability: "os" });
      for (let round = 0; round < 30; round++) {
        const some = Array.from({ length: 30 }, () => producer.produce(targetId, batchOfSize(65_536)));
        for (const ack of await Promise.all(some)) expect(ack.baseOffset).toBeGreaterThanOrEqual(0);
      }
      greedy.destroy();
      await producer.close();
    });
  });

  test("one that does not take its answers is cut off", async () => {
    await attacking({}, async (attacked) => {
      const client = await RawClient.connect(attacked.port);
      const before = await attacked.holdings();
      client.socket.pause();
      // Each answer has the name twice.
      const names = ["x".repeat(500_000)];
      for (let index = 0; index < 60; index++) client.send("DescribeTopics", { names }, 1000 + index);
      await attacked.untilHolds({ ...before, connections: before.connections - 1 });
    });
  });

  test("one that pings and pings, and does not read, is cut off long before what it does not read is much", async () => {
    await attacking({ poolBytes: 32 * MIB, tailBytes: MIB }, async (attacked) => {
      const client = await stalledReader(attacked.port);
      expect((await attacked.holdings()).connections).toBe(2);
      // Fewer a second than anybody may send; what they are answered is behind the records that are not read.
      const payload = new Uint8Array(125);
      const goesOn = setInterval(() => {
        for (let times = 0; times < 250; times++) client.sendFrame(payload, Opcode.Ping);
      }, 300);
      await expect.poll(async () => (await attacked.holdings()).connections, { timeout: 20_000 }).toBe(1);
      clearInterval(goesOn);
      client.destroy();
    });
  });

  test("one that stalls while its library pings as libraries do is waited for", async () => {
    await attacking({ poolBytes: 32 * MIB, tailBytes: MIB }, async (attacked) => {
      const client = await stalledReader(attacked.port);
      for (let times = 0; times < 20; times++) {
        for (let count = 0; count < 40; count++) client.sendFrame(Uint8Array.of(1, 2, 3, 4), Opcode.Ping);
        await attacked.goOn();
      }
      client.socket.resume();
      expect((await client.request("StatsRequest", {})).type).toBe("StatsResult");
      client.destroy();
    });
  });

  test.each(floods)("one that sends %s without end is cut off, and others go on meanwhile", async (what) => {
    await attacking({}, async (attacked) => {
      const { connections } = await attacked.holdings();
      // In a thread of its own: it is to keep the broker's buffer full while the broker reads.
      const workerData: FloodTask = { port: attacked.port, what };
      const flooder = new Worker(new URL("./flooder.ts", import.meta.url), { workerData });
      let told: unknown = null;
      flooder.once("message", (message) => {
        told = message;
      });
      while (told === null) await attacked.goOn();
      // Of batches the window is the bound: each is in it until it is answered.
      expect(told).toBe(what.startsWith("batches") ? "CREDIT_EXCEEDED" : "LIMIT_EXCEEDED");
      await expect.poll(async () => (await attacked.holdings()).connections).toBe(connections);
      await flooder.terminate();
    });
  });

  test.each([
    ["all topics", "DescribeTopics", { settings: true }],
    ["a wide topic again and again", "AlterTopic", { name: "wide", validateOnly: true }],
    ["the broker's state", "StatsRequest", {}],
  ] as const)("one that asks for %s, a thousand times at once, leaves their turns to others", async (_, type, body) => {
    await attacking({}, async (attacked) => {
      const client = await RawClient.connect(attacked.port);
      await client.createTopic("wide", {}, 2000);
      for (let index = 0; index < 1000; index++) client.send(type, body as never, 1000 + index);
      await client.until(() => client.unasked.length > 0);
      await attacked.goOn();
      expect(client.unasked.length).toBeLessThan(500);
      client.destroy();
    });
  });

  test("requests beyond what one connection may have open are refused as BUSY, and may be tried again", async () => {
    await attacking({}, async (attacked) => {
      const client = await RawClient.connect(attacked.port);
      const topicId = await client.createTopic("t");
      for (let index = 0; index < 1500; index++) {
        client.send("Fetch", { topicId, bytesMax: 1, bytesMin: 1, waitMsMax: 2 ** 32 - 1 }, 10_000 + index);
      }
      await client.until(() => client.unasked.length > 0);
      expect(client.unasked[0]).toMatchObject({ type: "Error", body: { name: "BUSY", retriable: true } });
      client.destroy();
    });
  });

  test("connections beyond the limit are told so before they are any", async () => {
    await attacking({ connectionsMax: 2 }, async (attacked) => {
      const second = await RawClient.connect(attacked.port);
      await expect(RawClient.connect(attacked.port)).rejects.toThrow("closed");
      await second.close();
      await expect.poll(async () => (await attacked.holdings()).connections).toBe(1);
      await (await RawClient.connect(attacked.port)).close();
    });
  });

  test("an upload that is never finished holds its block until its client is gone, and no longer", async () => {
    await attacking({ poolBytes: 32 * MIB }, async (attacked) => {
      const client = await RawClient.connect(attacked.port);
      const topicId = await client.createTopic("large", { "max.message.bytes": String(4 * MIB) });
      const before = await attacked.holdings();
      const grant = await client.request("ProduceBegin", { topicId, size: 4 * MIB });
      if (grant.type !== "ProduceGrant") throw new Error(grant.type);
      client.send("ProducePart", { upload: grant.body.upload, bytes: new Uint8Array(MIB) });
      expect((await attacked.holdings()).poolBytesFree).toBe(before.poolBytesFree - 4 * MIB);
      await attacked.goOn();
      client.socket.resetAndDestroy();
      await attacked.untilHolds({ ...before, connections: before.connections - 1 });
    });
  });
});

describe("clients that stop in the middle", () => {
  // Together, because they wait for the broker's patience to end.
  test("half-open sockets are cut off, in whatever state they are, and with them what they held", async () => {
    await attacking({ idleSeconds: 8 }, async (attacked) => {
      const before = await attacked.holdings();
      const silent = await RawClient.connect(attacked.port); // Answers no ping.
      const topicId = await silent.createTopic("t", { "max.message.bytes": String(4 * MIB) });
      await silent.request("ProduceBegin", { topicId, size: 4 * MIB });
      silent.socket.pause();
      const unwelcome = await RawClient.connect(attacked.port, { hello: null }); // Answers pings, and says nothing.
      const halfFrame = await RawClient.connect(attacked.port);
      halfFrame.sendRaw(Uint8Array.of(0x82, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 1, 2, 3));
      halfFrame.socket.pause();
      expect((await attacked.holdings()).connections).toBe(before.connections + 3);
      const { code, reason } = await unwelcome.closed;
      expect({ code, reason }).toEqual({ code: 1008, reason: "no Hello" });
      await attacked.untilHolds(before);
      for (const client of [silent, halfFrame]) client.destroy();
    });
  }, 60_000);

  test("a batch whose client vanishes before the answer is in the log whole or not at all", async () => {
    await attacking({}, async (attacked) => {
      const watcher = await RawClient.connect(attacked.port);
      const topicId = await watcher.createTopic("t");
      for (let times = 0; times < 50; times++) {
        const client = await RawClient.connect(attacked.port);
        const batch = makeBatch({ count: 5, maker: 1, number: times * 5 });
        client.send("Produce", { topicId, batch }, 5);
        client.send("Produce", { topicId, batch: batch.slice(0, 100) }, 6);
        if (times % 2 === 0) client.socket.resetAndDestroy();
        else client.destroy();
      }
      const { baseOffset } = await watcher.produce(topicId, makeBatch());
      expect(baseOffset % 5).toBe(0);
      const { batches } = await watcher.fetch({ topicId, bytesMax: MIB });
      for (const { stamps } of batches.slice(0, -1)) {
        const first = stamps[0]!.number;
        expect(stamps.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4].map((index) => first + index));
      }
      await watcher.close();
    });
  });
});

describe("clients that speak something else", () => {
  const spoken: Record<string, string | Uint8Array> = {
    "bytes without meaning": Uint8Array.from({ length: 5000 }, (_, index) => (index * 7919) & 0xff),
    zeros: new Uint8Array(5000),
    "the first bytes of TLS": Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0x0d, 0x0a, 0x0d, 0x0a),
    "a Kafka request": Uint8Array.of(
      0,
      0,
      0,
      20,
      0,
      18,
      0,
      3,
      0,
      0,
      0,
      1,
      0,
      4,
      116,
      101,
      115,
      116,
      0,
      0,
      13,
      10,
      13,
      10,
    ),
    "a header without end": `GET / HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(100_000)}\r\n\r\n`,
    "a method that is none": "MAKE /cambium COFFEE\r\n\r\n",
    "an upgrade without a key": "GET /cambium HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    "two lengths": "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "a length that is none": "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\nhello",
  };

  test("get an error of HTTP or none, and are gone", async () => {
    await attacking({}, async (attacked) => {
      const before = await attacked.holdings();
      for (const [what, bytes] of Object.entries(spoken)) {
        const said = await talk(attacked.port, bytes);
        expect(said.startsWith("HTTP/1.1 101"), what).toBe(false);
        await attacked.goOn();
      }
      expect(await talk(attacked.port, "GET / HTTP/1.1\r\nhost: a\r\n\r\n")).toContain("404");
      await attacked.untilHolds(before);
    });
  });
});

/** @returns what comes back until the other side closes, or has said something */
async function talk(port: number, bytes: string | Uint8Array): Promise<string> {
  const socket: Socket = connect({ host: "127.0.0.1", port });
  await once(socket, "connect");
  let said = "";
  socket.on("data", (more) => {
    said += more.toString("latin1");
    socket.end();
  });
  socket.on("error", () => {}); // "close" follows.
  const closed = once(socket, "close");
  socket.write(bytes);
  const patience = setTimeout(() => socket.end(), 200); // It may wait for more, and may be left.
  await closed;
  clearTimeout(patience);
  return said;
}

test("an idle time that the library does not bear is refused before it is asked", async () => {
  for (const idleSeconds of [0, 1, 7, 961, 8.5, Number.NaN]) {
    const started = startBroker({ data: "temporary", port: 0, idleSeconds });
    await expect(started).rejects.toMatchObject({ code: "INVALID_OPTION" });
  }
});

test("sockets that say nothing are no more than connections may be", async () => {
  const broker = await startBroker({ data: "temporary", port: 0, connectionsMax: 4 });
  let cut = 0;
  const strangers = Array.from({ length: 60 }, () => {
    const socket = connect(broker.port, "127.0.0.1");
    socket.on("error", () => {});
    return socket.on("close", () => cut++);
  });
  await expect.poll(() => cut, { timeout: 5000 }).toBe(60 - 4 - 16);
  for (const socket of strangers) socket.destroy();
  // Again and again: no place is lost by a connection that comes and goes.
  for (let round = 0; round < 30; round++) {
    await expect
      .poll(() => RawClient.connect(broker.port).then((client) => client.close().then(() => true)))
      .toBe(true);
  }
  const clients = await Promise.all(Array.from({ length: 4 }, () => RawClient.connect(broker.port)));
  for (const client of clients) await client.close();
  await broker.close();
});

test("who finds no connection free is told so by a typed error, and so is the operator, once", async () => {
  const told: unknown[][] = [];
  const broker = await startBroker({
    data: "temporary",
    port: 0,
    connectionsMax: 2,
    log: (...line) => void (line[0] === "warn" && told.push(line)),
  });
  const client = await connectClient({
    server: `127.0.0.1:${broker.port}`,
    connectTimeoutMs: 300,
    requestTimeoutMs: 300,
  });
  await client.topics.create({ name: "t" });
  const producer = await client.producer({ topic: "t" });
  const refusal = { code: "CONNECTION_LOST", message: expect.stringContaining("takes no connections") };
  await expect(client.producer()).rejects.toMatchObject(refusal);
  await expect(client.producer({ topic: "t" })).rejects.toMatchObject(refusal);
  await expect(client.consumer({ topic: "t" }).forEach(() => {})).rejects.toMatchObject(refusal);
  expect(told).toEqual([["warn", expect.stringContaining("connections are refused"), { connections: 2, refused: 1 }]]);
  await producer.send({ value: "others are not disturbed" });
  await producer.close();
  await (await client.producer({ topic: "t" })).send({ value: "there is room again" });
  await client.close();
  await broker.close();
});

test("options that make no sense are refused before anything is made", async () => {
  const senseless: object[] = [
    { foo: 1 },
    { data: "" },
    { data: 1 },
    { port: "abc" },
    { poolBytes: 5 },
    { logWorkers: 0 },
    { partitionsMax: "5" },
    { log: true },
    { host: "0.0.0.0" },
  ];
  for (const options of senseless) {
    const started = startBroker({ data: "temporary", port: 0, ...options });
    await expect(started, JSON.stringify(options)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  }
  await expect(startBroker(undefined as never)).rejects.toMatchObject({ code: "INVALID_OPTION" });
  await (await startBroker({ data: "temporary", port: 0, host: "0.0.0.0", insecureNoAuth: true })).close();
});

test("requests of one number are all answered", async () => {
  await attacking({}, async (attacked) => {
    const client = await RawClient.connect(attacked.port);
    const topicId = await client.createTopic("t");
    for (let times = 0; times < 3; times++) client.send("Produce", { topicId, batch: makeBatch() }, 9);
    client.send("StatsRequest", {}, 9);
    client.send("Produce", { topicId, partition: 5, batch: makeBatch() }, 9);
    await client.until(() => client.unasked.length === 5);
    const types = client.unasked.map(({ type }) => type).sort();
    expect(types).toEqual(["Error", "ProduceAck", "ProduceAck", "ProduceAck", "StatsResult"]);
    await client.close();
  });
});
