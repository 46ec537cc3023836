/** How far a misspelt word is from the one that was meant: the command line and the server must count alike. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as cli from "../../cli/help/distance.ts";
import * as core from "../../src/core/verbs/refusal.ts";

test.each([
  ["", "", 0],
  ["uat", "uat", 0],
  ["uat", "", 3],
  ["uat", "uta", 2],
  ["acquier", "acquire", 2],
  ["relaese", "release", 2],
  ["staging-1", "staging-2", 1],
  ["kitten", "sitting", 3],
])("from %j to %j it is %i edits, to both", (from, to, edits) => {
  for (const { distance } of [cli, core]) {
    expect(distance(from, to)).toBe(edits);
    expect(distance(to, from)).toBe(edits);
  }
});

test("of whatever words they count the same", () => {
  const word = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(cli.distance(a, b)).toBe(core.distance(a, b));
    }),
  );
});

test("the server stops counting where more edits than a bound are needed", () => {
  const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 12 });
  fc.assert(
    fc.property(word, word, fc.nat(8), (a, b, most) => {
      expect(core.distance(a, b, most)).toBe(Math.min(cli.distance(a, b), most + 1));
    }),
  );
});
