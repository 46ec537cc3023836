/** What can happen in a simulation, and how often it does. */
import fc from "fast-check";
import type { SetState } from "../../src/core/command.ts";
import type { Labels } from "../../src/core/model/environment.ts";
import type { SelectorWant } from "../../src/core/model/lease.ts";
import type { PoolConfig } from "../../src/core/model/pool-config.ts";
import type { Micros } from "../../src/core/model/units.ts";
import { type Branch, branch, stopped, unheard } from "./branches.ts";
import { type CleanerStep, cleaner, cleaning, type Habits, LIVES } from "./dirt.ts";
import { type KeyStep, keyStory } from "./keys.ts";
import { type POOLS, poolOf, settings } from "./pools.ts";
import { turnedAway, wanted } from "./wanting.ts";
import { LABELS } from "./wishes.ts";

/** A client's step; `who` is one of a few, each with at most one lease at a time. */
export type ClientStep =
  | {
      readonly what: "acquire";
      readonly who: number;
      readonly pool: keyof typeof POOLS;
      /** Names, or name:slots, or wants by selector; all in one pool. */
      readonly needs: readonly (string | SelectorWant)[];
      readonly keyed: boolean;
      /** What it says of whom it is for. */
      readonly holder: "name" | "run" | "nothing";
      readonly ttl: Micros;
      readonly fail: boolean;
      readonly wait: Micros;
      readonly priority: number;
      readonly claimTimeout: Micros;
      readonly ticketTtl: Micros;
      /** As a multiple of the ttl; 0: the default. */
      readonly holds: number;
      /** So far ahead of now it begins; 0: at once, and so it is where that is over. */
      readonly begins: Micros;
      /** So long after its beginning it ends; 0: never. */
      readonly ends: Micros;
      /** With an end: it claims itself, and then may do without a ttl. */
      readonly itself: "no" | "with ttl" | "without ttl";
      readonly branch: Branch;
    }
  /** Its end anew, so far ahead of now. */
  | { readonly what: "extend"; readonly who: number; readonly span: Micros }
  /** Calls; `leave` ends its stream, and an onlooker reads its lease. */
  | { readonly what: "retry" | "poll" | "await" | "attend" | "leave" | "renew" | "release" | "onlook"; readonly who: number }
  | Break;

/** What becomes of a client's connections; `forGood`: it does not come back. */
export type Break =
  /** They break: now, at the very commit that offers it something (`drop`), or in the write of its claim (`cut`). */
  | { readonly what: "vanish" | "drop" | "cut"; readonly who: number; readonly forGood: boolean }
  /** They die without a word; the server notices after a while. */
  | { readonly what: "silence"; readonly who: number; readonly forGood: boolean; readonly hears: boolean; readonly noticed: Micros };

/** What operators do, and whoever releases by name. */
export type OperatorStep =
  | {
      readonly what: "resize";
      readonly environment: string;
      readonly capacity: number;
      readonly cooldown: Micros;
      readonly labels: Labels;
      readonly life: Habits;
    }
  | { readonly what: "state"; readonly environment: string; readonly state: SetState["state"]; readonly span: Micros }
  | { readonly what: "delete" | "forget"; readonly environment: string }
  /** What is set for a pool. */
  | { readonly what: "set"; readonly pool: keyof typeof POOLS; readonly config: PoolConfig }
  | { readonly what: "force"; readonly who: number }
  /** The guests' key. */
  | { readonly what: "revoke"; readonly held: boolean }
  /** By a client's key alone, with its request_id, or with its lease_token. */
  | { readonly what: "releaseByName"; readonly environment: string; readonly who: number; readonly shown: "key" | "request" | "token" };

/** What the machine does. `stall`: the process stands still. */
export type MachineStep =
  | { readonly what: "pass" | "stall"; readonly span: Micros }
  /** Until just before something is due. */
  | { readonly what: "brink" }
  | { readonly what: "die"; readonly effects: number }
  /** The power is off for a while. */
  | { readonly what: "off"; readonly span: Micros }
  | { readonly what: "full" | "slow" | "hanging"; readonly on: boolean };

/** One thing that happens. */
export type Single = ClientStep | OperatorStep | CleanerStep | KeyStep | MachineStep;

/** One thing that happens, or a story of several, with or without a moment between them. */
export type Step = Single | { readonly what: "story"; readonly atOnce: boolean; readonly steps: readonly Single[] };

