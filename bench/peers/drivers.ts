/** The drivers by the names that the command line has for them. */
import type { Driver } from "../../src/bench/driver.ts";
import { cambiumDriver } from "../drivers/cambium.ts";
import { kafkaDriver, kafkaTuning } from "../drivers/kafka.ts";
import { natsDriver } from "../drivers/nats.ts";
import { nullDriver } from "../drivers/null.ts";
import { postgresqlDriver } from "../drivers/postgresql.ts";
import { rabbitmqDriver } from "../drivers/rabbitmq.ts";
import { redisDriver } from "../drivers/redis.ts";

export const PEERS_DEFAULT =
  "cambium,null,kafka-4.3.1,kafka-4.3.1-tuned,kafka-3.9.2,nats-2.15.2,redis,rabbitmq-stream,rabbitmq-quorum,postgresql";

/** @throws Error  there is none of that name, or what it needs is not to be had */
export function driverOf(peer: string): Driver | Promise<Driver> {
  const [, kafka, tuned] = /^kafka-([\d.]+)(-tuned)?$/.exec(peer) ?? [];
  if (kafka !== undefined)
    return tuned === undefined ? kafkaDriver({ version: kafka }) : kafkaDriver({ version: kafka, ...kafkaTuning });
  const [, nats] = /^nats-([\d.]+)$/.exec(peer) ?? [];
  if (nats !== undefined) return natsDriver(nats);
  switch (peer) {
    case "cambium":
      return cambiumDriver();
    case "null":
      return nullDriver;
    case "postgresql":
      return postgresqlDriver();
    case "rabbitmq-quorum":
      return rabbitmqDriver("quorum");
    case "rabbitmq-stream":
      return rabbitmqDriver("stream");
    case "redis":
      return redisDriver();
    default:
      throw new Error(`there is no peer ${peer}; there are ${PEERS_DEFAULT}, with other versions if you like`);
  }
}
