// Keys that are stored: what they open, and how they end.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PrincipalKind, Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EventKind } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, type Grants, keyFor, leaseIn, refusal, seconds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("a key", () => {
  test("is cmk_ID_, a secret and a checksum, is shown once, and opens what it was granted", async () => {
    const { key, secret } = await admin.access.createKey({ label: "team a", grants: [{ role: Role.USE, patterns: ["a-*"] }] });
    expect(secret).toMatch(new RegExp(`^cmk_${key?.id}_[0-9A-Za-z]{49}$`));
    expect(JSON.stringify((await admin.access.listKeys({})).keys.map((one) => one.label))).toContain("team a");
    const team = clientsOf({ url: server.url, key: secret });
    const lease = leaseIn(await team.locks.acquire({ environment: "a-1" }));
    expect(lease).toMatchObject({ state: LeaseState.HELD, principal: `key:${key?.id}`, principalLabel: "team a" });
    expect(await refusal(team.locks.acquire({ environment: "b-1" }))).toBe("permission_denied NOT_ALLOWED");
    expect((await failureOf(team.locks.acquire({ environment: "b-1" }))).rawMessage).toContain(
      `key:${key?.id} (team a) has no ROLE_USE on "b-1"; it has ROLE_USE on a-*`,
    );
    expect(await refusal(team.access.listKeys({}))).toBe("permission_denied NOT_ALLOWED");
    expect(await team.access.whoAmI({})).toMatchObject({ principal: `key:${key?.id}`, kind: PrincipalKind.KEY, label: "team a" });
  });

  test("that was mistyped, cut short, or is of nobody is unauthenticated", async () => {
    const { secret } = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]);
    const other = secret.endsWith("0") ? "1" : "0";
    const wrong = [`${secret.slice(0, -1)}${other}`, secret.slice(0, -1), `${secret}0`, secret.toUpperCase(), "cmk_0123456789_x"];
    const refusals = wrong.map((key) => refusal(clientsOf({ url: server.url, key }).access.whoAmI({})));
    expect(new Set(await Promise.all(refusals))).toEqual(new Set(["unauthenticated WRONG_KEY"]));
  });

  test("is a principal of its own: what one holds, another with the same label cannot end", async () => {
    const grants: Grants = [{ role: Role.USE, patterns: ["own-*"] }];
    const [one, other] = [await keyFor(server, grants), await keyFor(server, grants)];
    const { id } = leaseIn(await one.locks.acquire({ environment: "own-1" }));
    expect(await refusal(other.locks.release({ leaseId: id }))).toBe("permission_denied NOT_YOURS");
    expect(await refusal(other.locks.renew({ leaseId: id }))).toBe("permission_denied NOT_YOURS");
    expect((await one.locks.release({ leaseId: id })).alreadyEnded).toBe(false);
  });

  test("is known to have been used also where the server was stopped right after it", async () => {
    await using other = await Server.start();
    const { access } = await keyFor(other, [{ role: Role.VIEW, patterns: ["*"] }]);
    await access.whoAmI({});
    expect((await clientsOf(other).access.listKeys({})).keys[0]?.lastUsedAt, "at once").toBeDefined();
    expect(await other.stop()).toBe(0);
    await other.restart();
    expect((await clientsOf(other).access.listKeys({})).keys[0]?.lastUsedAt).toBeDefined();
  });

  test("survives a restart", async () => {
    await using other = await Server.start();
    const { access } = await keyFor(other, [{ role: Role.VIEW, patterns: ["*"] }], "a dashboard");
    await access.whoAmI({});
    await other.kill9();
    await other.restart();
    const again = await keyFor(other, [{ role: Role.VIEW, patterns: ["*"] }], "another");
    const labels = (await clientsOf(other).access.listKeys({})).keys.map(({ label }) => label);
    expect(labels).toEqual(["a dashboard", "another"]);
    expect((await again.access.whoAmI({})).label).toBe("another");
  });
});

