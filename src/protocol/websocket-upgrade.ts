/** How an HTTP/1.1 connection becomes a WebSocket (RFC 6455, section 4.1): a client's request and a server's answer. */
import { BrokerError } from "../base/errors.ts";
import { KIB } from "../base/units.ts";

/** Appended to the key before hashing; the RFC chose it. */
const ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An answer's head that is still incomplete at this size is no WebSocket server's. */
const HEAD_BYTES_MAX = 16 * KIB;

export interface UpgradeRequest {
  /** As in the URL, with the port unless it is the default one. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
  /** 16 random bytes in base64. */
  readonly key: string;
  /** The subprotocol that is offered. */
  readonly protocol?: string;
  /** Further headers: authorization. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * @returns the request's text; ASCII if its parts are
 * @throws BrokerError INVALID_OPTION  a part would break out of its line
 */
export function upgradeRequest(request: UpgradeRequest): string {
  const lines = [
    `GET ${request.path} HTTP/1.1`,
    `Host: ${request.host}`,
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${request.key}`,
    "Sec-WebSocket-Version: 13",
    ...(request.protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${request.protocol}`]),
    ...Object.entries(request.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  if (/\s/.test(request.path) || lines.some((line) => /[\r\n\0]/.test(line)))
    throw new BrokerError("INVALID_OPTION", "the URL or a header of the connection holds a line break or a space");
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/**
 * @param key        the request's
 * @param sha1Base64 the SHA-1 digest of a text, in base64
 * @returns the Sec-WebSocket-Accept that proves the server has understood
 */
export function expectedAccept(key: string, sha1Base64: (text: string) => string): string {
  return sha1Base64(key + ACCEPT_GUID);
}

export interface UpgradeResponse {
  /** Bytes of the head; what follows them is already WebSocket. */
  readonly size: number;
  readonly status: number;
  /** By lower-case name; values of a repeated header are joined by ", ". */
  readonly headers: ReadonlyMap<string, string>;
}

/**
 * @param bytes received so far
 * @returns null: the head is not complete yet
 * @throws BrokerError PROTOCOL_VIOLATION  this is not an HTTP/1 answer
 */
export function parseUpgradeResponse(bytes: Uint8Array): UpgradeResponse | null {
  const size = headSize(bytes);
  if (size === 0) {
    if (bytes.length >= HEAD_BYTES_MAX) refuse("the answer's head does not end");
    return null;
  }
  // One character per byte, as HTTP heads are read.
  const head = String.fromCharCode(...bytes.subarray(0, size - 4));
  const [statusLine = "", ...headerLines] = head.split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(statusLine)?.[1];
  if (status === undefined) refuse("the answer is not HTTP/1");

  const headers = new Map<string, string>();
  for (const line of headerLines) {
    const colon = line.indexOf(":");
    if (colon <= 0) refuse("a header of the answer has no name");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { size, status: Number(status), headers };
}

/**
 * @param accept   what expectedAccept says
 * @param protocol the subprotocol that was offered; the server must have chosen it
 * @throws BrokerError AUTHENTICATION_FAILED  the server answered 401 or 403
 * @throws BrokerError BUSY                   the server answered 503
 * @throws BrokerError PROTOCOL_VIOLATION     any other answer than the upgrade that was asked for
 */
export function checkUpgrade(response: UpgradeResponse, accept: string, protocol?: string): void {
  const { status, headers } = response;
  const details = { status };
  if (status === 401 || status === 403)
    throw new BrokerError("AUTHENTICATION_FAILED", `the broker answered ${status}`, { details });
  if (status === 503) throw new BrokerError("BUSY", "the broker takes no connections now", { details });
  if (status !== 101) refuse(`the broker answered ${status}, not 101`);
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") refuse("the broker upgrades to something else");
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.get("connection") ?? "")) refuse("the broker does not upgrade");
  if (headers.get("sec-websocket-accept") !== accept) refuse("the broker did not prove that it speaks WebSocket");
  if (headers.has("sec-websocket-extensions")) refuse("the broker uses an extension that was not offered");
  if (headers.get("sec-websocket-protocol") !== protocol)
    refuse("the other end does not speak the subprotocol offered");
}

/** @returns bytes up to and with the empty line, 0 if there is none */
function headSize(bytes: Uint8Array): number {
  const searched = Math.min(bytes.length, HEAD_BYTES_MAX);
  for (let at = bytes.indexOf(0x0d); at !== -1 && at + 4 <= searched; at = bytes.indexOf(0x0d, at + 1))
    if (bytes[at + 1] === 0x0a && bytes[at + 2] === 0x0d && bytes[at + 3] === 0x0a) return at + 4;
  return 0;
}

function refuse(message: string): never {
  throw new BrokerError("PROTOCOL_VIOLATION", message);
}
