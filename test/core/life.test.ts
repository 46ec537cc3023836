/** The life of an environment (docs/contract.md), on the bare core: what a use leaves behind, and what operators make of it. */
import { describe, expect, test } from "vitest";
import { limits } from "../../src/core/limits.ts";
import { CLEANED, Fleet } from "./fleet.ts";
import { ADMIN, HOUR, MINUTE, SECOND } from "./world.ts";

describe("what a use leaves behind", () => {
  test.each([
    ["RELEASE", "AVAILABLE", "AVAILABLE", "AVAILABLE"],
    ["CLEAN", "DIRTY", "DIRTY", "AVAILABLE"],
    ["HOLD", "QUARANTINED", "AVAILABLE", "AVAILABLE"],
  ] as const)(
    "on_expiry %s: after an expiry it is %s, after a release by force %s, after a release %s",
    (onExpiry, expired, forced, released) => {
      const fleet = new Fleet({ a: { onExpiry }, b: { onExpiry }, c: { onExpiry } });
      fleet.acquire("x", "a", { ttl: SECOND });
      fleet.acquire("y", "b");
      fleet.acquire("z", "c");
      fleet.pass(SECOND);
      fleet.do({ type: "forceRelease", by: ADMIN, lease: "y", reason: "needed" });
      fleet.release("z");
      expect(fleet.states("x", "y", "z")).toBe("x EXPIRED, y FORCE_RELEASED, z RELEASED");
      expect(["a", "b", "c"].map((name) => fleet.stateOf(name))).toEqual([expired, forced, released]);
    },
  );

  test("one that was offered, and that nobody knew of, leaves it clean", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.acquire("x", "a");
    fleet.hangUp("x");
    expect(fleet.stateOf("a")).toBe("AVAILABLE");
    fleet.acquire("y", "a", { requestId: "r" });
    fleet.hangUp("y");
    fleet.acquire("z", "a");
    fleet.pass(30 * SECOND);
    expect([fleet.stateOf("a"), fleet.states("y", "z")]).toEqual(["AVAILABLE", "y QUEUED, z OFFERED"]);
  });

  test("one whose answer was lost may be in use, and it is cleaned after it", () => {
    const fleet = new Fleet({ a: CLEANED, b: CLEANED });
    fleet.acquire("x", "a");
    fleet.hangUp("x", true);
    fleet.acquire("y", "b", { requestId: "r" });
    fleet.hangUp("y", true);
    fleet.pass(30 * SECOND);
    expect([fleet.states("x", "y"), fleet.stateOf("a"), fleet.stateOf("b")]).toEqual(["x WITHDRAWN, y QUEUED", "DIRTY", "DIRTY"]);
  });

  test("BROKEN takes it out, with who said it and why, until an operator says otherwise", () => {
    const fleet = new Fleet({ a: {}, b: {} });
    fleet.acquire("x", ["a", "b"]);
    fleet.acquire("next", "a");
    fleet.giveBack("x", "BROKEN", "no disk left");
    expect(["a", "b"].map((name) => [fleet.stateOf(name), fleet.reasonOf(name)])).toEqual([
      ["MAINTENANCE", "broken, says x: no disk left"],
      ["MAINTENANCE", "broken, says x: no disk left"],
    ]);
    fleet.set("a", "AVAILABLE");
    expect(fleet.state("next")).toBe("OFFERED");
  });

  test("what its holder says is cut to the length of a text, within no character", () => {
    const fleet = new Fleet({ a: {} });
    fleet.acquire("x", "a");
    fleet.giveBack("x", "BROKEN", "💥".repeat(limits.text));
    expect(fleet.reasonOf("a")).toBe(`broken, says x: ${"💥".repeat(limits.text - "broken, says x: ".length)}`);
  });

  test("what was used under an operator's word is DIRTY when that ends by itself, and fit when the operator says so", () => {
    const fleet = new Fleet({ a: CLEANED, b: CLEANED });
    for (const name of ["a", "b"]) {
      fleet.acquire(`on-${name}`, name);
      fleet.set(name, "DRAINING", HOUR);
      fleet.release(`on-${name}`);
      expect(fleet.stateOf(name)).toBe("DRAINING");
    }
    fleet.set("b", "AVAILABLE");
    expect(fleet.stateOf("b")).toBe("AVAILABLE");
    fleet.pass(HOUR);
    expect([fleet.stateOf("a"), fleet.reasonOf("a")]).toEqual(["DIRTY", "used before it was DRAINING"]);
  });

  test("MAINTENANCE and DRAINING end by themselves", () => {
    const fleet = new Fleet({ a: {}, b: {} });
    fleet.set("a", "MAINTENANCE", MINUTE);
    fleet.set("b", "DRAINING", MINUTE);
    fleet.acquire("x", "a");
    fleet.acquire("y", "b");
    fleet.pass(MINUTE);
    expect([fleet.states("x", "y"), fleet.reasonOf("a")]).toEqual(["x OFFERED, y OFFERED", ""]);
  });

  test("failures in a row put it aside; an OK, and an operator, begin anew; force says nothing", () => {
    const fleet = new Fleet({ a: { quarantineAfter: 3, lockDelay: 0 } });
    let nth = 0;
    const use = (end: "OK" | "FAILED" | "EXPIRED" | "FORCE") => {
      const id = `use-${++nth}`;
      fleet.acquire(id, "a", { ttl: SECOND });
      if (end === "EXPIRED") fleet.pass(SECOND);
      else if (end === "FORCE") fleet.do({ type: "forceRelease", by: ADMIN, lease: id, reason: "needed" });
      else fleet.giveBack(id, end, end === "OK" ? "" : "red");
      return fleet.stateOf("a");
    };
    expect([use("FAILED"), use("EXPIRED"), use("OK"), use("FAILED"), use("FORCE"), use("EXPIRED")]).toEqual(Array(6).fill("AVAILABLE"));
    expect([use("FAILED"), fleet.reasonOf("a")]).toEqual(["QUARANTINED", "3 leases in a row failed, the last that of use-7: red"]);
    fleet.set("a", "AVAILABLE");
    expect([use("FAILED"), use("FAILED"), use("FAILED")]).toEqual(["AVAILABLE", "AVAILABLE", "QUARANTINED"]);
  });
});

