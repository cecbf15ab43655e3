import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isRetriable, wireCodeOf } from "../../src/base/errors.ts";
import { batchOfSize } from "../helpers/batches.ts";
import { RawClient } from "../helpers/raw-client.ts";
import { AttackedBroker } from "./bystander.ts";
import { ASKED, hostilities, type Scene } from "./hostilities.ts";

let attacked: AttackedBroker;
let scene: Scene;

beforeAll(async () => {
  attacked = await AttackedBroker.start();
  const client = await RawClient.connect(attacked.port);
  const topicId = await client.createTopic("empty");
  const shortened = { durability: "memory", "retention.bytes": "1048576", "max.message.bytes": "50000" };
  const shortenedId = await client.createTopic("shortened", shortened);
  for (let times = 0; times < 60; times++) await client.produce(shortenedId, batchOfSize(50_000));
  await client.close();
  scene = { topicId, shortenedId };
});

afterAll(() => attacked.close());

describe("what no broker should have to hear costs nobody but who says it", () => {
  for (const { name, say, outcome, unwelcome = false } of hostilities) {
    test(name, async () => {
      const before = await attacked.holdings();
      // The smallest window there is, so that it can be exceeded by one frame.
      const client = await RawClient.connect(attacked.port, { hello: unwelcome ? null : { window: 1 } });
      const answered = client.answerTo(ASKED);
      answered.catch(() => {}); // Where it is not waited for.
      say(client, scene);
      if (outcome === "nothing") {
        expect((await client.request("StatsRequest", {})).type).toBe("StatsResult");
        expect(client.unasked.filter(({ type }) => type === "Error")).toEqual([]);
      } else if ("answer" in outcome) {
        const retriable = outcome.retriable ?? false;
        const error = { code: wireCodeOf(outcome.answer), name: outcome.answer, retriable };
        expect(await answered).toMatchObject({ type: "Error", body: error });
        expect(isRetriable(outcome.answer)).toBe(retriable);
        expect((await client.request("StatsRequest", {})).type).toBe("StatsResult");
      } else {
        const { code, reason, goodbye } = await client.closed;
        expect({ code, goodbye: goodbye?.code }).toEqual({ code: outcome.close, goodbye: outcome.goodbye });
        if (outcome.goodbye !== undefined) expect(reason).toBe(outcome.goodbye);
      }
      client.destroy();
      await attacked.untilHolds(before);
      await attacked.goOn();
    });
  }
});
