import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Rights } from "../../src/core/access/rights.ts";
import { fits } from "../../web/words/pattern.ts";
import { GLOBS, PATTERNS } from "../core/globs.ts";

describe("a pattern on the page", () => {
  it.each(GLOBS)("%j on %j: %s", (glob, name, is) => {
    expect(fits(glob, "any", name)).toBe(is);
  });

  it.each(PATTERNS)("%j in pool %j on %j: %s", (pattern, pool, environment, is) => {
    expect(fits(pattern, pool, environment)).toBe(is);
  });

  it("means what it means to the server", () => {
    const text = (...letters: string[]) =>
      fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 6 }).map((some) => some.join(""));
    const name = text("a", "b", "/", ".", "+");
    fc.assert(
      fc.property(text("a", "b", "/", "*", "?", ":", ".", "+"), name, name, (pattern, pool, environment) => {
        const rights = new Rights([{ role: "USE", patterns: [pattern] }]);
        expect(fits(pattern, pool, environment)).toBe(rights.may("USE", pool, environment));
      }),
      { numRuns: 5_000 },
    );
  });
});
