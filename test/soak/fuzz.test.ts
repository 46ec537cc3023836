// ROUNDS=1000000 npm run soak -- test/soak/fuzz.test.ts: requests that were changed at random, and none is answered with `internal`.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Dice, fuzzHttp1, fuzzHttp2 } from "../abuse/fuzz.ts";
import { Tally } from "../abuse/peer.ts";
import { Server } from "../outside/server.ts";

const rounds = Number(process.env["ROUNDS"] ?? 100_000);
const chunk = 10_000;
const timeout = 60_000 + rounds * 10;

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

test(`${rounds} changed requests: the process lives, and no answer is internal`, { timeout }, async () => {
  const tally = new Tally();
  for (let seed = 0; seed * chunk < rounds; seed++) {
    const count = Math.min(chunk, rounds - seed * chunk);
    const lanes = Array.from({ length: 4 }, (_, lane) => fuzzHttp1(server, new Dice(10 * seed + lane), Math.ceil(count / 8), tally));
    await Promise.all([...lanes, fuzzHttp2(server, new Dice(10 * seed + 9), Math.ceil(count / 2), tally)]);
    expect((await fetch(`${server.url}/readyz`)).status, `after seed ${seed}`).toBe(200);
    expect(tally.counts["internal"], `seed ${seed}: ${JSON.stringify(tally.counts)}`).toBeUndefined();
    expect(server.complaints, `seed ${seed}`).toEqual([]);
  }
  expect(tally.counts["requests"]).toBeGreaterThanOrEqual(rounds);
  process.stdout.write(`${JSON.stringify(tally.counts)}\n`);
});
