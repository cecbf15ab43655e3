/** A fake broker and clients of it, closed after each test. */
import { afterEach } from "vitest";
import type { BrokerError } from "../../src/base/errors.ts";
import { type Client, type ConnectOptions, connect } from "../../src/client/index.ts";
import { FakeBroker } from "./fake-broker.ts";

const open: { close(): Promise<unknown> }[] = [];

afterEach(async () => {
  // Last in, first out. What a test made fail on purpose may be told again by close.
  for (const { close } of open.splice(0).reverse()) await close().catch(() => {});
});

export function closeLater<Closable extends { close(): Promise<unknown> }>(closable: Closable): Closable {
  open.push({ close: () => closable.close() });
  return closable;
}

export async function startFakeBroker(): Promise<FakeBroker> {
  return closeLater(await FakeBroker.start());
}

export async function connectTo(broker: { readonly server: string }, options: ConnectOptions = {}): Promise<Client> {
  const client = await connect({ server: broker.server, reconnectMinMs: 5, reconnectMaxMs: 50, ...options });
  return closeLater(client);
}

/** Resolves once the condition holds. */
/** @returns the code of the error with which the promise is rejected; "none": it is not */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return "none";
  } catch (error) {
    return (error as BrokerError).code ?? String(error);
  }
}
