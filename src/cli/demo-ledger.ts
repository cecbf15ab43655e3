/**
 * What was sent, where the broker said it went, and what came back: count, order and bytes of one topic.
 *
 * The digest of a topic is the SHA-256 over those of its partitions, each over its values in order of offset, each value
 * behind its length. The one expected is computed from the data set, the other from what was consumed.
 */
import { createHash, type Hash } from "node:crypto";
import type { DemoRecord } from "./demo-data-sets.ts";

export interface Verification {
  readonly records: number;
  readonly expectedRecords: number;
  /** Keys whose values came in another order, or not all, or not alone. */
  readonly disorderedKeys: number;
  readonly keys: number;
  readonly sha256: string;
  readonly expectedSha256: string;
  readonly verified: boolean;
}

export class DemoLedger {
  readonly bytes: number;
  readonly #records: readonly DemoRecord[];
  /** By partition and offset the index of the record that was acknowledged there. */
  readonly #places: number[][];
  readonly #hashes: Hash[];
  readonly #keyHashes = new Map<string, Hash>();
  #acknowledged = 0;
  #consumed = 0;

  constructor(records: readonly DemoRecord[], partitions: number) {
    this.#records = records;
    this.#places = Array.from({ length: partitions }, () => []);
    this.#hashes = Array.from({ length: partitions }, () => createHash("sha256"));
    this.bytes = records.reduce((sum, { value }) => sum + Buffer.byteLength(value), 0);
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  acknowledge(index: number, partition: number, offset: number): void {
    this.#acknowledged++;
    this.#places[partition]![offset] = index;
  }

  consume(partition: number, key: string | null, value: Uint8Array): void {
    this.#consumed++;
    update(this.#hashes[partition]!, value);
    if (key !== null) update(hashOf(this.#keyHashes, key), value);
  }

  verify(): Verification {
    const expectedKeys = new Map<string, Hash>();
    for (const { key, value } of this.#records) if (key !== null) update(hashOf(expectedKeys, key), bytesOf(value));
    const digests = digestsOf(this.#keyHashes);
    const expectedDigests = digestsOf(expectedKeys);
    const keys = new Set([...digests.keys(), ...expectedDigests.keys()]);
    const disorderedKeys = [...keys].filter((key) => digests.get(key) !== expectedDigests.get(key)).length;
    const sha256 = combined(this.#hashes);
    const expectedSha256 = combined(this.#places.map((places) => this.#expected(places)));
    const expectedRecords = this.#records.length;
    const verified = this.#consumed === expectedRecords && disorderedKeys === 0 && sha256 === expectedSha256;
    return {
      records: this.#consumed,
      expectedRecords,
      disorderedKeys,
      keys: keys.size,
      sha256,
      expectedSha256,
      verified,
    };
  }

  #expected(places: readonly number[]): Hash {
    const hash = createHash("sha256");
    for (const index of places) {
      // A hole: an offset that was never acknowledged, though one behind it was.
      if (index === undefined) hash.update("?");
      else update(hash, bytesOf(this.#records[index]!.value));
    }
    return hash;
  }
}

function bytesOf(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? Buffer.from(value) : value;
}

function update(hash: Hash, value: Uint8Array): void {
  hash.update(`${value.length}:`).update(value);
}

function hashOf(hashes: Map<string, Hash>, key: string): Hash {
  const known = hashes.get(key);
  if (known !== undefined) return known;
  const hash = createHash("sha256");
  hashes.set(key, hash);
  return hash;
}

function digestsOf(hashes: ReadonlyMap<string, Hash>): Map<string, string> {
  return new Map([...hashes].map(([key, hash]) => [key, hash.digest("hex")]));
}

function combined(hashes: readonly Hash[]): string {
  const all = createHash("sha256");
  for (const hash of hashes) all.update(hash.digest());
  return all.digest("hex");
}
