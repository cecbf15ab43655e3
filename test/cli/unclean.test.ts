/** What the second start after a kill knows: the one in between may have ended before anybody touched the logs. */
import fs from "node:fs";
import { afterAll, expect, test } from "vitest";
import type { Client } from "../../src/client/index.ts";
import { connected, startBroker, temporaryFolder } from "./cambium.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

const RECORDS = 5;

async function produce(client: Client): Promise<void> {
  const producer = await client.producer({ topic: "t" });
  await Promise.all(Array.from({ length: RECORDS }, (_, index) => producer.send({ value: String(index) })));
}

/** By the way of a reader that stands at the last of them. */
async function endOf(data: string, records: number): Promise<number> {
  const broker = await startBroker(data);
  const { highWatermark } = await connected(broker, (client) =>
    client.fetch({ topic: "t", partition: 0, from: { offset: records - 1 } }),
  );
  await broker.stop();
  return highWatermark;
}

test.each(["disk", "os"])(
  "records (%s) younger than the last checkpoint outlive a kill, and a start and a stop that nobody used",
  async (durability) => {
    const data = `${folder.path}/${durability}`;
    const broker = await startBroker(data);
    await connected(broker, async (client) => {
      await client.topics.create({ name: "t", partitions: 1, settings: { durability } });
      await expect.poll(() => fs.existsSync(`${data}/checkpoint`), { timeout: 10_000 }).toBe(true);
      await produce(client);
      await broker.stop("SIGKILL");
    });
    expect(await (await startBroker(data)).stop()).toBe(0);
    expect(await endOf(data, RECORDS)).toBe(RECORDS);
  },
);

test("what a start could not recover is not marked as clean by its stop", async () => {
  const data = `${folder.path}/away`;
  const broker = await startBroker(data);
  await connected(broker, async (client) => {
    await client.topics.create({ name: "t", partitions: 1 });
    await produce(client);
    await expect
      .poll(() => fs.existsSync(`${data}/checkpoint`) && fs.readFileSync(`${data}/checkpoint`, "utf8"), {
        timeout: 10_000,
      })
      .toContain('"t-0"');
    await produce(client);
    await broker.stop("SIGKILL");
  });
  fs.renameSync(`${data}/topics/t-0`, `${data}/away`);
  const without = await startBroker(data);
  expect(without.stderr()).toContain("cannot be opened");
  fs.renameSync(`${data}/away`, `${data}/topics/t-0`);
  expect(await without.stop()).toBe(0);
  expect(await endOf(data, 2 * RECORDS)).toBe(2 * RECORDS);
});

test("a topic that was made anew after the last checkpoint is not held against what that says of the old one", async () => {
  const data = `${folder.path}/anew`;
  const broker = await startBroker(data);
  await connected(broker, async (client) => {
    await client.topics.create({ name: "t", partitions: 1 });
    for (let times = 0; times < 3; times++) await produce(client);
    const read = (): string =>
      fs.existsSync(`${data}/checkpoint`) ? fs.readFileSync(`${data}/checkpoint`, "utf8") : "";
    await expect.poll(read, { timeout: 10_000 }).toContain(`"end":${3 * RECORDS}`);
    const before = read();
    await client.topics.delete("t");
    await client.topics.create({ name: "t", partitions: 1 });
    await produce(client);
    await broker.stop("SIGKILL");
    fs.writeFileSync(`${data}/checkpoint`, before); // Where the kill came before the next one.
  });
  expect(await endOf(data, RECORDS)).toBe(RECORDS);
});
