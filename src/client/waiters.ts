/** Those who wait for the same thing. Who gives up is forgotten at once. */
import type { BrokerError } from "../base/errors.ts";
import type { OnAbort } from "./until-aborted.ts";

interface Waiter {
  resolve(): void;
  reject(error: BrokerError): void;
}

export class Waiters {
  #all = new Set<Waiter>();

  wait(onAbort: OnAbort): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#all.add(waiter);
      onAbort(() => this.#all.delete(waiter));
    });
  }

  resolveAll(): void {
    for (const waiter of this.#take()) waiter.resolve();
  }

  rejectAll(error: BrokerError): void {
    for (const waiter of this.#take()) waiter.reject(error);
  }

  #take(): ReadonlySet<Waiter> {
    const all = this.#all;
    if (all.size > 0) this.#all = new Set();
    return all;
  }
}
