/** What the events of the core tell the history: which kind they are, who made them, and why. */
import { expect, test } from "vitest";
import type { Requirement } from "../../src/core/model/selector.ts";
import { wouldGrant } from "../../src/core/view.ts";
import { ADMIN, SECOND, World } from "./world.ts";

/** Each event in a line: kind, environments, lease, who made it, why. */
function told(world: World): string[] {
  return world.events.flatMap(({ kind, environments, cause, by, fields }) => {
    if (kind === undefined) return [];
    const state = kind === "STATE_CHANGED" ? `to ${environments[0]?.state} for ${environments[0]?.stateReason}` : "";
    const names = environments.map(({ name }) => name).join("+");
    const parts = [kind, names, cause?.leaseId, by && `by ${by.principal}`, cause?.reason, fields?.join(), state];
    return [parts.filter((part) => part !== undefined && part !== "").join(" ")];
  });
}

test("every move of a lease is an event of its own kind, with who made it and why", () => {
  const world = new World();
  world.acquire("a", ["uat", "web"], { reason: "nightly" });
  world.acquire("b", "uat", { ttl: 60 * SECOND });
  world.acquire("c", "uat", { requestId: "r" });
  world.release("a");
  world.pass(30 * SECOND);
  world.claim("c");
  world.hangUp("c");
  world.claim("c");
  world.do({ type: "forceRelease", by: { principal: "key:ops" }, lease: "c", reason: "stuck" });
  world.do({ type: "abandon", leases: ["b"] });
  expect(told(world)).toEqual([
    "GRANTED uat+web a by admin nightly",
    "QUEUED uat b by admin",
    "QUEUED uat c by admin",
    "RELEASED uat+web a by admin",
    "OFFERED uat b",
    "PASSED_OVER uat b",
    "OFFERED uat c",
    "GRANTED uat c",
    "TAKEN_BACK uat c",
    "GRANTED uat c",
    "FORCE_RELEASED uat c by key:ops stuck",
    "ABANDONED uat b no sign of life for its ticket_ttl",
  ]);
});

test("the end of a hold tells when it was asked for and granted, and how many slots it had; that of an offer tells no grant", () => {
  const world = new World();
  world.apply({ rack: { capacity: 4 } });
  const since = world.at;
  world.acquire("a", "rack:3");
  world.at += SECOND;
  world.acquire("b", "rack:2");
  world.at += SECOND;
  world.release("a");
  world.do({ type: "release", by: ADMIN, lease: "b", outcome: "OK", note: "" });
  const ends = world.events.filter(({ cause }) => cause?.state === "ENDED").map(({ cause }) => cause);
  expect(ends[0]).toMatchObject({ createdAt: since, grantedAt: since, slots: [3], principal: "admin" });
  expect(ends[1]).toMatchObject({ createdAt: since + SECOND, slots: [2] });
  expect(ends[1]).not.toHaveProperty("grantedAt");
});

test("a change of an environment tells who made it, and what; what a time ends is nobody's, and the end of a rest is none", () => {
  const world = new World();
  world.apply({ uat: { lockDelay: SECOND } });
  world.apply({ uat: { lockDelay: SECOND, capacity: 2, labels: { os: "linux" } } });
  world.do({ type: "setState", by: ADMIN, environment: "uat", state: "MAINTENANCE", reason: "disk", until: world.at + SECOND });
  world.pass(2 * SECOND);
  world.acquire("a", "uat");
  world.do({ type: "forceRelease", by: ADMIN, lease: "a", reason: "stuck" });
  world.pass(2 * SECOND);
  world.do({ type: "delete", by: ADMIN, environment: "uat" });
  expect(told(world)).toEqual([
    "ENVIRONMENT_CREATED uat by admin",
    "ENVIRONMENT_CHANGED uat by admin capacity,labels",
    "STATE_CHANGED uat by admin to MAINTENANCE for disk",
    "STATE_CHANGED uat to AVAILABLE for ",
    "GRANTED uat a by admin",
    "FORCE_RELEASED uat a by admin stuck",
    "ENVIRONMENT_DELETED uat by admin",
  ]);
  expect(world.events[1]).toMatchObject({ capacityBefore: 1, environments: [{ capacity: 2 }] });
});

test("who is told that an environment is claimed is told as well when that was for a moment of the same command", () => {
  const world = new World();
  const labels = { a: {}, b: { kind: "board" }, c: { kind: "board", os: "linux" }, d: { os: "qnx" }, e: { kind: "rack", os: "linux" } };
  world.apply(Object.fromEntries(Object.entries(labels).map(([name, one]) => [name, { capacity: 2, labels: one }])));
  const os: Requirement = { key: "os", operator: "EXISTS", values: [] };
  const none: Requirement = { key: "os", operator: "ABSENT", values: [] };
  world.acquire("holder", "b", { requestId: "r" });
  world.hangUp("holder");
  world.acquire("board", { selector: [{ key: "kind", operator: "IN", values: ["board"] }], count: 1, slots: 1 });
  world.acquire("both", [
    { selector: [os], count: 1, slots: 1 },
    { selector: [{ key: "kind", operator: "IN", values: ["board", "rack"] }, none], count: 1, slots: 2 },
  ]);
  world.acquire("many", ["c", { selector: [os], count: 2, slots: 2 }]);
  world.apply({ a: { capacity: 3, labels: { os: "qnx" } } });
  const last = world.events.flatMap(({ environments }) => environments).findLast(({ name }) => name === "a");
  expect(last?.available).toBe(wouldGrant(world.pool, "a", world.at));
});