const who = fc.nat(5);
const span = fc.constantFrom(1_000, 900_000, 4_000_000, 4_000_000, 12_000_000, 31_000_000, 70_000_000);
const environment = fc.constantFrom("a", "a", "b", "c", "d");
const manner = fc.record({
  what: fc.constant("acquire" as const),
  who,
  keyed: fc.constantFrom(true, true, false, false, false),
  holder: fc.constantFrom("name", "run", "nothing", "nothing", "nothing"),
  ttl: fc.constantFrom(2_000_000, 30_000_000, 3_600_000_000),
  fail: fc.constantFrom(false, false, false, true),
  wait: fc.constantFrom(0, 0, 5_000_000, 60_000_000),
  priority: fc.constantFrom(0, 0, 2, -2),
  claimTimeout: fc.constantFrom(5_000_000, 5_000_000, 1_000_000, 40_000_000),
  ticketTtl: fc.constantFrom(20_000_000, 5_000_000, 60_000_000),
  holds: fc.constantFrom(0, 1, 2),
  begins: fc.constantFrom(0, 0, 0, 0, 3_000_000, 40_000_000, -5_000_000),
  ends: fc.constantFrom(0, 0, 0, 5_000_000, 90_000_000),
  itself: fc.constantFrom("no", "with ttl", "without ttl", "without ttl"),
  branch,
});
const acquire: fc.Arbitrary<Step> = fc.tuple(wanted, manner).map(([what, how]) => ({ ...what, ...how }));

const acts = ["retry", "poll", "await", "await", "attend", "attend", "leave", "renew", "renew", "release", "release", "onlook"];
const act = fc.oneof(
  { weight: acts.length, arbitrary: fc.record({ what: fc.constantFrom(...acts), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("extend"), who, span: fc.constantFrom(1_000_000, 20_000_000, 100_000_000) }),
  },
) as fc.Arbitrary<Step>;
const forGood = fc.boolean();
const breaks = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ what: fc.constantFrom("vanish" as const, "drop" as const, "cut" as const), who, forGood }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("silence" as const),
      who,
      forGood,
      hears: fc.boolean(),
      noticed: fc.constantFrom(1_000_000, 5_000_000, 20_000_000),
    }),
  },
) as fc.Arbitrary<Step>;

/** An environment that needs it is used, cleaned and used again, with all that can happen to the cleaner meanwhile. */
const cleaned: fc.Arbitrary<Step> = fc
  .record({
    environment: fc.constantFrom("a", "b", "c"),
    first: who,
    next: who,
    one: cleaner,
    outcome: fc.constantFrom("OK", "OK", "FAILED", "BROKEN"),
    early: fc.boolean(),
    drained: fc.constantFrom(false, false, true),
    drops: fc.boolean(),
    asked: acquire,
    between: fc.array(cleaning as fc.Arbitrary<Single>, { maxLength: 2 }),
  })
  .map(({ environment, first, next, one, outcome, early, drained, drops, asked, between }) => {
    const uses = { ...asked, pool: poolOf(environment), needs: [environment], ttl: 3_600_000_000, fail: false } as Single;
    const clean = { what: "clean", who: one, pool: poolOf(environment), keyed: false, ttl: 30_000_000, wait: 60_000_000 } as const;
    const steps: Single[] = [
      { what: "resize", environment, capacity: 1, cooldown: 0, labels: {}, life: { cleaning: { required: true, timeout: 20_000_000 } } },
      ...(early ? [clean, { ...clean, who: (one + 1) % 3 }] : []),
      ...(early && drops ? [{ what: "cleanerDrops", who: one } as const] : []),
      { ...uses, who: first } as Single,
      { ...uses, who: next } as Single,
      ...(drained ? [{ what: "state", environment, state: "DRAINING", span: 3_000_000 } as const] : []),
      { what: "release", who: first },
      ...(drained ? [{ what: "pass", span: 4_000_000 } as const] : []),
      ...(early ? [] : [clean]),
      ...between.map((step) => ("who" in step ? ({ ...step, who: one } as Single) : step)),
      { what: "cleaned", who: one, outcome },
    ];
    return { what: "story", atOnce: false, steps };
  });

