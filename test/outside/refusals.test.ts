// Who was refused what: on record, whatever transport it came by, and no more of it than a history has room for; and wrong keys in the log.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, keyFor, leaseIn, ownerOf, refusal, TRANSPORTS, type TransportName, tokenOf } from "./clients.ts";
import { post } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

const USE = [{ role: Role.USE, patterns: ["a-*"] }];

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

/** What is on record of a principal's refusals, oldest first; once there are so many. */
async function refusals(principal: string, count: number, clients = admin) {
  const filter = { principal, kinds: [EventKind.REFUSED] };
  const { events } = await eventually(async () => {
    const answer = await clients.insight.listEvents({ filter });
    return answer.events.length >= count && answer;
  });
  return events.toReversed();
}

describe("a refusal is on record with who, from where, what and why", () => {
  test.each(Object.keys(TRANSPORTS) as TransportName[])("over %s", async (name) => {
    const team = await keyFor(server, USE, "team a", name);
    const principal = `key:${team.id}`;
    const { id } = leaseIn(await admin.locks.acquire({ environment: "a-1" }));
    const state = EnvironmentState.DRAINING;
    expect(await refusal(team.environments.setEnvironmentState({ environment: "a-1", state }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(team.locks.acquire({ environment: "b-1" }))).toBe("permission_denied NOT_ALLOWED");
    expect(await refusal(team.locks.release({ leaseId: id }))).toBe("permission_denied NOT_YOURS");
    expect(await refusal(team.locks.check({ environment: "b-1" }))).toBe("permission_denied NOT_ALLOWED");
    await admin.locks.release({ leaseId: id });
    const by = { principal, principalLabel: "team a", address: "127.0.0.1" };
    const told = await refusals(principal, 3);
    expect(told).toMatchObject([
      {
        subject: "SetEnvironmentState",
        by,
        reason: `${principal} (team a) has no ROLE_OPERATE on anything`,
        pool: "",
        revision: expect.any(BigInt),
      },
      {
        subject: "Acquire",
        by,
        reason: expect.stringContaining(`${principal} (team a) has no ROLE_USE on "b-1"`),
        environment: "b-1",
        leaseId: "",
      },
      { subject: "Release", by, reason: `lease ${id} belongs to admin, not to this caller`, leaseId: id },
    ]);
    expect((await admin.insight.listEvents({ filter: { subject: "Acquire", environment: "b-1", principal } })).events).toEqual([told[1]]);
  });

  test("also of a lease_token, and on the original's route", async () => {
    const lease = leaseIn(await admin.locks.acquire({ environment: "token-1" }));
    const holder = clientsOf({ url: server.url, key: tokenOf(lease) });
    expect(await refusal(holder.environments.deleteEnvironment({ environment: "token-1" }))).toBe("permission_denied TOKEN_TOO_NARROW");
    expect(await refusals(`lease ${lease.id}`, 1)).toMatchObject([
      {
        subject: "DeleteEnvironment",
        reason: expect.stringContaining("a lease_token is good for its own lease"),
        by: { address: "127.0.0.1" },
      },
    ]);
    await ownerOf(server, lease).release({ leaseId: lease.id });
    const team = await keyFor(server, USE);
    const maybe = (method: string, name: string) =>
      fetch(`${server.url}/maybe?environment=${name}`, { method, headers: { "x-api-key": team.secret } });
    expect((await fetch(`${server.url}/maybe?environment=a-2`, { method: "POST", headers: { "x-api-key": server.key } })).status).toBe(201);
    expect([(await maybe("POST", "b-2")).status, (await maybe("DELETE", "a-2")).status, (await maybe("GET", "b-2")).status]).toEqual([
      401, 403, 401,
    ]);
    expect(await refusals(`key:${team.id}`, 2)).toMatchObject([
      { subject: "POST /maybe", environment: "b-2" },
      { subject: "DELETE /maybe", environment: "a-2", reason: expect.stringContaining("not to this caller") },
    ]);
  });

  test("and nothing that the request named which is no name", async () => {
    const team = await keyFor(server, USE);
    const long = "x".repeat(20_000);
    for (const environment of [long, "a\u001b[31m"])
      expect(await refusal(team.locks.acquire({ environment }))).toMatch(/^(permission_denied|invalid_argument)/);
    await team.environments.forceRelease({ leaseId: long, reason: "x" }).catch(() => {});
    for (const { environment, leaseId, reason } of await refusals(`key:${team.id}`, 1))
      expect([environment, leaseId, reason.length <= 300]).toEqual(["", "", true]);
  });
});

test("a flood of refusals is on record some times, and then how often more; a kill -9 and a stop lose none of it", async () => {
  await using own = await Server.start();
  const [team, other] = [await keyFor(own, USE), await keyFor(own, USE)];
  for (let round = 0; round < 10; round++)
    await Promise.all(Array.from({ length: 50 }, () => refusal(team.environments.deleteEnvironment({ environment: "a-1" }))));
  await refusal(other.environments.deleteEnvironment({ environment: "a-1" }));
  const clients = clientsOf(own);
  expect(await refusals(`key:${other.id}`, 1, clients)).toHaveLength(1);
  expect(await refusals(`key:${team.id}`, 10, clients)).toHaveLength(10);
  await own.kill9();
  await own.restart();
  expect(await refusals(`key:${team.id}`, 10, clients)).toHaveLength(10);
  for (let round = 0; round < 30; round++) await refusal(team.environments.deleteEnvironment({ environment: "a-1" }));
  expect(await own.stop()).toBe(0);
  await own.restart();
  const told = await refusals(`key:${team.id}`, 21, clients);
  expect(told).toHaveLength(21);
  expect(told.at(-1)).toMatchObject({
    subject: "DeleteEnvironment",
    reason: expect.stringMatching(/^refused 20 times more in a minute, at last: key:/),
  });
  expect(own.complaints).toEqual([]);
});

test("wrong keys are counted in the log and on record, by address and by the key that each claims to be, and no secret is anywhere", async () => {
  await using own = await Server.start();
  const team = await keyFor(own, USE);
  await clientsOf(own).access.revokeKey({ id: team.id });
  const shown = ["not-a-key", `${team.secret.slice(0, -1)}!`, team.secret, "Bearer eyJhbGciOiJub25lIn0.e30.c2VjcmV0LXRva2Vu"];
  for (const key of shown) expect((await post({ url: own.url, key }, "LockService/Check", { environment: "a-1" })).status).toBe(401);
  expect((await fetch(`${own.url}/maybe?environment=a-1`)).status).toBe(401);
  const lines = () => own.log.filter(({ msg }) => /^calls with(out)? a/.test(msg));
  const sum = (field: string) => lines().reduce((total, line) => total + Number(line[field] ?? 0), 0);
  await eventually(() => sum("refused") === 4 && sum("missing") === 1);
  expect(lines()[0]).toMatchObject({ level: "warn", addresses: { "127.0.0.1": expect.any(Number) } });
  expect(lines().some(({ keys }) => JSON.stringify(keys) === JSON.stringify({ [team.id]: 1 }))).toBe(true);
  expect(await own.stop()).toBe(0);
  await own.restart();
  const recorded = async () => {
    const { events } = await clientsOf(own).insight.listEvents({ filter: { subject: "keys", kinds: [EventKind.REFUSED] } });
    return events.map(({ reason, by }) => [reason, by]);
  };
  expect(await recorded()).toEqual([
    [`4 calls showed a key or token that opens nothing: from 127.0.0.1 (4); of keys ${team.id} (1)`, undefined],
  ]);
  expect((await post({ url: own.url, key: "not-a-key" }, "LockService/Check", { environment: "a-1" })).status).toBe(401);
  expect(await own.stop()).toBe(0);
  await own.restart();
  expect(await recorded()).toContainEqual(["1 call showed a key or token that opens nothing: from 127.0.0.1 (1)", undefined]);
  const files = readdirSync(own.directory).map((name) => readFileSync(path.join(own.directory, name), "latin1"));
  const everywhere = [...files, ...own.lines].join("\n");
  for (const key of [...shown, own.key]) expect(everywhere).not.toContain(key.replace("Bearer ", ""));
});
