/** What clients ask for, by name and by selector, and how often. */
import fc from "fast-check";
import type { SelectorWant } from "../../src/core/model/lease.ts";
import { POOLS } from "./pools.ts";
import { SELECTORS } from "./wishes.ts";

const slots = fc.constantFrom("", "", "", ":2");
const needsOf = (names: readonly string[]) =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), slots), { minLength: 1, maxLength: 2, selector: ([name]) => name })
    .map((needs) => needs.map((need) => need.join("")));

const wish: fc.Arbitrary<SelectorWant> = fc.record({
  selector: fc.constantFrom(...SELECTORS),
  count: fc.constantFrom(1, 1, 1, 2),
  slots: fc.constantFrom(1, 1, 1, 2),
});
const askedOf = (pool: keyof typeof POOLS) =>
  fc.record({
    pool: fc.constant(pool),
    needs: fc.oneof(
      { weight: 5, arbitrary: needsOf(POOLS[pool]) },
      { weight: 3, arbitrary: fc.array(wish, { minLength: 1, maxLength: 2 }) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom(...POOLS[pool]), wish) },
    ) as fc.Arbitrary<(string | SelectorWant)[]>,
  });

/** All of one pool. */
export const wanted = fc.oneof({ weight: 3, arbitrary: askedOf("default") }, { weight: 1, arbitrary: askedOf("east") });