describe("bounds of a grant", () => {
  test("max_hold clamps, max_priority and max_leases refuse; a released lease makes room", async () => {
    const grant = { role: Role.USE, patterns: ["bound-*"], maxHold: seconds(60), maxPriority: 0, maxLeases: 2 };
    const { locks } = await keyFor(server, [grant]);
    const first = leaseIn(await locks.acquire({ environment: "bound-1", ttl: seconds(3_600), maxHold: seconds(7_200) }));
    expect([first.ttl?.seconds, first.maxHold?.seconds]).toEqual([60n, 60n]);
    expect(await refusal(locks.acquire({ environment: "bound-2", priority: 1 }))).toBe("permission_denied NOT_ALLOWED");
    const waiting = leaseIn(await locks.acquire({ environment: "bound-1", requestId: "second" }));
    expect(waiting.state).toBe(LeaseState.QUEUED);
    expect(await refusal(locks.acquire({ environment: "bound-3" }))).toBe("resource_exhausted QUOTA_REACHED");
    // A retry asks for nothing more.
    expect(leaseIn(await locks.acquire({ environment: "bound-1", requestId: "second" })).id).toBe(waiting.id);
    await locks.release({ leaseId: waiting.id });
    expect(leaseIn(await locks.acquire({ environment: "bound-3" })).state).toBe(LeaseState.HELD);
  });

  test("max_leases holds over all pools, however many ask at once", async () => {
    await admin.environments.applyEnvironments({ environments: [1, 2, 3, 4].map((nth) => ({ name: `q-${nth}`, pool: `pool-${nth}` })) });
    const { locks } = await keyFor(server, [{ role: Role.USE, patterns: ["q-*"], maxLeases: 2 }]);
    const asked = [1, 2, 3, 4].map((nth) =>
      locks.acquire({ environment: `q-${nth}` }).then(
        () => "held",
        () => "refused",
      ),
    );
    expect((await Promise.all(asked)).sort()).toEqual(["held", "held", "refused", "refused"]);
  });

  test("max_leases of each grant that a lease needs counts it", async () => {
    const grants = ["left-*", "right-*"].map((pattern) => ({ role: Role.USE, patterns: [pattern], maxLeases: 1 }));
    const { locks } = await keyFor(server, grants);
    const both = leaseIn(await locks.acquire({ needs: [{ environment: "left-1" }, { environment: "right-1" }] }));
    for (const environment of ["left-2", "right-2"]) expect(await refusal(locks.acquire({ environment }))).toContain("QUOTA_REACHED");
    await locks.release({ leaseId: both.id });
    for (const environment of ["left-2", "right-2"]) expect(leaseIn(await locks.acquire({ environment })).state).toBe(LeaseState.HELD);
  });

  test("a lease of /maybe, which lives for ever otherwise, ends with max_hold", async () => {
    const { secret } = await keyFor(server, [{ role: Role.USE, patterns: ["maybe-*"], maxHold: seconds(60), maxLeases: 1 }]);
    const call = (method: string, environment: string) =>
      fetch(`${server.url}/maybe?environment=${environment}`, { method, headers: { "x-api-key": secret } });
    const taken = await call("POST", "maybe-1");
    expect(taken.status).toBe(201);
    const leaseId = taken.headers.get("x-call-me-lease-id") ?? "";
    expect(leaseIn(await admin.locks.getLease({ leaseId })).maxHold?.seconds).toBe(60n);
    expect((await call("POST", "maybe-2")).status).toBe(503);
    expect((await call("GET", "other")).status).toBe(401);
    expect((await call("DELETE", "maybe-1")).status).toBe(204);
  });

  test("DELETE /maybe frees what its own caller took, and nobody else's", async () => {
    const grants: Grants = [{ role: Role.USE, patterns: ["mine-*"] }];
    const [one, other] = [await keyFor(server, grants), await keyFor(server, grants)];
    const call = (method: string, key: string) =>
      fetch(`${server.url}/maybe?environment=mine-1`, { method, headers: { "x-api-key": key } }).then(({ status }) => status);
    expect(await call("POST", one.secret)).toBe(201);
    expect(await call("DELETE", other.secret)).toBe(403);
    expect(await call("GET", other.secret)).toBe(403);
    expect(await call("DELETE", one.secret)).toBe(204);
    expect(await call("GET", other.secret)).toBe(200);
  });
});

describe("a selector", () => {
  test("finds only what its caller may use, also once something else is free", async () => {
    const labels = { kind: "board" };
    const names = ["red-1", "blue-1", "blue-2"];
    await admin.environments.applyEnvironments({ environments: names.map((name) => ({ name, pool: "boards", labels })) });
    const { locks } = await keyFor(server, [{ role: Role.USE, patterns: ["boards:blue-*"] }]);
    const asked = { needs: [{ selector: "kind=board" }], pool: "boards" };
    const held = [leaseIn(await locks.acquire(asked)), leaseIn(await locks.acquire(asked))];
    expect(held.map(({ environments }) => environments[0]?.name).sort()).toEqual(["blue-1", "blue-2"]);
    expect(leaseIn(await locks.acquire({ ...asked, requestId: "third" }))).toMatchObject({ state: LeaseState.QUEUED, queueLength: 1 });
    const impossible = { needs: [{ selector: "kind=board", count: 3 }], pool: "boards" };
    expect(leaseIn(await locks.acquire(impossible)).endReason).toBe(EndReason.UNSATISFIABLE);
    const { locks: none } = await keyFor(server, [{ role: Role.USE, patterns: ["other:*"] }]);
    expect(await refusal(none.acquire(asked))).toBe("permission_denied NOT_ALLOWED");
  });
});

