/** Cleaning between holders (docs/contract.md, the life of an environment), on the bare core. */
import { describe, expect, test } from "vitest";
import type { Reply } from "../../src/core/command.ts";
import { statusOf } from "../../src/core/view.ts";
import { CLEANED, Fleet } from "./fleet.ts";
import { ADMIN, HOUR, MINUTE, SECOND } from "./world.ts";

describe("cleaning", () => {
  test("a release leaves it DIRTY, a cleaner gets it ahead of the line, and its release serves the line in the same step", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.acquire("x", "a");
    fleet.acquire("next", "a");
    fleet.release("x");
    expect([fleet.stateOf("a"), fleet.reasonOf("a"), fleet.state("next")]).toEqual(["DIRTY", "used by x", "QUEUED"]);
    expect(fleet.clean("c")).toMatchObject({ ok: true, lease: { state: "HELD", cleaning: true, ttl: MINUTE, maxHold: 10 * MINUTE } });
    expect(statusOf(fleet.pool, "a")).toMatchObject({
      state: "CLEANING",
      stateReason: "used by x",
      holders: [{ leaseId: "c", cleaning: true }],
      queueLength: 1,
      available: false,
    });
    const { revision } = fleet.pool;
    fleet.giveBack("c");
    expect([fleet.stateOf("a"), fleet.state("next")]).toEqual(["AVAILABLE", "OFFERED"]);
    // Nobody who watches sees it available in between.
    const seen = fleet.events.filter((event) => event.revision > revision).flatMap(({ environments }) => environments);
    expect(seen.map(({ state, used }) => `${state} ${used}`)).toEqual(["AVAILABLE 1", "AVAILABLE 0", "AVAILABLE 1"]);
    expect(seen.every(({ available }) => !available)).toBe(true);
  });

  test("whoever is longest dirty is cleaned first; one is named, or meant by its labels; and nothing dirty is told as that", () => {
    const fleet = new Fleet({ a: CLEANED, b: { ...CLEANED, labels: { tier: "uat" } }, c: CLEANED, d: {} });
    for (const name of ["c", "b", "a"]) {
      fleet.acquire(`on-${name}`, name);
      fleet.at += SECOND;
      fleet.release(`on-${name}`);
    }
    const place = (reply: Reply) =>
      reply.ok ? reply.lease?.needs.map((need) => ("environment" in need ? need.environment : "")) : reply.reason;
    expect(place(fleet.clean("1"))).toEqual(["c"]);
    expect(place(fleet.clean("2", { selector: [{ key: "tier", operator: "IN", values: ["uat"] }] }))).toEqual(["b"]);
    expect(place(fleet.clean("3", { environment: "c" }))).toBe("NOTHING_DIRTY");
    expect(place(fleet.clean("3", { environment: "d" }))).toBe("NOTHING_DIRTY");
    expect(place(fleet.clean("3", { environment: "dd" }))).toBe("ENVIRONMENT_NOT_FOUND");
    expect(place(fleet.clean("3", { environment: "a" }))).toEqual(["a"]);
    expect(fleet.clean("4")).toMatchObject({ reason: "NOTHING_DIRTY", message: expect.stringContaining('pool "default" has nothing') });
  });

  test("a request_id is one cleaning; what it stood for is never given again", () => {
    const fleet = new Fleet({ a: CLEANED, b: CLEANED });
    for (const name of ["a", "b"]) fleet.set(name, "DIRTY");
    expect(fleet.clean("1", { requestId: "r" })).toMatchObject({ lease: { id: "1" } });
    expect(fleet.clean("2", { requestId: "r" })).toMatchObject({ lease: { id: "1" } });
    expect(fleet.clean("3", { requestId: "r", fingerprint: "other" })).toMatchObject({ reason: "IDEMPOTENCY_MISMATCH" });
    fleet.giveBack("1");
    expect(fleet.clean("4", { requestId: "r" })).toMatchObject({ reason: "LEASE_ENDED" });
    expect(fleet.stateOf("b")).toBe("DIRTY");
  });

  test("rests run as ever, and the cleaner waits for them; a cooldown follows the use, not the cleaning", () => {
    const fleet = new Fleet({ a: { ...CLEANED, cooldown: 20 * SECOND } });
    fleet.acquire("x", "a", { ttl: SECOND });
    fleet.acquire("next", "a");
    fleet.pass(SECOND);
    expect([fleet.state("x"), fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["EXPIRED", "DIRTY", "left by x"]);
    expect(fleet.clean("c")).toMatchObject({ reason: "NOTHING_DIRTY" });
    fleet.pass(20 * SECOND);
    expect(fleet.clean("c")).toMatchObject({ ok: true });
    fleet.giveBack("c");
    expect(fleet.state("next")).toBe("OFFERED");
  });

  test.each([
    ["is released as FAILED", (fleet: Fleet) => fleet.giveBack("c", "FAILED", "no network"), "c did not clean it: no network"],
    [
      "is ended by force",
      (fleet: Fleet) => fleet.do({ type: "forceRelease", by: ADMIN, lease: "c", reason: "stuck" }),
      "c did not clean it: stuck",
    ],
    ["dies", (fleet: Fleet) => fleet.pass(MINUTE), "c did not clean it: it was not renewed in time"],
    ["loses its answer, which was written", (fleet: Fleet) => fleet.hangUp("c", true), "c did not clean it: its caller went away"],
  ])("a cleaner that %s leaves it DIRTY, behind the others, and the time for cleaning runs on", (_, give, reason) => {
    const fleet = new Fleet({ a: { ...CLEANED, lockDelay: 0 }, b: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.at += SECOND;
    fleet.set("b", "DIRTY");
    const begun = fleet.at;
    fleet.clean("c");
    fleet.at += SECOND;
    give(fleet);
    expect([fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["DIRTY", reason]);
    expect([...fleet.pool.dirty.keys()].map(({ environment }) => environment)).toEqual(["b", "a"]);
    fleet.clean("again", { environment: "a", ttl: HOUR });
    expect(fleet.lease("again")).toMatchObject({ state: "HELD", deadline: begun + 10 * MINUTE });
    fleet.pass(begun + 10 * MINUTE - fleet.at);
    expect(fleet.lease("again")).toMatchObject({ endReason: "EXPIRED", endNote: "the time for cleaning was over" });
    expect([fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["QUARANTINED", "not cleaned in time"]);
    expect(fleet.clean("more", { environment: "a" })).toMatchObject({ reason: "NOTHING_DIRTY" });
    fleet.set("a", "AVAILABLE");
    expect(fleet.acquire("y", "a").state).toBe("HELD");
  });

  test("one whose answer was never sent leaves it as it was, in its old place; with a request_id it can come back for it", () => {
    const fleet = new Fleet({ a: CLEANED, b: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.at += SECOND;
    fleet.set("b", "DIRTY");
    fleet.clean("c");
    fleet.hangUp("c");
    expect([...fleet.pool.dirty.keys()].map(({ environment }) => environment)).toEqual(["a", "b"]);
    fleet.clean("d", { requestId: "r" });
    fleet.hangUp("d", true);
    expect([fleet.state("d"), fleet.stateOf("a")]).toEqual(["OFFERED", "CLEANING"]);
    expect(fleet.clean("e", { requestId: "r" })).toMatchObject({ lease: { id: "d", state: "HELD" } });
    fleet.hangUp("d", true);
    fleet.pass(5 * SECOND);
    expect([fleet.state("d"), fleet.stateOf("a")]).toEqual(["WITHDRAWN", "DIRTY"]);
    expect(statusOf(fleet.pool, "a").resting).toBe(1);
  });

  test("between two tries the time for cleaning is over as well", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.clean("c");
    fleet.giveBack("c", "FAILED");
    fleet.pass(10 * MINUTE);
    expect([fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["QUARANTINED", "not cleaned in time"]);
  });

  test("a cleaner that cannot says so, and it is put aside", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.clean("c");
    fleet.giveBack("c", "BROKEN", "disk dead");
    expect([fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["QUARANTINED", "c could not clean it: disk dead"]);
  });

  test("a start gives the cleaner its grace, and what time there was for cleaning is over behind that", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.clean("c");
    fleet.at += HOUR;
    fleet.do({ type: "recover" });
    expect([fleet.state("c"), fleet.stateOf("a")]).toEqual(["HELD", "CLEANING"]);
    fleet.pass(MINUTE);
    expect([fleet.state("c"), fleet.stateOf("a")]).toEqual(["EXPIRED", "QUARANTINED"]);
  });

  test("one who says within that grace that it is not clean has said it too late", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.clean("c");
    fleet.at += HOUR;
    fleet.do({ type: "recover" });
    fleet.giveBack("c", "FAILED");
    expect([fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["QUARANTINED", "not cleaned in time"]);
  });

  test("to give the environment back by its name never means the cleaner who has it now", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    const nobody = { name: "", kind: "PIPELINE", runUrl: "", repository: "", ref: "", sha: "", job: "", actor: "" } as const;
    fleet.clean("c", { holder: nobody });
    const byName = { type: "releaseByEnvironment", environment: "a", outcome: "OK", note: "" } as const;
    expect(fleet.do({ ...byName, by: ADMIN })).toMatchObject({ reason: "NAME_THE_LEASE" });
    expect(fleet.do({ ...byName, by: { principal: "lease c", lease: "c" } })).toMatchObject({ ok: true, lease: { id: "c" } });
    expect(fleet.stateOf("a")).toBe("AVAILABLE");
  });
});
