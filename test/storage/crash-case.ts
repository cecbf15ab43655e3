/** One crash: a script is cut off at one operation, what survives is decided, and the contract is held against what is found. */
import { auditLookups, auditRecovered, auditSecondRecovery } from "./audit.ts";
import { Client, type End } from "./client.ts";
import type { Script } from "./crash-scripts.ts";
import { FakeDisk, untilCrash } from "./fake-disk.ts";
import type { Survival } from "./fake-files.ts";
import { Seeded } from "./seeded.ts";
import type { StorageMemory } from "./storage-memory.ts";
import { type StartOptions, StorageRun } from "./storage-run.ts";

export interface CrashCase {
  readonly script: Script;
  /** The operation that never happens. */
  readonly crashAt: number;
  readonly end: End;
  /** Of a power cut. */
  readonly survival: Survival;
  readonly seed: number;
  /** A second crash, at this operation of the recovery after the first; -1: none. */
  readonly againAt: number;
}

export function describeCase({ script, crashAt, end, survival, seed, againAt }: CrashCase): string {
  const again = againAt < 0 ? "" : `, again at ${againAt}`;
  return `"${script.name}", ${end} at ${crashAt}, ${survival} survives, seed ${seed}${again}`;
}

const LOG = "t-0";

/** @returns how many operations a script makes when nothing stops it */
export function operationsOf(script: Script, memory: StorageMemory): number {
  const disk = new FakeDisk(memory.memory.bytes);
  script.play(
    (options) => new StorageRun(disk, memory, { settings: script.settings, ...options }),
    new Client(LOG, script.total),
  );
  return disk.operations;
}

/** @throws AssertionError the contract does not hold */
export function runCase(crash: CrashCase, memory: StorageMemory): void {
  const { script, crashAt, end, survival, seed, againAt } = crash;
  const about = describeCase(crash);
  const disk = new FakeDisk(memory.memory.bytes);
  const client = new Client(LOG, script.total);
  const chance = new Seeded(seed);
  let boot = 1;
  const start = (options: StartOptions = {}): StorageRun =>
    new StorageRun(disk, memory, { settings: script.settings, bootId: `boot-${boot}`, ...options });
  const stopMachine = (): void => {
    if (end === "kill") disk.kill(chance);
    else {
      disk.powerCut(survival, chance);
      boot++;
    }
  };
  disk.crashAt = crashAt;
  untilCrash(() => script.play(start, client));
  client.settle();
  stopMachine();
  if (againAt >= 0) {
    disk.crashAt = disk.operations + againAt;
    untilCrash(() => start().open(LOG));
    stopMachine();
  }
  let run = start();
  run.open(LOG);
  auditRecovered(run, LOG, about);
  auditSecondRecovery(run, LOG, about);
  client.audit(run, script.failsSync === true ? "power cut" : end, about);
  auditLookups(run, LOG, about);
  if (end === "kill") {
    // What was found is readable, so it is durable by now: nothing of it may hang on the page cache any more.
    disk.powerCut("none", chance);
    boot++;
    run = start();
    run.open(LOG);
    auditRecovered(run, LOG, `${about}, then a power cut`);
    client.audit(run, "power cut", `${about}, then a power cut`);
  }
  client.send(run, client.total, 2);
  client.auditComplete(run, `${about}: after more appends`);
  run.stop();
  const last = start();
  last.open(LOG);
  auditRecovered(last, LOG, `${about}: after a clean stop`);
  client.auditComplete(last, `${about}: after a clean stop`);
}

/** Crashes of a script at every operation: a kill, a power cut that keeps nothing, and by `seeds` seeds ones that keep some. */
export function* crashesOf(script: Script, operations: number, seeds: number, firstSeed = 1): Generator<CrashCase> {
  for (let crashAt = 0; crashAt <= operations; crashAt++) {
    const base = { script, crashAt, seed: firstSeed, againAt: -1 };
    yield { ...base, end: "kill", survival: "all" };
    yield { ...base, end: "power cut", survival: "none" };
    for (let index = 0; index < seeds; index++) {
      const seed = firstSeed + index + crashAt * 1000;
      yield { ...base, end: "power cut", survival: "some", seed };
      // In one of two the machine dies again while it recovers.
      if ((crashAt + index) % 2 === 1) continue;
      const end = crashAt % 4 === 0 ? "kill" : "power cut";
      yield { ...base, end, survival: "some", seed, againAt: new Seeded(seed).below(20) };
    }
  }
}
