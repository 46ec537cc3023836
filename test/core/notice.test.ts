/** Which event is which notice: what rules can have somebody told of, and what a lease's own addressee is told. */
import { expect, test } from "vitest";
import { kindOf, ownKind } from "../../src/core/notice.ts";
import { Fleet } from "./fleet.ts";
import { ADMIN, SECOND } from "./world.ts";

const told = ({ events }: Fleet) => events.flatMap((event) => kindOf(event) ?? []);

test("a grant, an expiry, an end by force and a quarantine are told, and what came about otherwise is not", () => {
  const fleet = new Fleet({ a: {}, b: {}, c: {} });
  fleet.acquire("x", "a", { ttl: SECOND });
  fleet.acquire("y", "b");
  fleet.acquire("z", "c");
  fleet.pass(SECOND);
  fleet.do({ type: "forceRelease", by: ADMIN, lease: "y", reason: "needed" });
  fleet.release("z");
  fleet.set("c", "QUARANTINED");
  fleet.set("c", "AVAILABLE");
  expect(told(fleet)).toEqual(["granted", "granted", "granted", "expired", "forced", "quarantined"]);
});

test("it is its holder's word that makes an environment broken, whatever an operator gives as a reason", () => {
  const fleet = new Fleet({ a: {}, b: {} });
  const setState = { type: "setState", by: ADMIN, state: "MAINTENANCE" } as const;
  fleet.do({ ...setState, environment: "a", reason: "broken, says nobody" });
  expect(told(fleet)).toEqual([]);
  fleet.acquire("x", "b");
  fleet.do({ type: "release", by: ADMIN, lease: "x", outcome: "BROKEN", note: "no disk" });
  expect(told(fleet)).toEqual(["granted", "broken"]);
  // Also where it was out of service already, and the reason is another one now.
  fleet.do({ ...setState, environment: "b", reason: "a new disk comes" });
  expect(told(fleet)).toEqual(["granted", "broken"]);
});

test("in a log that is older than that the reason tells", () => {
  const fleet = new Fleet({ b: {} });
  fleet.acquire("x", "b");
  fleet.do({ type: "release", by: ADMIN, lease: "x", outcome: "BROKEN", note: "no disk" });
  const older = fleet.events.map(({ broken: _, ...event }) => event);
  expect(older.flatMap((event) => kindOf(event) ?? [])).toEqual(["granted", "broken"]);
});

test("who asked to be told of its own lease is told of its offer, its grant and its end, however that comes", () => {
  const fleet = new Fleet({ a: {} });
  fleet.acquire("x", "a");
  fleet.acquire("y", "a", { requestId: "r", notify: "https://ci.example/" });
  const before = fleet.events.length;
  fleet.release("x");
  fleet.claim("y");
  fleet.release("y");
  const own = fleet.events.slice(before).filter(({ cause }) => cause?.leaseId === "y");
  expect(own.flatMap((event) => ownKind(event) ?? [])).toEqual(["offered", "granted", "ended"]);
});
