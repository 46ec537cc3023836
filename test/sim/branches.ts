/** Runs of branches, of which newer ones take the place of older ones. */
import fc from "fast-check";
import type { Acquire } from "../../src/core/command.ts";
import type { Micros } from "../../src/core/model/units.ts";

/** What an Acquire says of its branch; an empty one: nothing. */
export interface Branch {
  readonly name: string;
  readonly supersede: "NONE" | "PENDING" | "HELD";
}

export const branch: fc.Arbitrary<Branch> = fc.record({
  name: fc.constantFrom("", "", "", "x", "x", "y"),
  supersede: fc.constantFrom("NONE", "PENDING", "HELD"),
});

/** The fields of a command that say it. */
export function superseding({ name, supersede }: Branch): Partial<Acquire> {
  if (name === "") return {};
  return { supersedeKey: name, ...(supersede !== "NONE" && { supersede }) };
}

/** The steps of a story: a run of a branch is given what it waited for, a newer one asks it to stop, and then its answer turns out to be lost. */
export function unheard(who: fc.Arbitrary<number>, asked: fc.Arbitrary<object>): fc.Arbitrary<object[]> {
  return fc
    .record({ holder: who, first: who, next: who, asked, forGood: fc.boolean() })
    .map(({ holder, first, next, asked: all, forGood }) => {
      const begins = { ...all, fail: false, begins: 0, ends: 0, priority: 0 };
      return [
        { ...begins, who: holder, ttl: 3_600_000_000, branch: { name: "", supersede: "NONE" } },
        { ...begins, who: first, keyed: true, wait: 60_000_000, branch: { name: "x", supersede: "NONE" } },
        { what: "silence", who: first, forGood, hears: false, noticed: 20_000_000 },
        { what: "release", who: holder },
        { ...begins, who: next, branch: { name: "x", supersede: "HELD" } },
        { what: "pass", span: 25_000_000 },
      ];
    });
}

/** The steps of a story: a run of a branch has what a newer one wants, with all that becomes of it until its time to stop is over. */
export function stopped(who: fc.Arbitrary<number>, asked: fc.Arbitrary<object>, doing: fc.Arbitrary<object>): fc.Arbitrary<object[]> {
  return fc
    .record({
      ...{ first: who, next: who, asked, ttl: fc.constantFrom(2_000_000, 30_000_000, 90_000_000), keyed: fc.boolean() },
      supersede: fc.constantFrom("PENDING", "HELD", "HELD", "HELD"),
      doing: fc.array(doing, { maxLength: 2 }),
      spans: fc.array(fc.constantFrom<Micros>(900_000, 20_000_000, 25_000_000), { maxLength: 4 }),
    })
    .map(({ first, next, asked: both, ttl, keyed, supersede, doing: acts, spans }) => {
      const begins = { ...both, fail: false, begins: 0 };
      const renewals = spans.flatMap((span) => [
        { what: "pass", span },
        { what: "renew", who: first },
      ]);
      return [
        { ...begins, who: first, ttl, keyed, branch: { name: "x", supersede: "NONE" } },
        { ...begins, who: next, branch: { name: "x", supersede } },
        ...acts.map((step) => ({ ...step, who: first })),
        ...renewals,
      ];
    });
}
