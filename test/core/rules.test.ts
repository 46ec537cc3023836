/** api.md's rules, one by one, on the bare core. */
import { describe, expect, test } from "vitest";
import { statusOf, wouldGrant } from "../../src/core/view.ts";
import { acquireCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

describe("rule 1: who is next", () => {
  test("a grant is all or nothing", () => {
    const world = new World();
    world.acquire("first", "a");
    world.acquire("both", ["a", "b"]);
    expect(world.states("first", "both")).toBe("first HELD, both QUEUED");
    world.release("first");
    expect(world.lease("both").needs.map((need) => need.indexes)).toEqual([[0], [0]]);
  });

  test("what does not fit claims the slots it names, so later ones take only the rest", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("wide", ["a", "b"]);
    expect(world.acquire("late", "b").state).toBe("QUEUED");
    expect(world.acquire("other", "c").state).toBe("HELD");
    expect(wouldGrant(world.pool, "b")).toBe(false);
    world.release("holder");
    expect(world.states("wide", "late")).toBe("wide OFFERED, late QUEUED");
  });

  test("a wide request is not starved by narrow ones on a counted environment", () => {
    const world = new World();
    world.apply({ gpu: { capacity: 3 } });
    for (const id of ["n1", "n2", "n3"]) world.acquire(id, "gpu");
    world.acquire("wide", "gpu:2");
    world.acquire("n4", "gpu");
    world.release("n1");
    expect(world.states("wide", "n4")).toBe("wide QUEUED, n4 QUEUED");
    world.release("n2");
    expect(world.states("wide", "n4")).toBe("wide OFFERED, n4 QUEUED");
  });

  test("priority is worth ten minutes a step, and waiting counts", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("old", "a");
    world.at += 11 * MINUTE;
    world.acquire("urgent", "a", { priority: 1 });
    world.acquire("very urgent", "a", { priority: 2 });
    world.release("holder");
    expect(world.states("old", "urgent", "very urgent")).toBe("old QUEUED, urgent QUEUED, very urgent OFFERED");
    world.release("very urgent");
    expect(world.states("old", "urgent")).toBe("old OFFERED, urgent QUEUED");
  });

  test("who needs an environment that is out of service claims nothing meanwhile, and is served when it is back", () => {
    const world = new World();
    world.apply({ a: {}, b: {} });
    world.do({ type: "setState", environment: "a", state: "MAINTENANCE", reason: "disk" });
    expect(world.acquire("both", ["a", "b"]).state).toBe("QUEUED");
    expect(world.acquire("narrow", "b").state).toBe("HELD");
    world.release("narrow");
    world.do({ type: "setState", environment: "a", state: "AVAILABLE", reason: "" });
    expect(world.state("both")).toBe("OFFERED");
  });

  test("an environment that is being cleaned keeps its claims: it comes back by itself", () => {
    const world = new World();
    world.apply({ a: {}, b: {} });
    world.do({ type: "setState", environment: "a", state: "CLEANING", reason: "" });
    world.acquire("both", ["a", "b"]);
    expect(world.acquire("narrow", "b").state).toBe("QUEUED");
  });

  test("a withdrawn claim sets its slots free at once", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("wide", ["a", "b"]);
    world.acquire("late", "b");
    world.release("wide");
    expect(world.states("wide", "late")).toBe("wide WITHDRAWN, late OFFERED");
  });

  test("more capacity and a state's end hand over by the same path", () => {
    const world = new World();
    world.acquire("one", "a");
    world.acquire("two", "a");
    world.apply({ a: { capacity: 2 } });
    expect(world.state("two")).toBe("OFFERED");
    world.do({ type: "setState", environment: "b", state: "AVAILABLE", reason: "" });
    world.apply({ a: { capacity: 2 }, b: {} });
    world.do({ type: "setState", environment: "b", state: "DRAINING", reason: "", until: world.at + MINUTE });
    world.acquire("three", "b");
    world.pass(MINUTE);
    expect(world.state("three")).toBe("OFFERED");
  });
});

