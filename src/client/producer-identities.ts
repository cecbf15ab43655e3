/** Producer ids and epochs from the broker (contract G1). One id serves all partitions; each has an epoch of its own. */
import { retry } from "./backoff.ts";
import type { ProducerIdentity } from "./batch-header.ts";
import type { Channel } from "./channel.ts";

export class ProducerIdentities {
  readonly #channel: Channel;
  #first: Promise<ProducerIdentity> | null = null;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * The identity that partitions begin with.
   *
   * @throws BrokerError  not retriable, or CLOSED
   */
  first(): Promise<ProducerIdentity> {
    this.#first ??= this.#request(-1n, -1);
    return this.#first;
  }

  /** The one after: the same id with the next epoch, or, after the last epoch, another id. */
  after({ producerId, epoch }: ProducerIdentity): Promise<ProducerIdentity> {
    return this.#request(producerId, epoch);
  }

  async #request(producerId: bigint, producerEpoch: number): Promise<ProducerIdentity> {
    const body = { producerId, producerEpoch };
    const result = await retry(
      () => this.#channel.request("InitProducer", body, "InitProducerResult"),
      Number.POSITIVE_INFINITY,
    );
    return { producerId: result.producerId, epoch: result.producerEpoch };
  }
}
