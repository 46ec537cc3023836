// A name that nobody configured and that is near to a configured one: it is served, and what was probably meant is told.
import { afterAll, beforeAll, expect, test } from "vitest";
import { IfBusy } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
  await clients.environments.applyEnvironments({
    environments: [
      { name: "staging-1", capacity: 2 },
      { name: "load/eu", pool: "load" },
    ],
  });
});
afterAll(() => server[Symbol.asyncDispose]());

test("Check names what was probably meant, also of another pool and written in capitals", async () => {
  const { locks } = clients;
  for (const [name, meant] of [
    ["stagin-1", "staging-1"],
    ["Staging-1", "staging-1"],
    ["load-eu", "load/eu"],
  ] as const)
    expect(await locks.check({ environment: name })).toMatchObject({ available: true, misspellings: [{ name, didYouMean: [meant] }] });
  for (const known of ["staging-1", "nothing-like-it"]) expect((await locks.check({ environment: known })).misspellings).toEqual([]);
  expect((await locks.check({ pool: "load" })).misspellings).toEqual([]);
});

test("Acquire serves the name and tells it to everybody who asks, also from the line", async () => {
  const { locks } = clients;
  const misspellings = [{ name: "stagng-1", didYouMean: ["staging-1"] }];
  expect(await locks.acquire({ environment: "stagng-1" })).toMatchObject({ environmentCreated: true, misspellings });
  expect(await locks.acquire({ needs: [{ environment: "other" }, { environment: "stagng-1" }] })).toMatchObject({
    lease: { state: LeaseState.QUEUED },
    misspellings,
  });
  expect((await locks.acquire({ environment: "staging-1" })).misspellings).toEqual([]);
});

test("a refusal that the name may be the cause of tells it as well", async () => {
  const { locks } = clients;
  await locks.acquire({ environment: "stagign-1" });
  const busy = await failureOf(locks.acquire({ environment: "stagign-1", ifBusy: IfBusy.FAIL }));
  expect(busy.rawMessage).toMatch(/; did you mean "staging-1"\?$/);
  const slots = { needs: [{ environment: "staging-l", slots: 2 }] };
  expect(await locks.acquire(slots)).toMatchObject({ lease: { state: LeaseState.ENDED }, misspellings: [{ name: "staging-l" }] });
  const never = await failureOf(locks.acquire({ ...slots, ifBusy: IfBusy.FAIL }));
  expect(never.rawMessage).toMatch(/; did you mean "staging-1"\?$/);
});

test("it is over when the name is configured, and begins when a near one is; a restart changes nothing", async () => {
  const { locks, environments } = clients;
  await locks.acquire({ environment: "nightly-2" });
  expect(await environments.getEnvironment({ environment: "nightly-2" })).toMatchObject({ environment: { onDemand: true } });
  expect(await environments.applyEnvironments({ environments: [{ name: "nightly-1" }] })).toMatchObject({ autoCreate: true });
  const told = async () => (await locks.check({ environment: "nightly-2" })).misspellings.flatMap(({ didYouMean }) => didYouMean);
  expect(await told()).toEqual(["nightly-1"]);
  await server.stop();
  await server.restart();
  expect(await told()).toEqual(["nightly-1"]);
  await environments.applyEnvironments({ environments: [{ name: "nightly-2" }] });
  expect(await told()).toEqual([]);
  expect(await environments.getEnvironment({ environment: "nightly-2" })).toMatchObject({ environment: { onDemand: false } });
  await environments.deleteEnvironment({ environment: "nightly-1" });
  expect(await locks.check({ environment: "nightly-11" })).toMatchObject({ misspellings: [{ didYouMean: ["nightly-2"] }] });
});
