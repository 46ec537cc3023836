/** docs/contract.md's rules 1 to 4, one by one, on the bare core: asking and waiting. */
import { describe, expect, test } from "vitest";
import { wouldGrant } from "../../src/core/view.ts";
import { ADMIN, acquireCommand, cleanCommand, HOUR, MINUTE, SECOND, World } from "./world.ts";

describe("rule 1: who is next", () => {
  test("a grant is all or nothing", () => {
    const world = new World();
    world.acquire("first", "a");
    world.acquire("both", ["a", "b"]);
    expect(world.states("first", "both")).toBe("first HELD, both QUEUED");
    world.release("first");
    expect(world.lease("both").needs).toMatchObject([{ indexes: [0] }, { indexes: [0] }]);
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
    world.do({ type: "setState", by: ADMIN, environment: "a", state: "MAINTENANCE", reason: "disk" });
    expect(world.acquire("both", ["a", "b"]).state).toBe("QUEUED");
    expect(world.acquire("narrow", "b").state).toBe("HELD");
    world.release("narrow");
    world.do({ type: "setState", by: ADMIN, environment: "a", state: "AVAILABLE", reason: "" });
    expect(world.state("both")).toBe("OFFERED");
  });

  test("an environment that is being cleaned keeps its claims: it comes back by itself", () => {
    const world = new World();
    world.apply({ a: {}, b: {} });
    world.do({ type: "setState", by: ADMIN, environment: "a", state: "DIRTY", reason: "" });
    world.do(cleanCommand("cleaner"));
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
    world.do({ type: "setState", by: ADMIN, environment: "b", state: "AVAILABLE", reason: "" });
    world.apply({ a: { capacity: 2 }, b: {} });
    world.do({ type: "setState", by: ADMIN, environment: "b", state: "DRAINING", reason: "", until: world.at + MINUTE });
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

  test("busy with FAIL and immediate UNSATISFIABLE are answers only, and do not use up the id", () => {
    const world = new World();
    world.acquire("holder", "a");
    const revision = world.pool.revision;
    const busy = world.do(acquireCommand("x1", "a", { ifBusy: "FAIL", requestId: "r" }));
    expect(busy).toMatchObject({ ok: false, reason: "ENVIRONMENT_BUSY", metadata: { holders: "holder", lease_ids: "holder" } });
    expect(world.do(acquireCommand("x2", "fresh:2", { ifBusy: "FAIL", requestId: "r" }))).toMatchObject({ reason: "UNSATISFIABLE" });
    expect(world.acquire("x2", "fresh:2", { requestId: "r" }).endReason).toBe("UNSATISFIABLE");
    expect([world.pool.revision, world.pool.sites.has("fresh")]).toEqual([revision, false]);
    world.release("holder");
    expect(world.acquire("x3", "a", { ifBusy: "FAIL", requestId: "r" }).state).toBe("HELD");
    world.release("x3");
    // With FAIL an answer means HELD, and a retry after the end is none.
    expect(world.do(acquireCommand("x4", "a", { ifBusy: "FAIL", requestId: "r" }))).toMatchObject({ ok: false, reason: "LEASE_ENDED" });
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
    world.do({ type: "abandon", leases: ["gone"] });
    expect(world.states("holder", "gone", "here")).toBe("holder EXPIRED, gone ABANDONED, here OFFERED");
  });

  test("of several who vanished none is offered what another one leaves", () => {
    const world = new World();
    world.acquire("holder", "b");
    world.acquire("wide", ["a", "b"]);
    world.acquire("gone", "a");
    world.acquire("here", "a");
    world.do({ type: "abandon", leases: ["wide", "gone"] });
    expect(world.states("wide", "gone", "here")).toBe("wide ABANDONED, gone ABANDONED, here OFFERED");
  });

  test("an offer that is not claimed goes to the next one; ttl counts from the claim", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("absent", "a", { claimTimeout: 5 * SECOND });
    world.acquire("next", "a", { ttl: MINUTE });
    world.release("holder");
    world.pass(5 * SECOND);
    expect(world.states("absent", "next")).toBe("absent QUEUED, next OFFERED");
    world.at += 3 * SECOND;
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
    world.hangUp("with");
    expect(world.state("with")).toBe("OFFERED");
    expect(world.acquire("retry", "a", { requestId: "r" })).toMatchObject({ id: "with", state: "HELD" });
    world.acquire("without", "b");
    world.hangUp("without");
    expect(world.state("without")).toBe("WITHDRAWN");
    expect(wouldGrant(world.pool, "b")).toBe(true);
  });

  test("a waiter who hangs up keeps its place with a request_id, and leaves without one", () => {
    const world = new World();
    world.acquire("holder", "a");
    world.acquire("with", "a", { requestId: "r" });
    world.acquire("without", "a");
    for (const lease of ["with", "without"]) world.hangUp(lease);
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
