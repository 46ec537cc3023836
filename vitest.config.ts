import { defineConfig } from "vitest/config";

/** `npm test` runs all but test/soak; `npm run soak` (vitest's mode "soak") runs that alone. */
export default defineConfig(({ mode }) => ({
  test: {
    include: mode === "soak" ? ["test/soak/**/*.test.ts"] : ["test/**/*.test.ts"],
    exclude: mode === "soak" ? [] : ["test/soak/**"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: mode === "soak" ? 600_000 : 20_000,
    hookTimeout: 20_000,
    reporters: ["default"],
  },
}));
