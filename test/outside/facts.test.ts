// What holders tell of their environments, and everybody sees.
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FactSchema, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { alikeOn, startBoth } from "./both-ways.ts";
import { type Clients, clientsOf, failureOf, leaseIn, ownerOf, refusal, seconds } from "./clients.ts";
import { CurlLines, post } from "./curl.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

async function factsOf(environment: string): Promise<Record<string, string>> {
  const { environments } = await clients.locks.check({ environment });
  const facts = Object.entries(environments[0]?.facts ?? {});
  return Object.fromEntries(facts.map(([name, { value, holder }]) => [name, `${value} by ${holder?.name}`]));
}

test("Check, GetEnvironment, ListEnvironments and watches show who told them, and when; they outlive the lease and a restart", async () => {
  await using own = await Server.start();
  const { locks, environments } = clientsOf(own);
  const holder = { name: "checkout #4711", runUrl: "https://ci.example/4711" };
  const lease = leaseIn(await locks.acquire({ environment: "uat", holder }));
  const url = `${own.url}/watch?environment=uat`;
  await using watched = new CurlLines(["-H", `x-api-key: ${own.key}`, url]);
  expect(await watched.next()).toMatchObject({ kind: "WATCH_KIND_SNAPSHOT" });
  await ownerOf(own, lease).renew({ leaseId: lease.id, facts: { version: "1.2.3", sha: "abc" } });
  const told = { environments: [{ facts: { version: { value: "1.2.3", leaseId: lease.id, holder } } }] };
  expect(await watched.next()).toMatchObject({ kind: "WATCH_KIND_CHANGE", ...told });
  await locks.renew({ leaseId: lease.id, facts: { version: "1.2.3" } });
  await locks.release({ leaseId: lease.id, facts: { sha: "def" } });
  // The Renew that told nothing new was no change.
  expect(await watched.next()).toMatchObject({
    cause: { state: "LEASE_STATE_ENDED" },
    environments: [{ facts: { sha: { value: "def" } } }],
  });
  const facts = {
    version: { value: "1.2.3", leaseId: lease.id, holder, at: { seconds: lease.grantedAt?.seconds } },
    sha: { value: "def", leaseId: lease.id, holder },
  };
  for (const life of [1, 2]) {
    expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ facts: { sha: facts.sha } }]);
    expect(await environments.getEnvironment({ environment: "uat" })).toMatchObject({
      environment: { facts: { version: { value: "1.2.3" } } },
      status: { facts: { sha: facts.sha } },
    });
    expect((await environments.listEnvironments({})).environments).toMatchObject([{ facts: { sha: facts.sha } }]);
    if (life === 1) {
      await own.kill9();
      await own.restart();
    }
  }
});

test("they go to every environment of the lease, and the next holder's replace those of the same name", async () => {
  const needs = [{ environment: "two-a" }, { environment: "two-b" }];
  const first = leaseIn(await clients.locks.acquire({ needs, holder: { name: "first" } }));
  await clients.locks.release({ leaseId: first.id, facts: { version: "1", sha: "abc" } });
  const next = leaseIn(await clients.locks.acquire({ environment: "two-a", holder: { name: "next" } }));
  await clients.locks.renew({ leaseId: next.id, facts: { version: "2", sha: "" } });
  expect([await factsOf("two-a"), await factsOf("two-b")]).toEqual([
    { version: "2 by next" },
    { version: "1 by first", sha: "abc by first" },
  ]);
});

test("who waits tells none, and the answer's state says so; nor does a lease that has ended", async () => {
  const holder = leaseIn(await clients.locks.acquire({ environment: "busy" }));
  const waiter = leaseIn(await clients.locks.acquire({ environment: "busy", requestId: "waits", ticketTtl: seconds(60) }));
  const facts = { version: "9" };
  expect((await clients.locks.renew({ leaseId: waiter.id, facts })).lease?.state).toBe(LeaseState.QUEUED);
  await clients.locks.release({ leaseId: waiter.id, facts });
  await clients.locks.release({ leaseId: holder.id });
  expect(await clients.locks.release({ leaseId: holder.id, facts })).toMatchObject({ alreadyEnded: true });
  expect(await refusal(clients.locks.renew({ leaseId: holder.id, facts }))).toBe("failed_precondition LEASE_ENDED");
  expect(await factsOf("busy")).toEqual({});
});

test("a Release by environment tells them, too", async () => {
  await clients.locks.acquire({ environment: "by-name" });
  await clients.locks.release({ environment: "by-name", facts: { sha: "abc" } });
  expect(await factsOf("by-name")).toEqual({ sha: "abc by " });
});

test("applying what was listed leaves them as they are, and a deleted environment takes them along", async () => {
  const lease = leaseIn(await clients.locks.acquire({ environment: "listed" }));
  await clients.locks.release({ leaseId: lease.id, facts: { sha: "abc" } });
  const { environment } = await clients.environments.getEnvironment({ environment: "listed" });
  if (environment === undefined) throw new Error("it is not there");
  await clients.environments.applyEnvironments({
    environments: [{ ...environment, facts: { other: create(FactSchema, { value: "forged" }) } }],
  });
  expect(await factsOf("listed")).toEqual({ sha: "abc by " });
  await clients.environments.deleteEnvironment({ environment: "listed" });
  await clients.environments.applyEnvironments({ environments: [{ name: "listed" }] });
  expect(await factsOf("listed")).toEqual({});
});

test.each<[string, Record<string, string>, string]>([
  ["more than sixteen", Object.fromEntries(Array.from({ length: 17 }, (_, n) => [`f${n}`, "v"])), "facts: has 17 entries"],
  ["a name that is empty", { "": "v" }, 'facts: "" is no name of a fact'],
  ["a name with a space", { "a b": "v" }, '"a b" is no name'],
  ["a name that is too long", { ["x".repeat(65)]: "v" }, "is no name"],
  ["a text that is too long", { version: "x".repeat(257) }, 'facts["version"]: has 257 characters'],
  ["a text of two lines", { version: "a\nb" }, 'facts["version"]'],
])("%s is refused, by Renew and by Release, which then ends nothing", async (_, facts, message) => {
  const lease = leaseIn(await clients.locks.acquire({ environment: "refused" }));
  const asked = { leaseId: lease.id, facts };
  for (const call of [() => clients.locks.renew(asked), () => clients.locks.release(asked)]) {
    const error = await failureOf(call());
    expect(await refusal(Promise.reject(error))).toBe("invalid_argument BAD_FIELD");
    expect(error.message).toContain(message);
  }
  expect((await clients.locks.release({ leaseId: lease.id })).alreadyEnded).toBe(false);
});

test("both ways to answer say the same", async () => {
  const servers = await startBoth();
  const facts = { version: "1.2.3", "a/b.c-d_e": 'Größe "ä"' };
  const body = await alikeOn(servers, async (one) => {
    const lease = leaseIn(await clientsOf(one).locks.acquire({ environment: "uat", holder: { name: "h" } }));
    expect((await post(one, "LockService/Renew", { leaseId: lease.id, facts })).status).toBe(200);
    // Times and ids differ.
    return (await post(one, "LockService/Check", { environment: "uat" })).body.replace(
      /"(at|since|until|latestEnd|leaseId)":"[^"]*"/g,
      '"$1":""',
    );
  });
  expect(JSON.parse(body)).toMatchObject({ environments: [{ facts: { version: { value: "1.2.3", holder: { name: "h" } } } }] });
  for (const one of servers) await one[Symbol.asyncDispose]();
});
