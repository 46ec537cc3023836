/** What clients ask for, by name and by selector, and how often. */
import fc from "fast-check";
import type { SelectorWant } from "../../src/core/model/lease.ts";
import { POOLS, poolOf } from "./pools.ts";
import { ONLY, SELECTORS } from "./wishes.ts";

const slots = fc.constantFrom("", "", "", ":2");
const needsOf = (names: readonly string[]) =>
  fc
    .uniqueArray(fc.tuple(fc.constantFrom(...names), slots), { minLength: 1, maxLength: 2, selector: ([name]) => name })
    .map((needs) => needs.map((need) => need.join("")));

const wish: fc.Arbitrary<SelectorWant> = fc
  .record({
    selector: fc.constantFrom(...SELECTORS),
    count: fc.constantFrom(1, 1, 1, 2),
    slots: fc.constantFrom(1, 1, 1, 2),
    only: fc.constantFrom(undefined, undefined, undefined, ...ONLY),
  })
  .map(({ only, ...want }) => (only === undefined ? want : { ...want, only }));
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

/** The steps of a story: two want, by its label, what only one environment has, and it loses that label. */
export function turnedAway(who: fc.Arbitrary<number>, asked: fc.Arbitrary<object>): fc.Arbitrary<object[]> {
  return fc.record({ environment: fc.constantFrom("a", "b", "c"), first: who, next: who, asked }).map((one) => {
    const [, gpu] = SELECTORS;
    const wants = {
      pool: poolOf(one.environment),
      needs: [{ selector: gpu, count: 1, slots: 1 }],
      ttl: 3_600_000_000,
      fail: false,
      begins: 0,
    };
    const configured = { what: "resize", environment: one.environment, capacity: 1, cooldown: 0, life: {} };
    return [
      { ...configured, labels: { gpu: "" } },
      { ...one.asked, ...wants, who: one.first },
      { ...one.asked, ...wants, who: one.next },
      { ...configured, labels: {} },
    ];
  });
}