describe("a key that is rotated", () => {
  test("works with both secrets for the overlap, and with the newest alone where there is none", async () => {
    const { id, secret, access } = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]);
    const second = await admin.access.rotateKey({ id, overlap: seconds(3_600) });
    const renewed = clientsOf({ url: server.url, key: second.secret });
    expect((await access.whoAmI({})).principal).toBe((await renewed.access.whoAmI({})).principal);
    const third = await admin.access.rotateKey({ id, overlap: seconds(0) });
    expect(await refusal(access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    expect(await refusal(renewed.access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    expect((await clientsOf({ url: server.url, key: third.secret }).access.whoAmI({})).principal).toBe(`key:${id}`);
    expect(new Set([secret, second.secret, third.secret]).size).toBe(3);
  });

  test("again, before anybody has used the new secret, keeps the one that is in use: the answer may have got lost", async () => {
    const { id, access } = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]);
    await access.whoAmI({});
    const lost = await admin.access.rotateKey({ id });
    const found = await admin.access.rotateKey({ id });
    expect((await access.whoAmI({})).principal).toBe(`key:${id}`);
    expect(await refusal(clientsOf({ url: server.url, key: lost.secret }).access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    const subjects = async () => (await admin.insight.listEvents({ filter: { kinds: [EventKind.KEY_ROTATED] } })).events;
    const told = await eventually(
      async () => (await subjects()).filter(({ subject }) => subject === id).length === 2 && (await subjects()),
    );
    expect(told.find(({ subject }) => subject === id)?.reason).toContain("the newer one, which nobody had used, is replaced");
    const renewed = clientsOf({ url: server.url, key: found.secret });
    await renewed.access.whoAmI({});
    const next = await admin.access.rotateKey({ id });
    expect(await refusal(access.whoAmI({}))).toBe("unauthenticated WRONG_KEY");
    for (const key of [found.secret, next.secret])
      expect((await clientsOf({ url: server.url, key }).access.whoAmI({})).principal).toBe(`key:${id}`);
  });

  test("that is none is not_found, and one that was revoked is rotated no more", async () => {
    expect(await refusal(admin.access.rotateKey({ id: "nobody" }))).toBe("not_found KEY_NOT_FOUND");
    const { id } = await keyFor(server, [{ role: Role.VIEW, patterns: ["*"] }]);
    await admin.access.revokeKey({ id });
    expect(await refusal(admin.access.rotateKey({ id }))).toBe("failed_precondition KEY_ENDED");
  });
});

describe("roles", () => {
  test("OPERATE does not take, and CLEAN does not operate", async () => {
    const operator = await keyFor(server, [{ role: Role.OPERATE, patterns: ["*"] }]);
    expect(await refusal(operator.locks.acquire({ environment: "uat" }))).toBe("permission_denied NOT_ALLOWED");
    await admin.environments.applyEnvironments({ environments: [{ name: "state-1" }] });
    await operator.environments.setEnvironmentState({ environment: "state-1", state: EnvironmentState.DIRTY, reason: "used" });
    const cleaner = await keyFor(server, [{ role: Role.CLEAN, patterns: ["state-*"] }]);
    const state = EnvironmentState.AVAILABLE;
    expect(await refusal(cleaner.environments.setEnvironmentState({ environment: "state-1", state }))).toBe(
      "permission_denied NOT_ALLOWED",
    );
    const cleaning = leaseIn(await cleaner.environments.acquireForCleaning({ environment: "state-1" }));
    await cleaner.locks.renew({ leaseId: cleaning.id });
    expect(leaseIn(await cleaner.locks.release({ leaseId: cleaning.id })).endReason).toBe(EndReason.RELEASED);
  });
});

describe("a server without API_KEY", () => {
  test("tells nothing more to the streams of who showed none, once one is stored", async () => {
    await using open = await Server.start({ API_KEY: "" });
    const anybody = clientsOf({ url: open.url, key: "" });
    const stream = anybody.locks.watchEnvironment({ environment: "uat" })[Symbol.asyncIterator]();
    await stream.next();
    const { secret } = await anybody.access.createKey({ label: "first", grants: [{ role: Role.ADMIN, patterns: ["*"] }] });
    await clientsOf({ url: open.url, key: secret }).locks.acquire({ environment: "uat" });
    expect(await refusal(stream.next())).toBe("unauthenticated WRONG_KEY");
  });

  test("asks for a key from the first one on, which must be able to make others", async () => {
    await using open = await Server.start({ API_KEY: "" });
    const anybody = clientsOf({ url: open.url, key: "" });
    expect(await anybody.access.whoAmI({})).toMatchObject({ kind: PrincipalKind.ANONYMOUS });
    const view: Grants = [{ role: Role.VIEW, patterns: ["*"] }];
    expect(await refusal(anybody.access.createKey({ label: "first", grants: view }))).toBe("failed_precondition LAST_ADMIN");
    const { secret, key } = await anybody.access.createKey({ label: "first", grants: [{ role: Role.ADMIN, patterns: ["*"] }] });
    expect(await refusal(anybody.access.whoAmI({}))).toBe("unauthenticated NO_KEY");
    const first = clientsOf({ url: open.url, key: secret });
    expect(await refusal(first.access.revokeKey({ id: key?.id ?? "" }))).toBe("failed_precondition LAST_ADMIN");
    await first.access.createKey({ label: "second", grants: view });
    await open.kill9();
    await open.restart();
    expect(await refusal(anybody.access.whoAmI({}))).toBe("unauthenticated NO_KEY");
  });
});
