/** Claims are compared whole or by globs, field by field; no `*` reaches from one part of a claim into another. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fits } from "../../src/access/oidc/claims.ts";

const RUNS = Number(process.env["RUNS"] ?? 5_000);

function matches(text: string, value: unknown): boolean {
  return fits(new Map([["claim", [text]]]), { claim: value });
}

test.each<[string, unknown, boolean]>([
  ["acme/shop", "acme/shop", true],
  ["acme/shop", "acme/shopping", false],
  ["acme/*", "acme/shop", true],
  ["acme/*", "acme-evil/shop", false],
  ["acme/*", "acme/shop/more", false],
  ["acme*", "acme/shop", false],
  ["repo:org/*", "repo:org/x", true],
  ["repo:org/*", "repo:org-evil/x", false],
  ["repo:org/*", "repo:org/x:environment:production", false],
  ["repo:*/x", "repo:org/x", true],
  ["refs/tags/v?", "refs/tags/v1", true],
  ["a?b", "a/b", false],
  ["a?b", "a:b", false],
  ["*", "any:thing/at all", true],
  ["*", undefined, false],
  ["true", true, true],
  ["17", 17, true],
  ["17", 17.5, false],
  ["x", { x: "x" }, false],
  ["x", ["a", "x"], true],
  ["x", ["a", ["x"]], false],
  ["x", [], false],
  ["", "", true],
])("%s fits %j: %j", (text, value, expected) => {
  expect(matches(text, value)).toBe(expected);
});

test("a claim that every object has by itself is none", () => {
  expect(fits(new Map([["constructor", ["*"]]]), {})).toBe(false);
});

/** Texts of few letters, so that they often nearly fit. */
const some = fc.string({ unit: fc.constantFrom("a", "b", "-", "/", ":"), maxLength: 12 });
const globs = fc.string({ unit: fc.constantFrom("a", "b", "-", "/", ":", "*", "?"), maxLength: 10 });

test("a glob fits what a regular expression of the same meaning fits", () => {
  fc.assert(
    fc.property(globs, some, (glob, value) => {
      const source = glob.replaceAll("*", "[^/:]*").replaceAll("?", "[^/:]");
      expect(matches(glob, value)).toBe(glob === "*" || new RegExp(`^${source}$`).test(value));
    }),
    { numRuns: RUNS },
  );
});

test("what stands before a `/` or a `:` is never another organisation's, nor reaches into the next field", () => {
  const name = fc.string({ unit: fc.constantFrom("o", "r", "g", "-", "x"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(name, name, fc.constantFrom("", ":ref:x", "/y"), (owner, repository, rest) => {
      expect(matches("repo:org/*", `repo:${owner}/${repository}${rest}`)).toBe(owner === "org" && rest === "");
    }),
    { numRuns: RUNS },
  );
});

test("a glob of many `*` over a long value is compared at once", () => {
  const value = "a".repeat(1_024);
  for (let time = 0; time < 1_000; time++) expect(matches(`${"a*".repeat(60)}b`, value)).toBe(false);
  expect(matches("*", "a".repeat(1_025))).toBe(false);
});
