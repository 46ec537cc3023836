import { defineConfig } from "vitest/config";

/** `npm test` runs all but test/soak; `npm run soak` (vitest's mode "soak") runs that alone. */
export default defineConfig(({ mode }) => ({
  test: {
    include: mode === "soak" ? ["test/soak/**/*.test.ts"] : ["test/**/*.test.ts"],
    exclude: mode === "soak" ? [] : ["test/soak/**"],
    globalSetup: "test/packed.ts",
    pool: "forks",
    maxWorkers: 2,
    // No test needs so long on a quiet machine; a busy one is no reason to fail.
    testTimeout: mode === "soak" ? 600_000 : 60_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
}));
