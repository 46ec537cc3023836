import { defineConfig } from "vitest/config";

/** What needs a whole other system: a registry to install from, Jenkins' Groovy, chromium, schemathesis, Go. */
const SYSTEMS = [
  "test/browser/**/*.test.ts",
  "test/clients/package.test.ts",
  "test/integrations/jenkins.test.ts",
  "test/outside/schemathesis.test.ts",
  "test/page/**/*.test.ts",
  "test/project/bench.test.ts",
  "test/project/package.test.ts",
];

/**
 * By vitest's mode: `npm run soak` is what takes hours, `npm run test:systems` what needs another system, `npm test` all the rest,
 * and `npm run test:indirect` the part of it that calls a server, another way.
 */
const SUITES: Readonly<Record<string, { include: string[]; exclude: string[] }>> = {
  soak: { include: ["test/soak/**/*.test.ts"], exclude: [] },
  systems: { include: SYSTEMS, exclude: [] },
  indirect: { include: ["test/outside/**/*.test.ts"], exclude: SYSTEMS },
  test: { include: ["test/**/*.test.ts"], exclude: ["test/soak/**", ...SYSTEMS] },
};

export default defineConfig(({ mode }) => ({
  test: {
    ...SUITES[mode],
    globalSetup: "test/packed.ts",
    pool: "forks",
    // More than two cores: what runs in them waits a third of its time, for a ttl or another process.
    maxWorkers: mode === "soak" ? 2 : 3,
    // No test needs so long on a quiet machine; a busy one is no reason to fail.
    testTimeout: mode === "soak" ? 600_000 : 120_000,
    hookTimeout: 120_000,
    reporters: ["default"],
  },
}));
