/** docs/contract.md's rules 5 to 8, one by one, on the bare core: holding and ending. */
import { describe, expect, test } from "vitest";
import { statusOf } from "../../src/core/view.ts";
import { ADMIN, HOUR, MINUTE, SECOND, World } from "./world.ts";

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

  test("who lives on the grace of a start is asked to stop by no time that was over before", () => {
    const world = new World();
    world.acquire("older", "a", { supersedeKey: "main", ttl: MINUTE, maxHold: MINUTE });
    world.at += HOUR;
    world.do({ type: "recover" });
    const { deadline = 0 } = world.lease("older");
    world.acquire("newer", "a", { supersedeKey: "main", supersede: "HELD" });
    expect(world.lease("older").cancelRequested).toMatchObject({ deadline, until: deadline });
  });

  test("a renewal beyond max_hold keeps what is left of the grace, and earns no other one", () => {
    const world = new World();
    world.acquire("x", "a", { ttl: 30 * SECOND, maxHold: MINUTE });
    const ends = () => (world.lease("x").deadline ?? 0) - world.at;
    world.at += HOUR;
    world.do({ type: "recover" });
    world.do({ type: "renew", by: ADMIN, lease: "x" });
    expect(ends()).toBe(30 * SECOND);
    world.at += 20 * SECOND;
    world.do({ type: "recover" });
    expect(ends()).toBe(10 * SECOND);
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
    expect(world.lease("next")).toMatchObject({ endReason: "FORCE_RELEASED", endNote: "needed", endedBy: { principal: "boss" } });
    expect(world.state("third")).toBe("QUEUED");
  });

  test("cooldown rests a released slot; other slots of the environment go on", () => {
    const world = new World();
    world.apply({ a: { capacity: 2, cooldown: MINUTE } });
    world.acquire("x", "a");
    world.release("x");
    expect(world.acquire("y", "a").needs).toMatchObject([{ indexes: [1] }]);
    expect(world.acquire("z", "a").state).toBe("QUEUED");
    world.pass(MINUTE);
    expect(world.lease("z").needs).toMatchObject([{ indexes: [0] }]);
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

  const byName = (world: World, more: { principal?: string; lease?: string; requestId?: string } = {}) => {
    const { principal = "admin", lease, requestId } = more;
    const by = { principal, ...(lease !== undefined && { lease }) };
    const asked = requestId === undefined ? {} : { requestId };
    return world.do({ type: "releaseByEnvironment", by, environment: "a", outcome: "OK", note: "", ...asked });
  };
  const NAMELESS = { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;

  test("by environment it means the principal's lease that nothing else can name", () => {
    const world = new World();
    world.apply({ a: { capacity: 5 } });
    expect(byName(world)).toMatchObject({ reason: "NOTHING_HELD" });
    world.acquire("named", "a");
    world.acquire("run", "a", { holder: { ...NAMELESS, runUrl: "https://ci/7" } });
    world.acquire("asked", "a", { holder: NAMELESS, requestId: "r" });
    expect(byName(world, { principal: "other" })).toMatchObject({ reason: "NOT_YOURS" });
    expect(byName(world)).toMatchObject({ reason: "NAME_THE_LEASE", metadata: { holder: "named", lease_ids: "named, run, asked" } });
    world.acquire("x", "a", { holder: NAMELESS });
    world.acquire("y", "a", { holder: NAMELESS });
    expect(byName(world)).toMatchObject({ reason: "SEVERAL_HELD", metadata: { lease_ids: "x, y" } });
    world.release("x");
    expect(byName(world)).toMatchObject({ ok: true, lease: { id: "y", endReason: "RELEASED", endedBy: { principal: "admin" } } });
    expect(world.states("named", "run", "asked")).toBe("named HELD, run HELD, asked HELD");
  });

  test("by environment it says of a lease that nobody has taken yet to whom it is offered", () => {
    const world = new World();
    world.acquire("x", "a");
    expect(byName(world)).toMatchObject({ message: expect.stringContaining('"a" is held for "x"') });
    world.acquire("zoe", "a");
    world.release("x");
    expect(byName(world)).toMatchObject({ message: expect.stringContaining('"a" is offered to "zoe"') });
  });

  test("with a request_id it means that request's lease there, waiting, held or ended, and no other", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "one" });
    world.acquire("y", "a", { requestId: "two" });
    world.acquire("z", "b", { requestId: "elsewhere" });
    expect(byName(world, { requestId: "elsewhere" })).toMatchObject({ reason: "NOTHING_HELD", field: "request_id" });
    expect(byName(world, { requestId: "one", principal: "other" })).toMatchObject({ reason: "NOTHING_HELD" });
    expect(byName(world, { requestId: "two" })).toMatchObject({ lease: { id: "y", endReason: "WITHDRAWN" }, alreadyEnded: false });
    expect(byName(world, { requestId: "one" })).toMatchObject({ lease: { id: "x", endReason: "RELEASED" }, alreadyEnded: false });
    expect(byName(world, { requestId: "one" })).toMatchObject({ lease: { id: "x" }, alreadyEnded: true });
    expect(world.state("z")).toBe("HELD");
  });

  test("a lease_token names no other lease by environment than its own, also where nobody is asked for a key", () => {
    const world = new World();
    world.acquire("old", "a", { ttl: SECOND, by: { principal: "anonymous" } });
    world.apply({ a: { lockDelay: 0 } });
    world.pass(SECOND);
    world.acquire("theirs", "a", { requestId: "r", by: { principal: "anonymous" } });
    expect(byName(world, { principal: "anonymous", lease: "old" })).toMatchObject({ ok: false, reason: "NAME_THE_LEASE" });
    expect(world.state("theirs")).toBe("HELD");
  });

  test("with a request_id it is told of an end also when the environment was forgotten", () => {
    const world = new World();
    world.acquire("x", "a", { requestId: "one" });
    world.release("x");
    world.pass(2 * HOUR);
    expect(world.pool.sites.has("a")).toBe(false);
    expect(byName(world, { requestId: "one" })).toMatchObject({ ok: true, alreadyEnded: true });
  });

  test("a lease_token shown by environment means its own lease, and the record tells so", () => {
    const world = new World();
    world.apply({ a: { capacity: 2 } });
    world.acquire("x", "a");
    world.acquire("y", "a");
    const reply = byName(world, { principal: "lease y", lease: "y" });
    expect(reply).toMatchObject({ lease: { id: "y", endedBy: { principal: "admin", lease: "y", holder: { name: "y" } } } });
    expect(world.state("x")).toBe("HELD");
  });

  test("a lease_token shown by environment while its lease waits there withdraws that", () => {
    const world = new World();
    world.acquire("x", "a", { holder: NAMELESS });
    world.acquire("y", "a");
    world.acquire("z", "b");
    expect(byName(world, { principal: "lease z", lease: "z" })).toMatchObject({ reason: "NOT_YOURS" });
    expect(byName(world, { lease: "z" })).toMatchObject({ reason: "NAME_THE_LEASE" });
    expect(byName(world, { lease: "y" })).toMatchObject({ lease: { id: "y", endReason: "WITHDRAWN" } });
    expect(world.states("x", "z")).toBe("x HELD, z HELD");
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
    const free = () => world.do({ type: "releaseLegacy", by: ADMIN, environment: "a" });
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
    world.do({ type: "delete", by: ADMIN, environment: "a" });
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
