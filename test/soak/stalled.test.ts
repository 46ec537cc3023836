import { afterAll, beforeAll, test } from "vitest";
import { inParallel } from "../cli/replay.ts";
import { cutOffWhileStalled, forcedWhileStalled } from "../cli/stalled.ts";
import { Server } from "../outside/server.ts";

const rounds = Number(process.env["ROUNDS"] ?? 200);
/** At once; each is a process of Node, a shell and its child. */
const width = 8;
const timeout = 60_000 + rounds * 4_000;

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

test(`in ${rounds} force-releases with a stalled stderr the command is dead before the next grant`, { timeout }, async () => {
  await inParallel(rounds, width, (round) => forcedWhileStalled(server, round));
});

test(`in ${rounds} partitions with a stalled stderr the command is dead before the next grant`, { timeout }, async () => {
  await inParallel(rounds, width, (round) => cutOffWhileStalled(server, round));
});
