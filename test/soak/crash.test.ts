import { test } from "vitest";
import { endAtWork, killed, stopped } from "../faults/crash.ts";

const rounds = Number(process.env["ROUNDS"] ?? 50);
const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

test(`a server that is killed ${rounds} times under load loses nothing (ROUNDS=${rounds} SEED=${seed})`, {
  timeout: 60_000 + rounds * 30_000,
}, async () => {
  await endAtWork(killed, rounds, 64, seed);
});

test("a server that is stopped ten times under load loses nothing", { timeout: 400_000 }, async () => {
  await endAtWork(stopped, 10, 64, seed);
});
