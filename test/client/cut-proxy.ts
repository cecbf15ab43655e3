/**
 * A TCP proxy that cuts connections. What the client had sent may still reach the broker afterwards, late: that is the
 * hard case, since by then the client is sending it again over another connection.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Random } from "../protocol/random.ts";

interface Pair {
  readonly client: Socket;
  readonly broker: Socket;
  /** Bytes that passed, in both directions. */
  bytes: number;
  /** Nothing passes any more but this, late. */
  late: Buffer[] | null;
}

export class CutProxy {
  readonly #server: Server;
  readonly #brokerPort: number;
  readonly #random: Random;
  readonly #pairs = new Set<Pair>();
  /** Connections cut. */
  cuts = 0;

  static async start(brokerPort: number, random: Random): Promise<CutProxy> {
    const proxy = new CutProxy(brokerPort, random);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  private constructor(brokerPort: number, random: Random) {
    this.#brokerPort = brokerPort;
    this.#random = random;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  get server(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts one of the connections over which something was sent. @returns false: there is none */
  cut(): boolean {
    const busy = [...this.#pairs].filter(({ bytes, late }) => bytes > 4096 && late === null);
    if (busy.length === 0) return false;
    this.#cut(this.#random.pick(busy));
    this.cuts++;
    return true;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const { client, broker } of this.#pairs) {
      client.destroy();
      broker.destroy();
    }
    await once(this.#server, "close");
  }

  #cut(pair: Pair): void {
    const { client, broker } = pair;
    pair.late = [];
    client.pause();
    // A reset, which throws away what is on its way to the client, or an orderly end.
    if (this.#random.below(2) === 0) client.resetAndDestroy();
    else client.destroy();
    const lateMs = this.#random.below(60);
    setTimeout(() => {
      const rest = Buffer.concat(pair.late!);
      broker.end(rest.subarray(0, this.#random.below(rest.length + 1)));
    }, lateMs);
  }

  #accept(client: Socket): void {
    const broker = connect({ host: "127.0.0.1", port: this.#brokerPort, noDelay: true });
    const pair: Pair = { client, broker, bytes: 0, late: null };
    this.#pairs.add(pair);
    // Chunks wait a moment in the proxy, so that a cut finds something on its way.
    client.on("data", (chunk) => {
      pair.bytes += chunk.length;
      const isSlow = this.#random.below(3) === 0;
      if (pair.late !== null) pair.late.push(chunk);
      else if (!isSlow) broker.write(chunk);
      else {
        client.pause();
        setTimeout(() => {
          if (pair.late === null) {
            broker.write(chunk);
            client.resume();
          } else {
            pair.late.unshift(chunk);
          }
        }, this.#random.below(5));
      }
    });
    broker.on("data", (chunk) => {
      pair.bytes += chunk.length;
      if (pair.late !== null) return;
      if (!client.write(chunk)) {
        broker.pause();
        client.once("drain", () => broker.resume());
      }
    });
    for (const socket of [client, broker]) socket.on("error", () => {});
    client.once("close", () => {
      if (pair.late === null) broker.destroy();
      broker.resume();
    });
    broker.once("close", () => {
      this.#pairs.delete(pair);
      client.destroy();
    });
  }
}