describe("rule 2: one request_id, one lease", () => {
  test("a retry gets the same lease, live or ended, for 24 hours after its end", () => {
    const world = new World();
    const first = world.acquire("x1", "a", { requestId: "r" });
    expect(world.acquire("x2", "a", { requestId: "r" }).id).toBe("x1");
    world.release("x1");
    expect(world.acquire("x3", "a", { requestId: "r" })).toMatchObject({ id: "x1", state: "ENDED", fencingToken: first.fencingToken });
    world.pass(24 * HOUR);
    expect(world.acquire("x4", "a", { requestId: "r" }).id).toBe("x4");
  });

  test("other content is refused, and nothing changes", () => {
    const world = new World();
    world.acquire("x1", "a", { requestId: "r", fingerprint: "one" });
    const revision = world.pool.revision;
    const reply = world.do({ ...acquireCommand("x2", "b"), requestId: "r", fingerprint: "two" });
    expect(reply).toMatchObject({ ok: false, reason: "IDEMPOTENCY_MISMATCH" });
    expect(world.pool.revision).toBe(revision);
    expect(world.pool.sites.has("b")).toBe(false);
  });

  test("the same id of another principal is another lease", () => {
    const world = new World();
    world.acquire("x1", "a", { requestId: "r" });
    expect(world.acquire("x2", "a", { requestId: "r", by: { principal: "else" } }).id).toBe("x2");
  });

  test("REFUSED and immediate UNSATISFIABLE are answers only, and do not use up the id", () => {
    const world = new World();
    world.acquire("holder", "a");
    const revision = world.pool.revision;
    expect(world.acquire("x1", "a", { ifBusy: "FAIL", requestId: "r" }).endReason).toBe("REFUSED");
    expect(world.acquire("x2", "fresh:2", { requestId: "r" }).endReason).toBe("UNSATISFIABLE");
    expect([world.pool.revision, world.pool.sites.has("fresh")]).toEqual([revision, false]);
    world.release("holder");
    expect(world.acquire("x3", "a", { ifBusy: "FAIL", requestId: "r" }).state).toBe("HELD");
  });
});

describe("rules 3 and 4: signs of life", () => {
  test("an abandoned waiter is never granted, even when the slot became free at the same moment", () => {
    const world = new World();
    world.acquire("holder", "a", { ttl: MINUTE });
    world.apply({ a: { lockDelay: 0 } });
    world.acquire("gone", "a");
    world.acquire("here", "a");
    world.at += MINUTE;
    world.do({ type: "abandon", lease: "gone" });
    expect(world.states("holder", "gone", "here")).toBe("holder EXPIRED, gone ABANDONED, here OFFERED");
  });

  test("an offer is claimed, or lapses for the next one; ttl counts from the claim", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("absent", "a", { claimTimeout: 5 * SECOND });
    world.acquire("next", "a", { ttl: MINUTE });
    world.release("holder");
    world.pass(5 * SECOND);
    expect(world.states("absent", "next")).toBe("absent LAPSED, next OFFERED");
    world.at += 10 * SECOND;
    world.claim("next");
    expect(world.lease("next")).toMatchObject({ state: "HELD", heldAt: world.at, deadline: world.at + MINUTE });
  });

  test("each kind of sign claims an offer", () => {
    for (const sign of ["acquire", "renew", "claim"] as const) {
      const world = new World();
      world.acquire("holder", "a");
      world.acquire("next", "a", { requestId: "r" });
      world.release("holder");
      if (sign === "acquire") world.acquire("again", "a", { requestId: "r" });
      else if (sign === "renew") world.do({ type: "renew", by: { principal: "admin" }, lease: "next" });
      else world.claim("next");
      expect(world.state("next"), sign).toBe("HELD");
    }
  });

  test("an unanswered grant goes back to OFFERED with a request_id, and is withdrawn without one", () => {
    const world = new World();
    world.acquire("with", "a", { requestId: "r" });
    world.do({ type: "hangUp", lease: "with" });
    expect(world.state("with")).toBe("OFFERED");
    expect(world.acquire("retry", "a", { requestId: "r" })).toMatchObject({ id: "with", state: "HELD" });
    world.acquire("without", "b");
    world.do({ type: "hangUp", lease: "without" });
    expect(world.state("without")).toBe("WITHDRAWN");
    expect(wouldGrant(world.pool, "b")).toBe(true);
  });

  test("a waiter who hangs up keeps its place with a request_id, and leaves without one", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("with", "a", { requestId: "r" });
    world.acquire("without", "a");
    for (const lease of ["with", "without"]) world.do({ type: "hangUp", lease });
    expect(world.states("with", "without")).toBe("with QUEUED, without WITHDRAWN");
  });

  test("queue_timeout ends a waiter, and never a holder", () => {
    const world = new World();
    world.acquire("holder", "a", { queueTimeout: SECOND });
    world.acquire("waiter", "a", { queueTimeout: SECOND });
    world.pass(SECOND);
    expect(world.states("holder", "waiter")).toBe("holder HELD, waiter TIMED_OUT");
  });
});

