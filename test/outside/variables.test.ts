import type { MessageInitShape } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { spoken } from "../../cli/words/phrases.ts";
import type { EnvironmentSchema } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import {
  EnvironmentState,
  EnvironmentStateSchema,
  type Lease,
  type LeasedEnvironment,
  LeaseState,
} from "../../gen/ts/callme/v1/types_pb.ts";
import { alikeOn, startBoth } from "./both-ways.ts";
import { type Clients, clientsOf, failureOf, leaseIn, ownerOf, refusal, seconds, TRANSPORTS, type TransportName } from "./clients.ts";
import { post } from "./curl.ts";
import { Server } from "./server.ts";

const PASSWORD = 'hunter2-äöü-"quoted"';
const SERIAL = "serial-of-slot-3\nwith two lines";
const SECRETS = { CALL_ME_SECRET_DB: PASSWORD, CALL_ME_SECRET_SERIAL: SERIAL, CALL_ME_SECRET_EMPTY: "", OTHER_SECRET: "not-for-anybody" };

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start(SECRETS);
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

type Environment = MessageInitShape<typeof EnvironmentSchema>;
const SECRET = { fromEnv: "CALL_ME_SECRET_DB", secret: true };

function apply(...environments: Environment[]) {
  return clients.environments.applyEnvironments({ environments });
}

/** What a lease tells of its first environment, without what is the same for every caller. */
function givenBy(answer: { readonly lease?: Lease | undefined }): Partial<LeasedEnvironment> {
  const { variables, slotVariables, secretVariables, missingVariables } = leaseIn(answer).environments[0] ?? {};
  return {
    ...(variables && { variables }),
    ...(slotVariables && { slotVariables }),
    ...(secretVariables && { secretVariables }),
    ...(missingVariables && { missingVariables }),
  };
}

const NOTHING = { variables: {}, slotVariables: [], secretVariables: [], missingVariables: [] };

describe.each(Object.keys(TRANSPORTS) as TransportName[])("over %s", (over) => {
  test("variables come in Acquire's answer, and in those to the lease_token while it is held; an onlooker gets none", async () => {
    const name = `uat-${over.replace(/\W+/g, "-")}`;
    await apply({ name, variables: { URL: { value: "https://uat.example" }, PASSWORD: SECRET } });
    const { locks } = clientsOf(server, over);
    const request = { environment: name, requestId: name };
    const lease = leaseIn(await locks.acquire(request));
    const given = { ...NOTHING, variables: { URL: "https://uat.example", PASSWORD }, secretVariables: ["PASSWORD"] };
    const leaseId = lease.id;
    expect(givenBy({ lease })).toEqual(given);
    expect(givenBy(await locks.acquire(request))).toEqual(given);
    const own = ownerOf(server, lease, over);
    expect(givenBy(await own.renew({ leaseId }))).toEqual(given);
    expect(givenBy(await own.getLease({ leaseId }))).toEqual(given);
    const [mine, theirs] = [own, locks].map((reader) => reader.watchLease({ leaseId })[Symbol.asyncIterator]());
    // Both are told at the same moment: what they share must not be the holder's.
    const [first, second] = await Promise.all([mine?.next(), theirs?.next()]);
    expect([givenBy(first?.value ?? {}), givenBy(second?.value ?? {})]).toEqual([given, NOTHING]);
    await Promise.all([mine?.return?.(), theirs?.return?.()]);
    expect(givenBy(await locks.renew({ leaseId }))).toEqual(NOTHING);
    expect(givenBy(await locks.getLease({ leaseId }))).toEqual(NOTHING);
    expect(givenBy(await own.release({ leaseId }))).toEqual(NOTHING);
    expect(givenBy(await own.getLease({ leaseId }))).toEqual(NOTHING);
    expect(givenBy(await locks.acquire(request))).toEqual(NOTHING);
  });
});

test("who waits is given them with the grant, and not before", async () => {
  await apply({ name: "busy", variables: { URL: { value: "u" } } });
  const first = leaseIn(await clients.locks.acquire({ environment: "busy" }));
  const waiter = await clients.locks.acquire({ environment: "busy", requestId: "w", claimTimeout: seconds(60) });
  expect(givenBy(waiter)).toEqual(NOTHING);
  await clients.locks.release({ leaseId: first.id });
  expect(givenBy(await clients.locks.getLease({ leaseId: leaseIn(waiter).id }))).toEqual(NOTHING);
  expect(givenBy(await ownerOf(server, leaseIn(waiter)).getLease({ leaseId: leaseIn(waiter).id }))).toEqual({
    ...NOTHING,
    variables: { URL: "u" },
  });
});

