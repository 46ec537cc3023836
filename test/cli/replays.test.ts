// A few of what test/soak/replays.test.ts plays by the hundred.
import { afterAll, beforeAll, describe, test } from "vitest";
import { Server } from "../outside/server.ts";
import { CANCELS, type CiSystem, cancel, longPartition, shortPartition } from "./replay.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

describe.concurrent("no command outlives its lease", () => {
  for (const [at, system] of (Object.keys(CANCELS) as CiSystem[]).entries()) {
    test(`when ${system} cancels the job`, () => cancel(server, system, at, false));
  }
  test.each([0, 3])("when the network is away for twice the ttl (%i)", (round) => longPartition(server, round));
});

describe.concurrent("no command is touched", () => {
  test.each([0, 1])("when the network is away for a third of the ttl (%i)", (round) => shortPartition(server, round));
});
