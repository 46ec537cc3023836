// Who did what, as the history tells it: with which key, from where, and what of it is proven.

import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type EventFilterSchema, EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { TestIssuer } from "../access/issuer.ts";
import { type Clients, clientsOf, keyFor, leaseIn, ownerOf, refusal } from "./clients.ts";
import { post } from "./curl.ts";
import { eventually } from "./eventually.ts";
import { governed, rewrite } from "./governed.ts";
import { Server } from "./server.ts";

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server, "gRPC");
});
afterAll(() => server[Symbol.asyncDispose]());

function nameOf(kind: EventKind): string {
  return Object.entries(EventKind).find(([, value]) => value === kind)?.[0] ?? String(kind);
}

async function told(filter: MessageInitShape<typeof EventFilterSchema>) {
  const { events } = await admin.insight.listEvents({ filter });
  return events.map(({ kind, ...event }) => ({ kind: nameOf(kind), ...event })).reverse();
}

const OWN = { principal: "admin", principalLabel: "", address: "127.0.0.1", leaseId: "" };

test("a lease: who asked for it, extended and ended it, with the label of the key and the address, also after a kill -9", async () => {
  const { key, secret } = await admin.access.createKey({ label: "team a", grants: [{ role: Role.RESERVE, patterns: ["a-*"] }] });
  const team = clientsOf({ url: server.url, key: secret });
  const who = { principal: `key:${key?.id}`, principalLabel: "team a" };
  const notAfter = timestampFromDate(new Date(Date.now() + 3_600_000));
  const { id } = leaseIn(await team.locks.acquire({ environment: "a-1", requestId: "one" }));
  await team.locks.renew({ leaseId: id, notAfter });
  const next = leaseIn(await admin.locks.acquire({ environment: "a-1", requestId: "two" }));
  await team.locks.release({ leaseId: id });
  await admin.locks.acquire({ environment: "a-1", requestId: "two" });
  await ownerOf(server, next).release({ leaseId: next.id });
  const check = async () => {
    expect(await told({ leaseId: id })).toMatchObject([
      { kind: "GRANTED", ...who, by: { ...who, address: "127.0.0.1" } },
      { kind: "EXTENDED", ...who, by: who, reason: expect.stringMatching(/^not_after: 20\d\d-\d\d-\d\dT[\d:.]+Z$/) },
      { kind: "RELEASED", ...who, by: { ...who, address: "127.0.0.1" } },
    ]);
    const moves = await told({ leaseId: next.id });
    expect(moves.map(({ kind, by }) => [kind, by?.address])).toEqual([
      ["QUEUED", "127.0.0.1"],
      ["OFFERED", undefined],
      ["GRANTED", undefined],
      ["RELEASED", "127.0.0.1"],
    ]);
    expect(moves.at(-1)?.by).toMatchObject({ ...OWN, leaseId: next.id });
    expect((await told({ principal: who.principal })).map(({ kind }) => kind)).toEqual(["GRANTED", "EXTENDED", "RELEASED"]);
  };
  await check();
  await server.kill9();
  await server.restart();
  await check();
});

test("a lease tells nobody who looks at it from where it was ended", async () => {
  const { id } = leaseIn(await admin.locks.acquire({ environment: "quiet" }));
  await admin.locks.release({ leaseId: id });
  const { lease } = await admin.locks.getLease({ leaseId: id });
  expect(lease?.endedBy).toMatchObject({ principal: "admin", address: "" });
});

test("keys and pools: what was made, changed and ended, by whom, found by its subject", async () => {
  const { key } = await admin.access.createKey({ label: "ops", grants: [{ role: Role.OPERATE, patterns: ["b-*"] }] });
  const id = key?.id ?? "";
  await admin.access.rotateKey({ id });
  await admin.access.revokeKey({ id });
  expect(await told({ subject: id })).toMatchObject([
    { kind: "KEY_CREATED", subject: id, by: OWN, pool: "", environment: "", leaseId: "", reason: "ops: OPERATE on b-*" },
    { kind: "KEY_ROTATED", subject: id, by: OWN, reason: "the secret in use works for 24 h more" },
    { kind: "KEY_REVOKED", subject: id, by: OWN, reason: "ops" },
  ]);
  await admin.environments.applyEnvironments({ pools: [{ name: "b", maxQueue: 5 }] });
  await admin.environments.applyEnvironments({ pools: [{ name: "b", maxQueue: 5 }] });
  await admin.environments.applyEnvironments({ pools: [{ name: "b", maxQueue: 6, autoCreate: false }] });
  expect(await told({ subject: "b" })).toMatchObject([
    { kind: "POOL_CHANGED", subject: "b", pool: "b", by: OWN, reason: "max_queue" },
    { kind: "POOL_CHANGED", subject: "b", pool: "b", by: OWN, reason: "auto_create, max_queue" },
  ]);
});

