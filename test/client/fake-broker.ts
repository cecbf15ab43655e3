/**
 * A broker in a few lines, over node:net and src/protocol, for tests of the client: it keeps its logs in arrays, and does
 * what a test wants at the wrong moment. It checks what it receives as a broker would, and remembers what it was sent.
 */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { FakeBrokerState } from "./fake-broker-state.ts";
import { FakeConnection } from "./fake-connection.ts";

export class FakeBroker extends FakeBrokerState {
  readonly connections = new Set<FakeConnection>();
  readonly #server: Server;

  static async start(): Promise<FakeBroker> {
    const broker = new FakeBroker();
    await broker.listen();
    return broker;
  }

  private constructor() {
    super();
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  async listen(port = 0): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get server(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Cuts all connections, in the middle of whatever they are doing. */
  cut(): void {
    for (const connection of this.connections) connection.socket.destroy();
  }

  /** Gives the answers that were held back. */
  release(): void {
    for (const answer of this.held.splice(0)) answer();
  }

  override appended(): void {
    for (const connection of this.connections) connection.feed();
  }

  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, "close") : Promise.resolve();
    this.#server.close();
    this.cut();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection = new FakeConnection(this, socket);
    this.connections.add(connection);
    socket.once("close", () => this.connections.delete(connection));
  }
}
