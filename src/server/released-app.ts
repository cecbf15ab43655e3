/**
 * An app of uWebSockets.js that lets go of its server once it is closed.
 *
 * The library keeps the callbacks of an app (`filter`, `ws`, `any`) until the process ends, closed or not. What they hold stays
 * too, and behind a server stands the whole memory of its broker. So they hold one place between them, which close() empties;
 * what the library tells afterwards is told to nobody.
 */
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
  WebSocketBehavior,
} from "uWebSockets.js";
import type { UwsModule } from "./uws.ts";

/** Who is told what happens at the sockets of an app. */
export interface AppHandlers<Session> {
  /** A socket came (1), or went (-1) before it became a WebSocket. */
  counted(socket: HttpResponse, change: number): void;
  upgrade(response: HttpResponse, request: HttpRequest, context: us_socket_context_t): void;
  open(socket: WebSocket<Session>): void;
  /** @param message a view that ends with the call */
  message(socket: WebSocket<Session>, message: ArrayBuffer, isBinary: boolean): void;
  /** A ping came, and the library has answered it. @param message a view that ends with the call */
  ping(socket: WebSocket<Session>, message: ArrayBuffer): void;
  /** A pong came, asked for or not. */
  pong(socket: WebSocket<Session>): void;
  drain(socket: WebSocket<Session>): void;
  close(socket: WebSocket<Session>): void;
}

export interface AppOptions {
  /** Where WebSockets are taken; elsewhere is only `notFound`. */
  readonly path: string;
  readonly notFound: string;
  readonly limits: Pick<
    WebSocketBehavior<unknown>,
    "maxPayloadLength" | "maxBackpressure" | "closeOnBackpressureLimit" | "idleTimeout" | "sendPingsAutomatically"
  >;
}

interface Place<Session> {
  handlers: AppHandlers<Session> | null;
}

export class ReleasedApp<Session> {
  readonly #app: TemplatedApp;
  readonly #place: Place<Session>;

  constructor(uws: UwsModule, options: AppOptions, handlers: AppHandlers<Session>) {
    this.#place = { handlers };
    this.#app = makeApp(uws, options, this.#place);
  }

  /** @returns null: the port cannot be had */
  listen(host: string, port: number): Promise<us_listen_socket | null> {
    return new Promise((resolve) => {
      this.#app.listen(host, port, (socket) => resolve(socket || null));
    });
  }

  /** Closes what it listens on and every socket, of which the handlers are told before it returns. */
  close(): void {
    this.#app.close();
    this.#place.handlers = null;
  }
}

/** Apart from the class: callbacks that were made in it would share a scope with who must not be held. */
function makeApp<Session>(uws: UwsModule, options: AppOptions, place: Place<Session>): TemplatedApp {
  const { path, notFound, limits } = options;
  return uws
    .App()
    .filter((response, change) => place.handlers?.counted(response, change))
    .ws<Session>(path, {
      ...limits,
      upgrade: (response, request, context) => place.handlers?.upgrade(response, request, context),
      open: (socket) => place.handlers?.open(socket),
      message: (socket, message, isBinary) => place.handlers?.message(socket, message, isBinary),
      ping: (socket, message) => place.handlers?.ping(socket, message),
      pong: (socket) => place.handlers?.pong(socket),
      drain: (socket) => place.handlers?.drain(socket),
      close: (socket) => place.handlers?.close(socket),
    })
    .any("/*", (response) => {
      response.writeStatus("404 Not Found").end(notFound, true);
    });
}
