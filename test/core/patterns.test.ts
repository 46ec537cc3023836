import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Grant, Role } from "../../src/core/access/grant.ts";
import { globMatches } from "../../src/core/access/pattern.ts";
import { Rights } from "../../src/core/access/rights.ts";
import { GLOBS, PATTERNS } from "./globs.ts";

describe("a pattern", () => {
  it.each(GLOBS)("%j on %j: %s", (glob, name, fits) => {
    expect(globMatches(glob, name)).toBe(fits);
  });

  it("means what the same glob means as a regular expression", () => {
    const text = (alphabet: string[]) => fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((letters) => letters.join(""));
    fc.assert(
      fc.property(text(["a", "b", "/", "*", "?"]), text(["a", "b", "/"]), (glob, name) => {
        const expression = glob === "*" ? "[^]*" : glob.replaceAll("*", "[^/]*").replaceAll("?", "[^/]");
        expect(globMatches(glob, name)).toBe(new RegExp(`^${expression}$`).test(name));
      }),
      { numRuns: 20_000 },
    );
  });
});

/** The rights of a caller with one grant. */
function rightsOf(role: Role, ...patterns: string[]): Rights {
  const grant: Grant = { role, patterns };
  return new Rights([grant]);
}

describe("rights", () => {
  it("are of every pool where a pattern names none, and else of the pools that it names", () => {
    for (const [pattern, pool, name, is] of PATTERNS) expect(rightsOf("USE", pattern).may("USE", pool, name), pattern).toBe(is);
    expect(rightsOf("USE", "boards:*").mayAll("USE")).toBe(false);
    expect(rightsOf("USE", "boards:*").mayPool("USE", "boards")).toBe(true);
    expect(rightsOf("USE", "*").mayAll("USE")).toBe(true);
  });

  it.each<[Role, Role[]]>([
    ["VIEW", ["VIEW"]],
    ["USE", ["VIEW", "USE"]],
    ["RESERVE", ["VIEW", "USE", "RESERVE"]],
    ["OPERATE", ["VIEW", "OPERATE"]],
    ["CLEAN", ["VIEW", "CLEAN"]],
    ["ADMIN", ["VIEW", "USE", "RESERVE", "OPERATE", "CLEAN", "ADMIN"]],
  ])("of %s are those of %j", (role, included) => {
    const rights = rightsOf(role, "uat");
    for (const wanted of ["VIEW", "USE", "RESERVE", "OPERATE", "CLEAN", "ADMIN"] as const) {
      expect(rights.has(wanted)).toBe(included.includes(wanted));
      expect(rights.may(wanted, "default", "uat")).toBe(included.includes(wanted));
      expect(rights.may(wanted, "default", "staging")).toBe(false);
    }
  });

  it("without any grant are none", () => {
    const none = new Rights([]);
    expect(none.has("VIEW")).toBe(false);
    expect(none.may("VIEW", "default", "uat")).toBe(false);
    expect(none.within("VIEW", "default")).toEqual([]);
  });

  it("add up, each role with its own patterns", () => {
    const rights = new Rights([
      { role: "USE", patterns: ["a-*"] },
      { role: "VIEW", patterns: ["*"] },
    ]);
    expect(rights.mayAll("VIEW")).toBe(true);
    expect(rights.may("USE", "default", "a-1")).toBe(true);
    expect(rights.may("USE", "default", "b-1")).toBe(false);
    expect(rights.within("USE", "default")).toEqual(["a-*"]);
  });
});
