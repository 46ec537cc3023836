import { expect, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { clientsOf, fenceOf, leaseIn } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { endAtWork, killed } from "./crash.ts";

test("a server that is killed at work loses nothing that it acknowledged", { timeout: 90_000 }, async () => {
  await endAtWork(killed, 4, 24, Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31)));
});

test("a line stands after kill -9 as it stood before: the same leases, lease tokens and positions, served in the same order", async () => {
  await using server = await Server.start();
  const { locks } = clientsOf(server);
  const ask = (name: string) => locks.acquire({ environment: "uat", requestId: name });
  const names = Array.from({ length: 12 }, (_, place) => `job ${place}`);
  const stand = async () => {
    const answers: Awaited<ReturnType<typeof ask>>[] = [];
    for (const name of names) answers.push(await ask(name));
    return answers.map(({ lease, leaseToken }) => ({ leaseToken, id: lease?.id, state: lease?.state, position: lease?.position }));
  };
  const before = await stand();
  expect(before.map(({ position }) => position)).toEqual(names.map((_, place) => place));
  for (let times = 0; times < 2; times++) {
    await server.kill9();
    await server.restart();
    expect(await stand()).toEqual(before);
  }
  const tokens: bigint[] = [];
  for (const [place, name] of names.entries()) {
    const lease = leaseIn(await ask(name));
    expect(lease).toMatchObject({ id: before[place]?.id, state: LeaseState.HELD });
    tokens.push(fenceOf(lease));
    await locks.release({ leaseId: lease.id });
  }
  expect(tokens).toEqual(tokens.toSorted((a, b) => (a < b ? -1 : 1)));
  expect(new Set(tokens).size).toBe(names.length);
});