const operators: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      what: fc.constant("resize" as const),
      environment,
      capacity: fc.constantFrom(1, 1, 2, 3),
      cooldown: fc.constantFrom(0, 2_000_000),
      labels: fc.constantFrom(...LABELS),
      life: fc.constantFrom(...LIVES),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant("state" as const),
      environment,
      state: fc.constantFrom("AVAILABLE", "MAINTENANCE", "DRAINING", "DIRTY"),
      span: fc.constantFrom(0, 3_000_000, 40_000_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constantFrom("delete" as const, "forget" as const, "forget" as const), environment }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constant("set" as const), pool: fc.constantFrom("default", "default", "east"), config: settings }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("force" as const), who }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("revoke" as const), held: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      what: fc.constant("releaseByName" as const),
      environment,
      who,
      shown: fc.constantFrom("key", "key", "request", "token"),
    }),
  },
);

const brink: fc.Arbitrary<Step> = fc.constant({ what: "brink" });
const disk = fc.record({ what: fc.constantFrom("full" as const, "slow" as const, "hanging" as const), on: fc.boolean() });

/**
 * What one client does, and what becomes of its connections meanwhile. Left to chance, a call and the loss of its answer would rarely be of
 * the same client.
 */
const story: fc.Arbitrary<Step> = fc
  .record({
    who,
    atOnce: fc.boolean(),
    steps: fc.array(
      fc.oneof(
        { weight: 4, arbitrary: acquire },
        { weight: 8, arbitrary: act },
        { weight: 5, arbitrary: breaks },
        { weight: 1, arbitrary: operators },
        { weight: 1, arbitrary: disk },
        { weight: 1, arbitrary: brink },
      ) as fc.Arbitrary<Single>,
      { minLength: 2, maxLength: 6 },
    ),
  })
  .map(({ who: one, atOnce, steps }) => ({
    what: "story",
    atOnce,
    steps: steps.map((step) => ("who" in step ? { ...step, who: one } : step)),
  }));

/** One client waits for what another one has, and gets it: with all that it does meanwhile, and all that becomes of its connections. */
const handover: fc.Arbitrary<Step> = fc
  .record({
    first: who,
    next: who,
    wanted: acquire,
    doing: fc.array(fc.oneof(act, breaks) as fc.Arbitrary<ClientStep>, { minLength: 1, maxLength: 3 }),
  })
  .map(({ first, next, wanted, doing }) => ({
    what: "story",
    atOnce: false,
    steps: [
      { ...wanted, who: first, ttl: 3_600_000_000, fail: false } as Single,
      { ...wanted, who: next } as Single,
      ...doing.map((step) => ({ ...step, who: next })),
      { what: "release", who: first },
    ],
  }));

/** One client comes for what it was offered, and its connections break in the write of its claim. */
const cutOff: fc.Arbitrary<Step> = fc
  .record({ first: who, next: who, asked: acquire, comes: fc.constantFrom("poll", "retry", "attend"), forGood })
  .map(({ first, next, asked, comes, forGood: leaves }) => {
    const begins = { ...asked, fail: false, begins: 0, ends: 0, branch: { name: "", supersede: "NONE" } };
    const steps = [
      { ...begins, who: first, ttl: 3_600_000_000 },
      { ...begins, who: next, keyed: true, wait: 0 },
      { what: "cut", who: next, forGood: leaves },
      { what: "release", who: first },
      { what: comes, who: next },
    ];
    return { what: "story", atOnce: false, steps: steps as Single[] };
  });

const rare = fc.oneof(stopped(who, acquire, fc.oneof(act, breaks)), unheard(who, acquire), turnedAway(who, acquire)).map((steps) => {
  return { what: "story", atOnce: false, steps: steps as Single[] } as const;
});

/** Any step. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: acquire },
  { weight: 14, arbitrary: act },
  { weight: 6, arbitrary: breaks },
  { weight: 8, arbitrary: story },
  { weight: 6, arbitrary: handover },
  { weight: 4, arbitrary: rare },
  { weight: 1, arbitrary: cutOff },
  { weight: 6, arbitrary: operators },
  { weight: 2, arbitrary: keyStory },
  { weight: 4, arbitrary: cleaning },
  { weight: 5, arbitrary: cleaned },
  { weight: 8, arbitrary: fc.record({ what: fc.constantFrom("pass", "pass", "pass", "stall"), span }) as fc.Arbitrary<Step> },
  { weight: 3, arbitrary: brink },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("die" as const), effects: fc.nat(6) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant("off" as const), span: fc.constantFrom(1_000_000, 86_000_000_000) }) },
  { weight: 2, arbitrary: disk },
);
