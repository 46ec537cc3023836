import fc from "fast-check";
import { expect, test } from "vitest";
import { ascending, Sorted } from "../../src/core/model/sorted.ts";

const operation = fc.tuple(fc.constantFrom("set", "delete"), fc.integer({ min: 0, max: 60 }));

test("a sorted map agrees with a plain one after any changes, and its older versions stay as they were", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), fc.integer({ min: 0, max: 60 }), (operations, probe) => {
      let sorted = Sorted.empty<number, string>(ascending);
      const plain = new Map<number, string>();
      const versions: [Sorted<number, string>, string][] = [];
      for (const [what, key] of operations) {
        if (what === "set") plain.set(key, `v${versions.length}`);
        else plain.delete(key);
        sorted = what === "set" ? sorted.set(key, `v${versions.length}`) : sorted.delete(key);
        versions.push([sorted, JSON.stringify([...sorted.entries()])]);
      }
      const expected = [...plain].sort(([a], [b]) => a - b);
      expect([...sorted.entries()]).toEqual(expected);
      expect(sorted.size).toBe(plain.size);
      expect(sorted.first()).toEqual(expected[0]);
      expect(sorted.last()).toEqual(expected.at(-1));
      expect(sorted.get(probe)).toBe(plain.get(probe));
      expect(sorted.rank(probe)).toBe(expected.filter(([key]) => key < probe).length);
      expect([...sorted.entries(probe)]).toEqual(expected.filter(([key]) => key > probe));
      for (const [version, text] of versions) expect(JSON.stringify([...version.entries()])).toBe(text);
    }),
  );
});

test("it stays balanced when keys come in order: a look-up compares a logarithmic number of times", () => {
  let compared = 0;
  const counting = (a: number, b: number) => {
    compared++;
    return a - b;
  };
  let sorted = Sorted.empty<number, true>(counting);
  for (let key = 0; key < 10_000; key++) sorted = sorted.set(key, true);
  for (let key = 0; key < 9_000; key++) sorted = sorted.delete(key);
  compared = 0;
  sorted.get(9_999);
  expect(compared).toBeLessThan(25);
});

test("weights add up: before a key, over all, and up to a bound", () => {
  const entries = fc.uniqueArray(fc.tuple(fc.nat(60), fc.nat(5)), { maxLength: 60, selector: ([key]) => key });
  fc.assert(
    fc.property(entries, fc.uniqueArray(fc.nat(60)), fc.nat(60), fc.nat(150), (all, gone, probe, most) => {
      const empty = Sorted.empty<number, number>(ascending, (weight) => weight);
      const sorted = gone.reduce((map, key) => map.delete(key), empty.fill(all));
      const kept = all.filter(([key]) => !gone.includes(key)).sort(([a], [b]) => a - b);
      expect([...sorted.entries()]).toEqual(kept);
      const sum = (part: [number, number][]) => part.reduce((total, [, weight]) => total + weight, 0);
      expect(sorted.weight).toBe(sum(kept));
      expect(sorted.weightBefore(probe)).toBe(sum(kept.filter(([key]) => key < probe)));
      expect(sorted.lastWithin(most)).toBe(kept.findLast((_, index) => sum(kept.slice(0, index + 1)) <= most)?.[0]);
      expect(sorted.count((key, index) => key - index <= most % 7)).toBe(kept.filter(([key], index) => key - index <= most % 7).length);
    }),
  );
});

test("filling a map at once gives what setting one after the other gives", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(1_000), { maxLength: 200 }), fc.uniqueArray(fc.integer({ min: 1_001, max: 2_000 })), (keys, more) => {
      const entries = (list: number[]) => list.map((key): [number, string] => [key, `v${key}`]);
      const filled = Sorted.empty<number, string>(ascending).fill(entries(keys)).fill(entries(more));
      const set = entries([...keys, ...more]).reduce((map, [key, value]) => map.set(key, value), Sorted.empty<number, string>(ascending));
      expect([...filled.entries()]).toEqual([...set.entries()]);
    }),
  );
});