describe("rule 5: time", () => {
  test("a lease lives its whole ttl, and not a microsecond of decision longer", () => {
    const world = new World();
    world.acquire("x", "a", { ttl: 2 * SECOND });
    world.pass(2 * SECOND - 1);
    expect(world.state("x")).toBe("HELD");
    world.pass(1);
    expect(world.state("x")).toBe("EXPIRED");
  });

  test("renew only ever extends, never past max_hold, and a new ttl is remembered", () => {
    const world = new World();
    const { grantedAt = 0 } = world.acquire("x", "a", { ttl: 10 * MINUTE, maxHold: 15 * MINUTE });
    const renew = (ttl?: number) => world.do({ type: "renew", by: { principal: "admin" }, lease: "x", ...(ttl && { ttl }) });
    renew(MINUTE);
    expect(world.lease("x")).toMatchObject({ ttl: MINUTE, deadline: grantedAt + 10 * MINUTE });
    world.at += 9 * MINUTE + 30 * SECOND;
    renew();
    expect(world.lease("x").deadline).toBe(grantedAt + 10 * MINUTE + 30 * SECOND);
    renew(HOUR);
    expect(world.lease("x").deadline).toBe(grantedAt + 15 * MINUTE);
    world.pass(6 * MINUTE);
    expect(world.lease("x")).toMatchObject({ endReason: "EXPIRED", endNote: "max_hold was reached" });
    expect(renew()).toMatchObject({ ok: false, reason: "LEASE_ENDED", metadata: { end_reason: "EXPIRED" } });
  });

  test("a start gives each timed lease a minute at least, once until its next renewal", () => {
    const world = new World();
    world.acquire("long", "a", { ttl: HOUR });
    world.acquire("short", "b", { ttl: 30 * SECOND });
    world.acquire("dead", "c", { ttl: 2 * MINUTE });
    world.at += 3 * HOUR;
    world.do({ type: "recover" });
    expect(["long", "short", "dead"].map((id) => (world.lease(id).deadline ?? 0) - world.at)).toEqual([MINUTE, 30 * SECOND, MINUTE]);
    world.do({ type: "renew", by: { principal: "admin" }, lease: "long" });
    world.at += 50 * SECOND;
    world.do({ type: "recover" });
    expect(world.states("long", "short", "dead")).toBe("long HELD, short EXPIRED, dead HELD");
    world.at += 10 * SECOND;
    world.do({ type: "recover" });
    expect(world.state("dead")).toBe("EXPIRED");
  });

  test("limits of the environment clamp what is asked, and give what is not", () => {
    const world = new World();
    world.apply({ a: { defaultTtl: 5 * MINUTE, maxTtl: 10 * MINUTE, maxHold: HOUR }, b: { maxTtl: 2 * MINUTE } });
    expect(world.acquire("default", "a")).toMatchObject({ ttl: 5 * MINUTE, maxHold: HOUR });
    world.release("default");
    expect(world.acquire("asked", "a", { ttl: HOUR, maxHold: 9 * HOUR })).toMatchObject({ ttl: 10 * MINUTE, maxHold: HOUR });
    world.release("asked");
    expect(world.acquire("both", ["a", "b"])).toMatchObject({ ttl: 2 * MINUTE });
    expect(world.acquire("plain", "c")).toMatchObject({ ttl: HOUR, maxHold: 4 * HOUR });
    expect(world.acquire("longer", "d", { ttl: 9 * HOUR })).toMatchObject({ ttl: 9 * HOUR, maxHold: 9 * HOUR });
  });
});

