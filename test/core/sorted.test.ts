import fc from "fast-check";
import { expect, test } from "vitest";
import { ascending, Sorted } from "../../src/core/sorted.ts";

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
