import { describe, test } from "vitest";
import { crashesOf, describeCase, operationsOf, runCase } from "./crash-case.ts";
import { scripts } from "./crash-scripts.ts";
import { StorageMemory } from "./storage-memory.ts";

const memory = new StorageMemory();
/** scripts/crash-log.ts takes more. */
const SEEDS = 1;

describe("a crash at any disk operation loses nothing that was acknowledged and shows nothing that was not written", () => {
  for (const script of scripts) {
    test(script.name, () => {
      for (const crash of crashesOf(script, operationsOf(script, memory), SEEDS)) {
        try {
          runCase(crash, memory);
        } catch (error) {
          throw new Error(describeCase(crash), { cause: error });
        }
      }
    });
  }
});