describe("rule 6: rests", () => {
  test("slots freed by expiry or force rest for lock_delay, those released don't", () => {
    const world = new World();
    world.acquire("x", "a", { ttl: SECOND });
    world.acquire("next", "a");
    world.pass(SECOND);
    expect(world.states("x", "next")).toBe("x EXPIRED, next QUEUED");
    expect(statusOf(world.pool, "a")).toMatchObject({ used: 0, resting: 1, available: false });
    world.pass(10 * SECOND - 1);
    expect(world.state("next")).toBe("QUEUED");
    world.pass(1);
    expect(world.state("next")).toBe("OFFERED");
    world.claim("next");
    world.acquire("third", "a");
    world.do({ type: "forceRelease", by: { principal: "boss" }, lease: "next", reason: "needed" });
    expect(world.lease("next")).toMatchObject({ endReason: "FORCE_RELEASED", endNote: "needed (by boss)" });
    expect(world.state("third")).toBe("QUEUED");
  });

  test("cooldown rests a released slot; other slots of the environment go on", () => {
    const world = new World();
    world.apply({ a: { capacity: 2, cooldown: MINUTE } });
    world.acquire("x", "a");
    world.release("x");
    expect(world.acquire("y", "a").needs[0]?.indexes).toEqual([1]);
    expect(world.acquire("z", "a").state).toBe("QUEUED");
    world.pass(MINUTE);
    expect(world.lease("z").needs[0]?.indexes).toEqual([0]);
  });
});

describe("rule 7: release", () => {
  test("by id it is idempotent and never touches a successor", () => {
    const world = new World();
    world.acquire("x", "a");
    expect(world.release("x")).toMatchObject({ ok: true, alreadyEnded: false });
    world.acquire("y", "a");
    expect(world.release("x")).toMatchObject({ ok: true, alreadyEnded: true });
    expect(world.state("y")).toBe("HELD");
    expect(world.release("nobody")).toMatchObject({ ok: false, reason: "LEASE_NOT_FOUND" });
  });

  test("by environment it means the principal's one lease there", () => {
    const world = new World();
    world.apply({ a: { capacity: 3 } });
    const by = (principal: string) =>
      world.do({ type: "releaseByEnvironment", by: { principal }, environment: "a", outcome: "OK", note: "" });
    expect(by("admin")).toMatchObject({ reason: "NOTHING_HELD" });
    world.acquire("x", "a");
    expect(by("other")).toMatchObject({ reason: "NOT_YOURS" });
    world.acquire("y", "a");
    expect(by("admin")).toMatchObject({ reason: "SEVERAL_HELD", metadata: { lease_ids: "x, y" } });
    world.release("x");
    expect(by("admin")).toMatchObject({ ok: true, lease: { id: "y", endReason: "RELEASED" } });
  });

  test("a lease_token acts for its lease alone", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("y", "b");
    const release = (lease: string, token: string) =>
      world.do({ type: "release", by: { principal: "", lease: token }, lease, outcome: "OK", note: "" });
    expect(release("x", "y")).toMatchObject({ reason: "NOT_YOURS" });
    expect(release("x", "x")).toMatchObject({ ok: true });
  });

  test("BROKEN takes the environment out of service, with who said so", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("next", "a");
    world.do({ type: "release", by: { principal: "admin" }, lease: "x", outcome: "BROKEN", note: "no route" });
    expect(statusOf(world.pool, "a")).toMatchObject({ state: "MAINTENANCE", stateReason: "broken, says x: no route" });
    expect(world.state("next")).toBe("QUEUED");
  });

  test("/maybe frees the oldest lease taken there, and never one of the new API", () => {
    const world = new World();
    world.apply({ a: { capacity: 3 } });
    const free = () => world.do({ type: "releaseLegacy", environment: "a" });
    expect(free()).toMatchObject({ ok: true });
    world.acquire("new", "a");
    expect(free()).toMatchObject({ reason: "NOT_YOURS" });
    const old = world.acquire("old", "a", { legacy: true });
    expect([old.ttl, old.maxHold, old.deadline]).toEqual([undefined, undefined, undefined]);
    world.acquire("older", "a", { legacy: true });
    expect(free()).toMatchObject({ lease: { id: "old" } });
  });
});

