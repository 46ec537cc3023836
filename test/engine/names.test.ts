/** Which configured name was probably meant, and how many names that takes a look at: counted, never a time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ConfiguredNames } from "../../src/engine/names.ts";

function configured(...names: string[]): ConfiguredNames {
  const all = new ConfiguredNames();
  for (const name of names) all.put(name, true);
  return all;
}

const board = (index: number) => `board-${String(index).padStart(5, "0")}`;

test.each([
  ["stagng-1", ["staging-1"]],
  ["STAGING-1", ["staging-1"]],
  ["staging-11", ["staging-1"]],
  ["stagging", []],
  ["uta1", []],
  ["uat1", ["uat"]],
  ["staging-1", []],
  ["x", []],
  ["", []],
  ["staging-1".repeat(100_000), []],
])("beside staging-1 and uat, %.20s is near to %j", (name, near) => {
  expect(configured("staging-1", "uat").near(name)).toEqual(near);
});

test("at most three are named, the nearest first", () => {
  expect(configured("rack-aa", "rack-ab", "rack-ac", "rack-ad", "rack-bd").near("rack-bdd")).toEqual(["rack-bd", "rack-ad"]);
  expect(configured("board-11", "board-12", "board-13", "board-14", "boards-1").near("board-1")).toHaveLength(3);
});

test("a name that is configured, or no longer, counts from the next look on", () => {
  const names = configured("staging-1");
  expect(names.near("stagin-1")).toEqual(["staging-1"]);
  names.put("stagin-1", true);
  expect(names.near("stagin-1")).toEqual([]);
  names.put("stagin-1", false);
  names.put("staging-1", false);
  expect(names.near("stagin-1")).toEqual([]);
});

describe("among 10,000 names that are all alike", () => {
  const names = configured(...Array.from({ length: 10_000 }, (_, index) => board(index)));

  test.each(["baord-04711", "board-0471", "board-047111", "bord-04711", "oard-04711", "board04711", "Board-04711x"])(
    "%s is near to one",
    (typed) => {
      const [first = ""] = names.near(typed);
      expect(first).toMatch(/^board-0\d{4}$/);
    },
  );

  test("a look compares 128 of them at most, and one that is configured none", () => {
    for (const typed of ["baord-04711", "a", "z", "board-05000x", "zzzzz-00000"])
      expect(names.candidates(typed).size).toBeLessThanOrEqual(128);
    let looked = 0;
    const { candidates } = names;
    names.candidates = (name) => {
      looked++;
      return candidates.call(names, name);
    };
    for (let index = 0; index < 10_000; index++) expect(names.near(board(index))).toEqual([]);
    expect(looked).toBe(0);
    for (let again = 0; again < 100; again++) names.near("board-4711");
    expect(looked).toBe(1);
  });
});

test("whatever was put in and taken out, one by one or many at once, they are found as if it had never been otherwise", () => {
  const name = fc.nat(400).map((index) => (index % 3 === 0 ? board(index).toUpperCase() : board(index)));
  const turn = fc.array(fc.tuple(name, fc.boolean()), { maxLength: 150 });
  fc.assert(
    fc.property(fc.array(turn, { maxLength: 4 }), (turns) => {
      const names = new ConfiguredNames();
      const present = new Set<string>();
      for (const changes of turns) {
        for (const [one, configured] of changes) {
          names.put(one, configured);
          if (configured) present.add(one);
          else present.delete(one);
        }
        for (const typed of ["board-0020", "oard-00300", ""])
          expect(names.candidates(typed)).toEqual(configured(...present).candidates(typed));
      }
    }),
  );
});
