/**
 * Names every skipped test with its reason at the end of a run, so that a green run says what it did not prove.
 * With CAMBIUM_REQUIRE_ALL=1, as on CI, where everything is installed, a skipped test fails the run.
 */
import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

export class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => skippedTests(module));
    for (const line of skipped) console.log(line);
    if (skipped.length > 0 && process.env["CAMBIUM_REQUIRE_ALL"] === "1") {
      console.error(`CAMBIUM_REQUIRE_ALL=1: ${skipped.length} skipped tests fail this run`);
      process.exitCode = 1;
    }
  }
}

function skippedTests(module: TestModule): string[] {
  const file = relative(process.cwd(), module.moduleId);
  return [...module.children.allTests("skipped")].map((test) => {
    const result = test.result();
    const reason = result.state === "skipped" ? result.note : undefined;
    return `skipped: ${file} > ${test.fullName}: ${reason ?? "no reason given; its set-up may have failed"}`;
  });
}