describe("what else ends a use", () => {
  const reserved = (world: Fleet) => ({ autoClaim: true, notAfter: world.at + HOUR, ttl: 2 * HOUR });

  test.each([
    ["not_after", reserved],
    ["max_hold", (world: Fleet) => ({ autoClaim: true, notAfter: world.at + 7 * HOUR, maxHold: HOUR })],
  ])("a reservation that ends at its %s is cleaned after, and neither kept as it was nor a failure", (_, asked) => {
    const fleet = new Fleet({ a: { onExpiry: "HOLD", quarantineAfter: 1 }, b: { onExpiry: "CLEAN" } });
    for (const name of ["a", "b"]) fleet.acquire(`on-${name}`, name, asked(fleet));
    fleet.pass(HOUR);
    expect([fleet.states("on-a", "on-b"), fleet.stateOf("a"), fleet.stateOf("b")]).toEqual([
      "on-a EXPIRED, on-b EXPIRED",
      "AVAILABLE",
      "DIRTY",
    ]);
  });

  test("a holder who was superseded leaves it to be cleaned", () => {
    const fleet = new Fleet({ a: { onExpiry: "CLEAN" } });
    const key = { supersedeKey: "main", supersede: "HELD" } as const;
    fleet.acquire("old", "a", { ...key, ttl: MINUTE });
    fleet.acquire("new", "a", key);
    fleet.pass(HOUR);
    expect([fleet.state("old"), fleet.stateOf("a")]).toEqual(["SUPERSEDED", "DIRTY"]);
  });
});

