import { afterAll, beforeAll, test } from "vitest";
import { CANCELS, type CiSystem, cancel, inParallel, longPartition, shortPartition } from "../cli/replay.ts";
import { Server } from "../outside/server.ts";

const rounds = Number(process.env["ROUNDS"] ?? 200);
/** At once; each is a process of Node, a shell and its child. */
const width = 12;
const timeout = 60_000 + rounds * 4_000;

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

for (const system of Object.keys(CANCELS) as CiSystem[]) {
  test(`${rounds} jobs that ${system} cancels leave no orphan, and their leases end in time`, { timeout }, async () => {
    await inParallel(rounds, width, (round) => cancel(server, system, round, true));
  });
}

test(`in ${rounds / 2} partitions of twice the ttl the command is dead before the server's expiry`, { timeout }, async () => {
  await inParallel(rounds / 2, width, (round) => longPartition(server, round));
});

test(`in ${rounds / 2} partitions of a third of the ttl the command lives on`, { timeout }, async () => {
  await inParallel(rounds / 2, width, (round) => shortPartition(server, round));
});