test("slots have variables of their own, in the order of the slots that were granted", async () => {
  const slotVariables = ["a", "b", "c"].map((value) => ({ variables: { DEVICE: { value } } }));
  const last = { variables: { DEVICE: { value: "d" }, SERIAL: { fromEnv: "CALL_ME_SECRET_SERIAL", secret: true } } };
  await apply({ name: "rack", capacity: 5, variables: { HOST: { value: "rack" } }, slotVariables: [...slotVariables, last] });
  const held = leaseIn(await clients.locks.acquire({ needs: [{ environment: "rack", slots: 3 }] }));
  const others = await clients.locks.acquire({ needs: [{ environment: "rack", slots: 2 }] });
  expect(held.environments[0]?.slotVariables).toMatchObject([
    { variables: { DEVICE: "a" } },
    { variables: { DEVICE: "b" } },
    { variables: { DEVICE: "c" } },
  ]);
  expect(givenBy(others)).toMatchObject({
    variables: { HOST: "rack" },
    slotVariables: [{ variables: { DEVICE: "d", SERIAL } }, { variables: {} }],
    secretVariables: ["SERIAL"],
  });
});

test("they are shown as they are configured, and a change of their order changes nothing", async () => {
  const variables = { URL: { value: "u" }, PASSWORD: SECRET, HOST: { fromEnv: "CALL_ME_SECRET_SERIAL" } };
  const slotVariables = [{ variables: { A: { value: "1" }, B: SECRET } }];
  await apply({ name: "shown", variables, slotVariables });
  const { environment } = await clients.environments.getEnvironment({ environment: "shown" });
  expect(environment).toMatchObject({ variables, slotVariables });
  const turned = { B: SECRET, A: { value: "1" } };
  const { HOST, URL } = variables;
  const again = await apply({ name: "shown", variables: { HOST, PASSWORD: SECRET, URL }, slotVariables: [{ variables: turned }] });
  expect(again.changes).toMatchObject([{ fields: [] }]);
  const next = await apply({ name: "shown", variables, slotVariables: [{ variables: { ...turned, A: { value: "2" } } }] });
  expect(next.changes).toMatchObject([{ fields: ["slot_variables"] }]);
  const none = await apply({ name: "shown" });
  expect(none.changes).toMatchObject([{ fields: ["slot_variables", "variables"] }]);
});

const value = "x";
test.each<[string, Environment, string]>([
  ["neither value nor from_env", { variables: { A: {} } }, 'variables["A"]: give either'],
  ["both", { variables: { A: { value, fromEnv: "CALL_ME_SECRET_DB" } } }, 'variables["A"]: give either'],
  ["a secret that would be stored", { variables: { A: { value: "p4ss", secret: true } } }, 'variables["A"].secret: needs from_env'],
  ["another variable of the server", { variables: { A: { fromEnv: "OTHER_SECRET" } } }, 'variables["A"].from_env: "OTHER_SECRET" is not'],
  ["the server's key", { variables: { A: { fromEnv: "API_KEY", secret: true } } }, 'variables["A"].from_env'],
  ["one that is not set", { variables: { A: { fromEnv: "CALL_ME_SECRET_NONE" } } }, "CALL_ME_SECRET_NONE is not set, or empty"],
  ["one that is empty", { variables: { A: { fromEnv: "CALL_ME_SECRET_EMPTY" } } }, "CALL_ME_SECRET_EMPTY is not set, or empty"],
  ["a name that no shell takes", { variables: { "A-B": { value } } }, 'variables: "A-B" is no name'],
  ["a name that is too long", { variables: { [`A${"x".repeat(64)}`]: { value } } }, "is no name"],
  ["a value that is too long", { variables: { A: { value: "x".repeat(4_097) } } }, "has 4097 characters"],
  ["too many", { variables: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`A${n}`, { value }])) }, "has 65 entries"],
  ["more slots than there are", { slotVariables: [{ variables: {} }, { variables: {} }] }, "slot_variables: has 2 entries"],
  ["a slot's, named by its place", { slotVariables: [{ variables: { "": { value } } }] }, "environments[0].slot_variables[0].variables"],
  [
    "too much in all",
    { capacity: 20, slotVariables: Array.from({ length: 20 }, () => ({ variables: { A: { value: "x".repeat(4_000) } } })) },
    "80020 characters",
  ],
])("%s is refused, by its field", async (_, environment, message) => {
  const error = await failureOf(apply({ name: "refused", ...environment }));
  expect(await refusal(Promise.reject(error))).toBe("invalid_argument BAD_FIELD");
  expect(error.message).toContain(message);
  expect(error.message).not.toContain("p4ss");
  expect(await refusal(clients.environments.getEnvironment({ environment: "refused" }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
});

test("after a start without one nobody new gets the environment, its holder is told which it lacks, and nothing is lost", async () => {
  await using other = await Server.start({ CALL_ME_SECRET_DB: PASSWORD });
  const { locks, environments } = clientsOf(other);
  const labels = { tier: "test" };
  const uat = { name: "uat", labels, variables: { URL: { value: "u" }, PASSWORD: SECRET } };
  await environments.applyEnvironments({ environments: [uat, { name: "spare", labels }] });
  const lease = leaseIn(await locks.acquire({ environment: "uat" }));
  await other.stop();
  await other.restart({ CALL_ME_SECRET_DB: "" });
  const lacking = { ...NOTHING, variables: { URL: "u" }, secretVariables: ["PASSWORD"], missingVariables: ["PASSWORD"] };
  expect(givenBy(await ownerOf(other, lease).renew({ leaseId: lease.id }))).toEqual(lacking);
  const lacks = { state: EnvironmentState.MAINTENANCE, stateReason: "the server's environment lacks CALL_ME_SECRET_DB" };
  expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ ...lacks, used: 1 }]);
  const waiter = leaseIn(await locks.acquire({ environment: "uat", requestId: "waits" }));
  await locks.release({ leaseId: lease.id });
  expect(leaseIn(await locks.getLease({ leaseId: waiter.id })).state).toBe(LeaseState.QUEUED);
  expect(leaseIn(await locks.acquire({ needs: [{ selector: "tier=test" }] })).environments[0]?.name).toBe("spare");
  await expect.poll(() => other.complaints).toMatchObject([{ level: "warn", environments: ["uat"], variables: ["CALL_ME_SECRET_DB"] }]);
  await other.stop();
  await other.restart();
  expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ state: EnvironmentState.AVAILABLE, stateReason: "" }]);
  const claimed = await ownerOf(other, waiter).renew({ leaseId: waiter.id });
  expect(givenBy(claimed)).toMatchObject({ variables: { PASSWORD }, missingVariables: [] });
});

