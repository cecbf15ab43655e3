/**
 * Kills the broker (kill -9) in the middle of `cambium produce` and audits what is there after a restart.
 *
 *   npm run test:kill -- [--rounds 20] [--seed N]
 *
 * Exits 1 if an acknowledged record is missing, or anything came twice, out of order or altered.
 */
import { faultsIn, runKills } from "../test/cli/kill-run.ts";
import { scriptArguments } from "./script-options.ts";

const { values: options } = scriptArguments(import.meta.filename, { rounds: 20, seed: 1 + (Date.now() % 1_000_000) });
console.log(`${options.rounds} rounds, seed ${options.seed}`);
const rounds = await runKills(options, (result) => {
  const { round, durability, producer, killedAfterMs, written, acknowledgedBefore, acknowledged, consumed } = result;
  const { lost, duplicated, reordered, altered, holes } = result;
  console.log(
    `round ${round} (${durability}, killed ${killedAfterMs} ms after the first acknowledgement, the producer ${producer}): ` +
      `written ${written}, acknowledged ${acknowledged} (${acknowledgedBefore} before the kill), there ${consumed}; ` +
      `lost ${lost}, twice ${duplicated}, out of order ${reordered}, altered ${altered}, holes ${holes}`,
  );
});
const sum = (count: (round: (typeof rounds)[number]) => number): number =>
  rounds.reduce((total, round) => total + count(round), 0);
console.log(
  `${rounds.length} kills: ${sum(({ acknowledged }) => acknowledged)} records acknowledged, ` +
    `${sum(({ consumed }) => consumed)} there; ${sum(({ lost }) => lost)} lost, ${sum(faultsIn)} faults in all`,
);
process.exitCode = sum(faultsIn) === 0 ? 0 : 1;