describe("rule 8: revisions and tokens", () => {
  test("a grant's token is its revision, the same on all its environments, and rises for ever", () => {
    const world = new World();
    const one = world.acquire("one", ["a", "b"]);
    expect(one.fencingToken).toBe(one.revision);
    world.release("one");
    world.do({ type: "delete", environment: "a" });
    const two = world.acquire("two", "a");
    expect(two.fencingToken).toBeGreaterThan(one.fencingToken ?? 0);
    expect(two.fencingToken).toBeGreaterThanOrEqual(world.at);
    world.at -= 5 * HOUR;
    expect(world.acquire("three", "c").fencingToken).toBeGreaterThan(two.fencingToken ?? 0);
  });

  test("events come in the order of revisions, renewals make none", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("y", "a");
    const before = world.events.length;
    world.do({ type: "renew", by: { principal: "admin" }, lease: "x" });
    expect(world.events.length).toBe(before);
    world.release("x");
    expect(world.events.map(({ cause }) => `${cause?.leaseId} ${cause?.state}`)).toEqual(["x HELD", "y QUEUED", "x ENDED", "y OFFERED"]);
    const revisions = world.events.map((event) => event.revision);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    expect(world.events.at(-2)?.environments[0]).toMatchObject({ used: 0, queueLength: 1, available: false });
  });
});

describe("the fleet", () => {
  test("a smaller capacity lets holders finish, and turns away who can never fit", () => {
    const world = new World();
    world.apply({ a: { capacity: 3 } });
    for (const id of ["x", "y", "z"]) world.acquire(id, "a");
    world.acquire("wide", "a:2");
    world.acquire("narrow", "a");
    world.apply({ a: { capacity: 1 } });
    expect(world.states("x", "y", "z", "wide", "narrow")).toBe("x HELD, y HELD, z HELD, wide UNSATISFIABLE, narrow QUEUED");
    world.release("x");
    world.release("z");
    expect(world.state("narrow")).toBe("QUEUED");
    world.release("y");
    expect(world.lease("narrow")).toMatchObject({ state: "OFFERED", needs: [{ indexes: [0] }] });
  });

  test("deleting is refused while held; who waits ends as UNSATISFIABLE", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("both", ["a", "b"]);
    expect(world.do({ type: "delete", environment: "a" })).toMatchObject({ reason: "ENVIRONMENT_IN_USE", metadata: { lease_ids: "x" } });
    expect(world.do({ type: "delete", environment: "b" })).toMatchObject({ ok: true });
    expect(world.lease("both")).toMatchObject({ endReason: "UNSATISFIABLE", endNote: "environment b was deleted" });
    expect(world.do({ type: "delete", environment: "bb" })).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND" });
  });

  test("apply is all or nothing, tells what changed, and never touches states or leases", () => {
    const world = new World();
    world.acquire("x", "a");
    world.acquire("y", "gone");
    world.release("y");
    world.elsewhere.set("foreign", "other");
    expect(world.apply({ a: { capacity: 2 }, foreign: {} })).toMatchObject({ reason: "POOL_FIXED" });
    expect(statusOf(world.pool, "a").capacity).toBe(1);
    expect(world.apply({ b: {}, a: { capacity: 2, labels: { os: "linux" } } }, true)).toMatchObject({
      changes: [
        { name: "b", kind: "CREATED" },
        { name: "a", kind: "UPDATED", fields: ["capacity", "labels"] },
        { name: "gone", kind: "DELETED" },
      ],
    });
    expect(world.apply({ b: {} }, true)).toMatchObject({ reason: "ENVIRONMENT_IN_USE" });
    expect(world.state("x")).toBe("HELD");
  });

  test("an unknown environment is created only where that is allowed, and near names are told", () => {
    const world = new World();
    world.acquire("x", "staging-2");
    const reply = world.do({ ...acquireCommand("y", "stagin-2"), autoCreate: false });
    expect(reply).toMatchObject({ reason: "ENVIRONMENT_NOT_FOUND", message: expect.stringContaining('did you mean "staging-2"?') });
    world.elsewhere.set("foreign", "other");
    expect(world.do(acquireCommand("z", "foreign"))).toMatchObject({ reason: "POOL_MISMATCH" });
  });
});