test("a start touches no other state, and puts nothing into service that an operator has taken out", async () => {
  await using other = await Server.start({ CALL_ME_SECRET_DB: PASSWORD });
  const { environments, locks } = clientsOf(other);
  const names = ["down", "drained", "opened"];
  await environments.applyEnvironments({ environments: names.map((name) => ({ name, variables: { PASSWORD: SECRET } })) });
  const set = (environment: string, state: EnvironmentState) => environments.setEnvironmentState({ environment, state, reason: "by hand" });
  await set("down", EnvironmentState.MAINTENANCE);
  await set("drained", EnvironmentState.DRAINING);
  const states = async () =>
    (await environments.listEnvironments({})).environments.map(
      ({ name, state, stateReason }) => `${name} ${spoken(EnvironmentStateSchema, state)} ${stateReason}`,
    );
  const byHand = ["down maintenance by hand", "drained draining by hand"];
  await other.stop();
  await other.restart({ CALL_ME_SECRET_DB: "" });
  expect(await states()).toEqual([...byHand, "opened maintenance the server's environment lacks CALL_ME_SECRET_DB"]);
  await set("opened", EnvironmentState.AVAILABLE);
  const lacking = { ...NOTHING, secretVariables: ["PASSWORD"], missingVariables: ["PASSWORD"] };
  expect(givenBy(await locks.acquire({ environment: "opened" }))).toEqual(lacking);
  await other.stop();
  await other.restart();
  expect(await states()).toEqual([...byHand, "opened available by hand"]);
});

test("what an earlier start took out is cleaned first, if its last use left that to be done", async () => {
  await using other = await Server.start({ CALL_ME_SECRET_DB: PASSWORD });
  const { environments, locks } = clientsOf(other);
  await environments.applyEnvironments({ environments: [{ name: "uat", cleaning: { required: true }, variables: { PASSWORD: SECRET } }] });
  const lease = leaseIn(await locks.acquire({ environment: "uat" }));
  await other.stop();
  await other.restart({ CALL_ME_SECRET_DB: "" });
  await locks.release({ leaseId: lease.id });
  expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ state: EnvironmentState.MAINTENANCE }]);
  await other.stop();
  await other.restart();
  expect((await locks.check({ environment: "uat" })).environments).toMatchObject([{ state: EnvironmentState.DIRTY }]);
  expect(givenBy(await environments.acquireForCleaning({ environment: "uat" }))).toMatchObject({ variables: { PASSWORD } });
});

test("a secret that no answer could carry stops the start, and is not shown", async () => {
  const starting = Server.start({ CALL_ME_SECRET_HUGE: "x".repeat(32_769) });
  await expect(starting).rejects.toThrow("CALL_ME_SECRET_HUGE has 32769 characters; at most 32768 can be given to holders");
  await expect(starting).rejects.not.toThrow("xxx");
});

test("both ways to answer say the same", async () => {
  const servers = await startBoth(SECRETS);
  const plain = (body: string) =>
    body.replace(/"(id|leaseToken|createdAt|grantedAt|expiresAt|latestEnd|ttlRemaining|revision|fencingToken)":"[^"]*"/g, "");
  const body = await alikeOn(servers, async (one) => {
    const environment = {
      name: "uat",
      capacity: 2,
      variables: { PASSWORD: SECRET },
      slotVariables: [{}, { variables: { A: { value: "" } } }],
    };
    await clientsOf(one).environments.applyEnvironments({ environments: [environment] });
    return plain((await post(one, "LockService/Acquire", { needs: [{ environment: "uat", slots: 2 }] })).body);
  });
  expect(
    JSON.parse(
      body
        .replace(/,+/g, ",")
        .replace(/([{[]),/g, "$1")
        .replace(/,([}\]])/g, "$1"),
    ),
  ).toMatchObject({
    lease: { environments: [{ variables: { PASSWORD }, slotVariables: [{}, { variables: { A: "" } }], secretVariables: ["PASSWORD"] }] },
  });
  for (const one of servers) await one[Symbol.asyncDispose]();
});
