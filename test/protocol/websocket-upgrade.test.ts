import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import {
  checkUpgrade,
  expectedAccept,
  parseUpgradeResponse,
  type UpgradeResponse,
  upgradeRequest,
} from "../../src/protocol/websocket-upgrade.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

function response(...lines: string[]): UpgradeResponse | null {
  return parseUpgradeResponse(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n`));
}

const good = [
  "HTTP/1.1 101 Switching Protocols",
  "Upgrade: websocket",
  "Connection: keep-alive, Upgrade",
  `Sec-WebSocket-Accept: ${accept}`,
];

test("the accept value of the RFC's own example", () => {
  const sha1Base64 = (text: string) => createHash("sha1").update(text).digest("base64");
  expect(expectedAccept(key, sha1Base64)).toBe(accept);
});

test("the request", () => {
  const headers = { Authorization: "Bearer t" };
  expect(upgradeRequest({ host: "localhost:4500", path: "/", key, headers })).toBe(
    [
      "GET / HTTP/1.1",
      "Host: localhost:4500",
      "Upgrade: websocket",
      "Connection: Upgrade",
      `Sec-WebSocket-Key: ${key}`,
      "Sec-WebSocket-Version: 13",
      "Authorization: Bearer t",
      "",
      "",
    ].join("\r\n"),
  );
});

test.each([
  { host: "a\r\nX: y", path: "/" },
  { host: "a", path: "/ HTTP/1.1\r\nX: y" },
  { host: "a", path: "/b c" },
  { host: "a", path: "/", headers: { A: "b\r\nX: y" } },
])("a part that would break out of its line is refused: %j", (request) => {
  expect(() => upgradeRequest({ ...request, key })).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
});

test("an answer is complete with its empty line, and not a byte sooner", () => {
  const bytes = new TextEncoder().encode(`${good.join("\r\n")}\r\n\r\n`);
  for (let size = 0; size < bytes.length; size++) expect(parseUpgradeResponse(bytes.subarray(0, size))).toBeNull();
  const parsed = parseUpgradeResponse(Uint8Array.from([...bytes, 0x82, 0]));
  expect(parsed?.size).toBe(bytes.length);
  expect(parsed?.status).toBe(101);
  checkUpgrade(parsed!, accept);
});

test("header names have no case, and repeated ones are joined", () => {
  expect(response("HTTP/1.1 200 OK", "VARY: a", "vary:b", "empty:")?.headers).toEqual(
    new Map([
      ["vary", "a, b"],
      ["empty", ""],
    ]),
  );
});

test.each([["220 mail.example ESMTP"], ["HTTP/2 200"], ["HTTP/1.1 99 ?"], [""]])("%j is not an HTTP answer", (line) => {
  expect(() => response(line, "A: b")).toThrow(expect.objectContaining({ code: "PROTOCOL_VIOLATION" }));
});

test("a head that does not end is refused at 16 KiB", () => {
  const endless = new TextEncoder().encode(`HTTP/1.1 101 x\r\nA: ${"b".repeat(16 * 1024)}`);
  expect(() => parseUpgradeResponse(endless)).toThrow(expect.objectContaining({ code: "PROTOCOL_VIOLATION" }));
});

test.each([
  ["AUTHENTICATION_FAILED", ["HTTP/1.1 401 Unauthorized"]],
  ["AUTHENTICATION_FAILED", ["HTTP/1.1 403 Forbidden"]],
  ["BUSY", ["HTTP/1.1 503 Service Unavailable"]],
  ["PROTOCOL_VIOLATION", ["HTTP/1.1 200 OK"]],
  ["PROTOCOL_VIOLATION", good.filter((line) => !line.startsWith("Upgrade"))],
  ["PROTOCOL_VIOLATION", good.filter((line) => !line.startsWith("Connection"))],
  ["PROTOCOL_VIOLATION", good.filter((line) => !line.startsWith("Sec-WebSocket-Accept"))],
  ["PROTOCOL_VIOLATION", good.map((line) => line.replace(accept, "AAAA"))],
  ["PROTOCOL_VIOLATION", [...good, "Sec-WebSocket-Extensions: permessage-deflate"]],
  ["PROTOCOL_VIOLATION", [...good, "Sec-WebSocket-Protocol: chat"]],
])("%s: %j", (code, lines) => {
  expect(() => checkUpgrade(response(...lines)!, accept)).toThrow(expect.objectContaining({ code }));
});

test("a subprotocol is offered, and must be the one chosen", () => {
  expect(upgradeRequest({ host: "a", path: "/", key, protocol: "cambium.v1" })).toContain(
    "\r\nSec-WebSocket-Protocol: cambium.v1\r\n",
  );
  const chosen = (protocol: string): UpgradeResponse => response(...good, `Sec-WebSocket-Protocol: ${protocol}`)!;
  checkUpgrade(chosen("cambium.v1"), accept, "cambium.v1");
  const refusal = expect.objectContaining({ code: "PROTOCOL_VIOLATION" });
  expect(() => checkUpgrade(chosen("chat"), accept, "cambium.v1")).toThrow(refusal);
  expect(() => checkUpgrade(response(...good)!, accept, "cambium.v1")).toThrow(refusal);
});
