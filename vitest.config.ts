import { defineConfig } from "vitest/config";
import { SkipReporter } from "./scripts/skip-reporter.ts";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    environment: "node",
    setupFiles: ["test/seed.ts"],
    // Processes, not threads: a broker under test starts worker threads of its own and may be killed.
    pool: "forks",
    // Two, however many cores: integration tests measure time, and two is what the smallest machine has.
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ["default", new SkipReporter()],
  },
});
