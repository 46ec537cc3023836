/** The line against its oracle: any history, any pool. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Command, SetState } from "../../src/core/command.ts";
import { withLease } from "../../src/core/ledger.ts";
import { fits, nextInLine } from "../../src/core/line/line.ts";
import { placed } from "../../src/core/line/placing.ts";
import { poolOfRows } from "../../src/core/loading.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import { needOf } from "../../src/core/model/needs.ts";
import type { Site } from "../../src/core/model/pool.ts";
import type { Selector } from "../../src/core/model/selector.ts";
import { siteOf, storedEnvironment } from "../../src/core/model/site.ts";
import { unsatisfiable } from "../../src/core/verbs/busy.ts";
import { wouldGrant } from "../../src/core/view.ts";
import { serveNaively } from "./oracle.ts";
import { ADMIN, type Asked, acquireCommand, cleanCommand, MINUTE, SECOND, World } from "./world.ts";

/** 100,000 once a release: RUNS=100000 npm test -- test/core/line.test.ts */
const RUNS = Number(process.env["RUNS"] ?? 300);

const NAMES = ["a", "b", "c", "d", "e"];
const LABELS: Readonly<Record<string, string>>[] = [
  {},
  { kind: "board" },
  { kind: "board", os: "linux" },
  { os: "qnx" },
  { kind: "rack", os: "linux" },
];
const SELECTORS: Selector[] = [
  [{ key: "kind", operator: "IN", values: ["board"] }],
  [{ key: "os", operator: "EXISTS", values: [] }],
  [{ key: "os", operator: "NOT_IN", values: ["qnx", "linux"] }],
  [
    { key: "kind", operator: "IN", values: ["board", "rack"] },
    { key: "os", operator: "ABSENT", values: [] },
  ],
  [],
];
const STATES: SetState["state"][] = ["AVAILABLE", "AVAILABLE", "DRAINING", "MAINTENANCE", "DIRTY", "QUARANTINED"];

const named = fc
  .uniqueArray(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
  .chain((names) => fc.tuple(...names.map((name) => fc.integer({ min: 1, max: 3 }).map((slots) => `${name}:${slots}`))));

/** What somebody may use who may not use everything. */
const ONLY: (readonly string[])[] = [["a"], ["a", "b*"], ["?"], ["*"], ["b", "c", "d"], ["z*"]];

const selecting = fc
  .record({
    selector: fc.constantFrom(...SELECTORS),
    count: fc.integer({ min: 1, max: 2 }),
    slots: fc.constantFrom(1, 1, 2),
    only: fc.option(fc.constantFrom(...ONLY), { nil: undefined, freq: 2 }),
  })
  .map(({ only, ...want }) => (only === undefined ? want : { ...want, only }));

/** By name, by selector, or both. */
const needs: fc.Arbitrary<readonly Asked[]> = fc.oneof(
  { weight: 4, arbitrary: named },
  { weight: 2, arbitrary: fc.array(selecting, { minLength: 1, maxLength: 2 }) },
  { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...NAMES), selecting) },
);

/** A step of a history: `pick` chooses among the leases that are there. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ what: fc.constant("acquire" as const), needs, priority: fc.integer({ min: -2, max: 2 }) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constantFrom("release", "claim", "force", "abandon", "hangUp", "lose", "renew", "extend", "giveUp"),
      pick: fc.nat(50),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("state" as const), name: fc.constantFrom(...NAMES), state: fc.constantFrom(...STATES) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      what: fc.constant("configure" as const),
      name: fc.constantFrom(...NAMES),
      capacity: fc.integer({ min: 1, max: 4 }),
      labels: fc.constantFrom(...LABELS),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant("clean" as const) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("delete" as const), name: fc.constantFrom(...NAMES) }) },
  {
    weight: 2,
    arbitrary: fc.record({ what: fc.constant("pass" as const), time: fc.constantFrom(1, SECOND, 15 * SECOND, 40 * SECOND, 12 * MINUTE) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function commandOf(world: World, one: Step, number: number): Command {
  const by = { principal: "admin" };
  switch (one.what) {
    case "acquire":
      return acquireCommand(`l${number}`, one.needs, {
        priority: one.priority,
        ttl: 20 * SECOND,
        maxHold: MINUTE,
        claimTimeout: number % 3 === 0 ? 20 * SECOND : 5 * SECOND,
        ...(number % 5 === 0 && { ifBusy: "FAIL", wait: MINUTE }),
        ...(number % 4 === 1 && number % 5 > 0 && { notBefore: world.at + (number % 3) * 20 * SECOND }),
        ...(number % 3 === 2 && { notAfter: world.at + 70 * SECOND, autoClaim: number % 2 === 0 }),
        ...(number % 7 === 0 && { queueTimeout: 13 * MINUTE }),
        ...(number % 2 === 0 && { requestId: `r${number}` }),
      });
    case "pass":
      world.at += one.time;
      return { type: "pulse" };
    case "state":
      return { type: "setState", by: ADMIN, environment: one.name, state: one.state, reason: "" };
    case "clean":
      return cleanCommand(`l${number}`, { ttl: 20 * SECOND });
    case "delete":
      return { type: "delete", by: ADMIN, environment: one.name };
    case "configure":
      return {
        type: "apply",
        by: ADMIN,
        environments: [
          {
            ...{
              name: one.name,
              pool: "default",
              description: "",
              labels: one.labels,
              capacity: one.capacity,
              links: {},
              lockDelay: SECOND,
            },
            ...(one.capacity === 1 && { cleaning: { required: number % 2 === 0, timeout: 30 * SECOND } }),
          },
        ],
        prune: false,
      };
    default: {
      const ids = [...world.pool.leases.keys()];
      const lease = ids[one.pick % Math.max(1, ids.length)] ?? "none";
      if (one.what === "release") return { type: "release", by, lease, outcome: number % 4 === 0 ? "FAILED" : "OK", note: "" };
      if (one.what === "force") return { type: "forceRelease", by, lease, reason: "test" };
      if (one.what === "renew") return { type: "renew", by, lease };
      if (one.what === "extend") return { type: "renew", by, lease, notAfter: world.at + (one.pick % 4) * 30 * SECOND };
      if (one.what === "hangUp" || one.what === "lose")
        return { type: "hangUp", lease, revision: world.pool.leases.get(lease)?.revision ?? 0, written: one.what === "lose" };
      return one.what === "abandon" ? { type: "abandon", leases: [lease] } : { type: one.what as "claim" | "giveUp", lease };
    }
  }
}

function play(steps: readonly Step[]): World {
  const world = new World();
  world.apply(Object.fromEntries(NAMES.map((name, index) => [name, { capacity: 2, labels: LABELS[index] ?? {} }])));
  let told = availability(world);
  for (const [number, one] of steps.entries()) {
    const from = world.events.length;
    world.do(commandOf(world, one, number));
    expect(serveNaively(world.pool), "nobody waits who could be served").toEqual([]);
    for (const { environments } of world.events.slice(from)) for (const { name, available } of environments) told.set(name, available);
    // As time passes newcomers come behind somebody of low priority: that is no event.
    if (one.what === "pass") told = availability(world);
    for (const [name, available] of availability(world)) expect([name, told.get(name)], "watches are told").toEqual([name, available]);
  }
  return world;
}

/** Which environments a newcomer would get now. */
function availability({ pool, at }: World): Map<string, boolean> {
  return new Map([...pool.sites.keys()].map((name) => [name, wouldGrant(pool, name, at)]));
}

