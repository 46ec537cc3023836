// The sizes that limits.ts admits, all at once on one server: everybody is served and told, and nobody who reads is cut off. What it costs is
// for bench/together.ts.
import { expect, test } from "vitest";
import { atOnce } from "../../bench/at-once.ts";
import { ERRORS, Server } from "../outside/server.ts";

test("thousands of watches, waiters, grants and pools at once: everybody is served, and every reader knows of the last change", async () => {
  await using server = await Server.start();
  const { watched, crowded } = await atOnce(server, {
    watches: 5_000,
    crowded: 450,
    deaf: 500,
    returning: 100,
    log: 9_900,
    changes: 60,
    chain: 600,
    maintenance: 4_000,
    grants: 10_000,
    pools: 1_000,
  });
  expect([watched.ended, crowded.ended]).toEqual([0, 0]);
  expect(server.log.filter(({ level }) => ERRORS.includes(level))).toEqual([]);
});