test("from where somebody called is told to themselves and to who operates there, and to no other onlooker", async () => {
  const [dashboard, operator] = await Promise.all([
    keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]),
    keyFor(server, [{ role: Role.OPERATE, patterns: ["c-*"] }]),
  ]);
  const team = await keyFor(server, [{ role: Role.USE, patterns: ["c-*"] }]);
  const { id } = leaseIn(await team.locks.acquire({ environment: "c-1" }));
  const filter = { leaseId: id };
  const seen = async ({ insight }: Pick<Clients, "insight">) => (await insight.listEvents({ filter })).events[0]?.by;
  for (const one of [admin, operator, team]) expect(await seen(one)).toMatchObject({ principal: `key:${team.id}`, address: "127.0.0.1" });
  expect(await seen(dashboard)).toMatchObject({ principal: `key:${team.id}`, principalLabel: "a team", address: "" });
});

test("what a token has proven of a job stands beside what it did; so does the file of rules, with a digest of what it says", async () => {
  await using issuer = await TestIssuer.start();
  const rule = { name: "shop", claims: { repository_id: "1296269", repository_owner_id: "583231" } };
  await using own = await governed(issuer, [rule]);
  const { insight } = clientsOf(own);
  const job = clientsOf({ url: own.url, key: await issuer.github({ run_id: "77" }) });
  const { id } = leaseIn(await job.locks.acquire({ environment: "uat-1" }));
  await job.locks.release({ leaseId: id });
  expect(await refusal(job.environments.forceRelease({ leaseId: id, reason: "mine" }))).toBe("permission_denied NOT_ALLOWED");
  const who = { principal: "oidc:shop:1296269", principalLabel: "acme/shop", address: "127.0.0.1" };
  const { events } = await eventually(async () => {
    const answer = await insight.listEvents({ filter: { principal: who.principal } });
    return answer.events.length === 3 && answer;
  });
  expect(events.map(({ kind }) => nameOf(kind)).reverse()).toEqual(["GRANTED", "RELEASED", "REFUSED"]);
  for (const { by } of events)
    expect(by).toMatchObject({ ...who, claims: { repository: "acme/shop", run_id: "77", ref: "refs/heads/main" } });
  const digests = async (count: number) => {
    const rules = await eventually(async () => {
      const answer = await insight.listEvents({ filter: { kinds: [EventKind.ACCESS_CHANGED] } });
      return answer.events.length === count && answer.events;
    });
    for (const { by, subject, reason } of rules)
      expect([by?.principal, subject, reason]).toEqual(["configuration", "access rules", expect.stringContaining(`${issuer.url} (1)`)]);
    return rules.map(({ reason }) => /SHA-256 ([0-9a-f]{64}): /.exec(reason)?.[1]);
  };
  await digests(1);
  await own.stop();
  await own.restart({ CALL_ME_ACCESS: `${own.directory}/access.json` });
  const [again, first] = await digests(2);
  expect(again).toBe(first);
  await rewrite(own, issuer, [{ ...rule, grants: [{ role: "VIEW", patterns: ["*"] }] }]);
  own.signal("SIGHUP");
  expect((await digests(3))[0]).not.toBe(first);
});

test("behind a trusted proxy the address on record is the one that the proxy names, and nobody else's word counts", async () => {
  for (const [trusted, address] of [
    ["127.0.0.1", "203.0.113.7"],
    ["192.0.2.1", "127.0.0.1"],
  ] as const) {
    await using own = await Server.start({ CALL_ME_TRUSTED_PROXIES: trusted });
    const told = ["-H", "x-forwarded-for: 203.0.113.7"];
    expect((await post(own, "LockService/Acquire", { environment: "uat" }, told)).status).toBe(200);
    expect(
      (
        await post(
          { url: own.url, key: (await keyFor(own, [{ role: Role.VIEW, patterns: ["*"] }])).secret },
          "LockService/Acquire",
          { environment: "uat" },
          told,
        )
      ).status,
    ).toBe(403);
    const { insight } = clientsOf(own);
    const { events } = await eventually(async () => {
      const answer = await insight.listEvents({ filter: { kinds: [EventKind.GRANTED, EventKind.REFUSED] } });
      return answer.events.length === 2 && answer;
    });
    expect(events.map(({ by }) => by?.address)).toEqual([address, address]);
  }
});