const history = fc.array(step, { minLength: 1, maxLength: 60 });

test("after any history nobody waits who could be served, and every invariant holds", () => {
  fc.assert(
    fc.property(history, (steps) => {
      play(steps);
    }),
    { numRuns: RUNS },
  );
});

test("whoever leaves, the line serves exactly those, in the order, that a walk of everybody would", () => {
  fc.assert(
    fc.property(history, fc.nat(50), (steps, pick) => {
      const world = play(steps);
      const live = [...world.pool.leases.values()];
      const leaving = live[pick % Math.max(1, live.length)];
      if (leaving === undefined) return;
      const { pool } = placed(withLease(world.pool, { ...leaving, state: "ENDED" }), {
        before: world.pool,
        environments: world.pool.sites.keys(),
        arrived: [],
      });
      const placing = [...pool.selecting.values()].map((waiter) => waiter.lease);
      const next = nextInLine(pool, { environments: pool.sites.keys(), arrived: placing });
      expect(next.map((lease) => lease.id)).toEqual(serveNaively(pool));
    }),
    { numRuns: RUNS },
  );
});

test("a newcomer is served at once exactly when a walk of everybody would serve it", () => {
  fc.assert(
    fc.property(history, needs, fc.integer({ min: -10, max: 10 }), (steps, wanted, priority) => {
      const world = play(steps);
      const command = acquireCommand("new", wanted, { priority });
      if (unsatisfiable(world.pool, command.needs) !== undefined) return;
      const newcomer = {
        id: "new",
        needs: command.needs.map(needOf),
        createdAt: world.at,
        priority,
        sequence: Number.MAX_SAFE_INTEGER,
        state: "QUEUED",
      } as unknown as Lease;
      expect(fits(world.pool, newcomer)).toBe(serveNaively(world.pool, newcomer).includes("new"));
    }),
    { numRuns: RUNS },
  );
});

test("after any history a start finds everybody where he was, and what he keeps from others", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const { pool } = play(steps);
      const again = poolOfRows(pool, [...pool.sites.values()].map(storedEnvironment), [...pool.leases.values()]);
      for (const list of ["selecting", "calendar"] as const) expect([...again[list].entries()]).toEqual([...pool[list].entries()]);
      const places = ({ line, passed, calendar, ready, slots, occupants }: Site) =>
        [line, passed, calendar, ready, slots, occupants].map((one) => [...one.entries()]);
      for (const [name, site] of again.sites.entries()) expect(places(site), name).toEqual(places(siteOf(pool, name)));
    }),
    { numRuns: RUNS },
  );
});

test("equal priorities are served in the order of arrival", () => {
  const world = new World();
  world.acquire("holder", "a");
  const ids = Array.from({ length: 200 }, (_, index) => `w${index}`);
  for (const id of ids) world.acquire(id, "a");
  const served: string[] = [];
  for (let current = "holder"; served.length < ids.length; ) {
    world.release(current);
    current = [...world.pool.leases.values()].find((lease) => lease.state === "OFFERED")?.id ?? "nobody";
    served.push(current);
  }
  expect(served).toEqual(ids);
});