describe("what operators do meanwhile", () => {
  test("DIRTY by hand, and clean by hand; not where several can be on it", () => {
    const fleet = new Fleet({ a: {}, wide: { capacity: 2 } });
    fleet.acquire("x", "a");
    expect(fleet.set("a", "DIRTY")).toMatchObject({ ok: true });
    expect(fleet.clean("c")).toMatchObject({ reason: "NOTHING_DIRTY" });
    fleet.release("x");
    fleet.acquire("next", "a");
    expect(fleet.stateOf("a")).toBe("DIRTY");
    fleet.set("a", "AVAILABLE");
    expect(fleet.state("next")).toBe("OFFERED");
    expect(fleet.set("wide", "DIRTY")).toMatchObject({ reason: "NOT_CLEANABLE" });
  });

  test.each([
    ["AVAILABLE", "OK", "AVAILABLE"],
    ["AVAILABLE", "FAILED", "DIRTY"],
    ["DIRTY", "OK", "DIRTY"],
    ["MAINTENANCE", "OK", "MAINTENANCE"],
    ["MAINTENANCE", "FAILED", "MAINTENANCE"],
    ["MAINTENANCE", "BROKEN", "QUARANTINED"],
  ] as const)("set to %s while a cleaner has it, who releases it as %s: %s; nobody is on it meanwhile", (state, outcome, after) => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.clean("c");
    fleet.set("a", state, state === "MAINTENANCE" ? HOUR : undefined);
    fleet.acquire("next", "a");
    expect(fleet.states("c", "next")).toBe("c HELD, next QUEUED");
    fleet.giveBack("c", outcome);
    expect([fleet.stateOf("a"), fleet.state("next")]).toEqual([after, after === "AVAILABLE" ? "OFFERED" : "QUEUED"]);
    if (after !== "MAINTENANCE") return;
    fleet.pass(HOUR);
    expect(fleet.stateOf("a")).toBe(outcome === "OK" ? "AVAILABLE" : "DIRTY");
  });

  test.each([
    ["whose answer was never sent", (fleet: Fleet) => fleet.hangUp("c"), "WITHDRAWN", "AVAILABLE"],
    [
      "who is ended by force, since whoever does it has looked at it",
      (fleet: Fleet) => fleet.do({ type: "forceRelease", by: ADMIN, lease: "c", reason: "" }),
      "FORCE_RELEASED",
      "AVAILABLE",
    ],
    ["who dies, perhaps half way", (fleet: Fleet) => fleet.pass(MINUTE), "EXPIRED", "DIRTY"],
  ] as const)("what an operator calls fit for use under a cleaner %s", (_, end, reason, after) => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.clean("c");
    fleet.set("a", "AVAILABLE");
    end(fleet);
    expect([fleet.state("c"), fleet.stateOf("a")]).toEqual([reason, after]);
  });

  test("a smaller capacity under two holders: the cleaner waits for both", () => {
    const fleet = new Fleet({ a: { capacity: 2 } });
    fleet.acquire("x", "a");
    fleet.acquire("y", "a");
    fleet.acquire("next", "a");
    fleet.apply({ a: { ...CLEANED, capacity: 1 } });
    fleet.release("x");
    expect([fleet.stateOf("a"), fleet.clean("c")]).toMatchObject(["DIRTY", { reason: "NOTHING_DIRTY" }]);
    fleet.release("y");
    expect(fleet.clean("c")).toMatchObject({ ok: true });
    fleet.giveBack("c");
    expect(fleet.state("next")).toBe("OFFERED");
  });

  test("a new configuration leaves the state as it is; what is being cleaned is not deleted, what waits for it is", () => {
    const fleet = new Fleet({ a: CLEANED });
    fleet.set("a", "DIRTY");
    fleet.apply({ a: {} });
    expect(fleet.stateOf("a")).toBe("DIRTY");
    fleet.clean("c");
    fleet.apply({ a: { capacity: 2 } });
    expect(fleet.do({ type: "delete", by: ADMIN, environment: "a" })).toMatchObject({ reason: "ENVIRONMENT_IN_USE" });
    fleet.giveBack("c", "FAILED");
    expect(fleet.clean("d")).toMatchObject({ ok: true });
    fleet.giveBack("d", "FAILED");
    expect(fleet.do({ type: "delete", by: ADMIN, environment: "a" })).toMatchObject({ ok: true });
    expect(fleet.pool.dirty.size).toBe(0);
  });

  test("who wants something else as well keeps nobody waiting while it is DIRTY, and claims while it is CLEANING", () => {
    const fleet = new Fleet({ a: CLEANED, b: {} });
    fleet.set("a", "DIRTY");
    fleet.acquire("both", ["a", "b"]);
    expect(fleet.acquire("x", "b").state).toBe("HELD");
    fleet.release("x");
    fleet.clean("c");
    expect(fleet.acquire("y", "b").state).toBe("QUEUED");
    fleet.giveBack("c", "FAILED");
    expect(fleet.states("both", "y")).toBe("both QUEUED, y OFFERED");
  });
});
