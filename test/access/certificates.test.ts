// Which rule a client certificate comes to.
import { expect, test } from "vitest";
import { type CertificateRule, type ClientCertificate, certified, type NameKind } from "../../src/access/certificates.ts";

const rule = (kind: NameKind, glob: string, name = "a"): CertificateRule => ({ name, kind, glob, grants: [] });
const shown = (kind: NameKind, ...values: readonly string[]): ClientCertificate => ({
  names: values.map((value) => ({ kind, value })),
  until: 1_000,
});

test.each<[NameKind, string, readonly string[], readonly string[]]>([
  [
    "uri",
    "spiffe://ci.example.com/ns/a/sa/b",
    ["spiffe://ci.example.com/ns/a/sa/b"],
    ["spiffe://ci.example.com/ns/a/sa/b2", "spiffe://ci.example.com/ns/a/sa/B"],
  ],
  [
    "uri",
    "spiffe://ci.example.com/ns/*/sa/runner-?",
    ["spiffe://ci.example.com/ns/team-a/sa/runner-1"],
    ["spiffe://ci.example.com/ns/a/b/sa/runner-1", "spiffe://ci.example.com/ns/a/sa/runner-", "spiffe://evil.example.com/ns/a/sa/runner-1"],
  ],
  [
    "dns",
    "*.ci.example.com",
    ["a.ci.example.com", "*.ci.example.com"],
    ["a.b.ci.example.com", "ci.example.com", "a.ci.example.com.evil.com", "a/b.ci.example.com"],
  ],
  ["email", "*@example.com", ["team@example.com"], ["team@example.com@evil.com", "a@b@example.com", "team@sub.example.com"]],
  ["uri", "*", ["anything:at/all"], []],
])("a rule for %s %s", (kind, glob, those, others) => {
  for (const value of those) expect(certified(shown(kind, value), [rule(kind, glob)], 0)).toEqual({ rule: rule(kind, glob), name: value });
  for (const value of others)
    expect(certified(shown(kind, value), [rule(kind, glob)], 0)).toEqual({ why: `no rule is for ${kind} ${value}` });
});

test("a name of one kind is none of another", () => {
  expect(certified(shown("dns", "team@example.com"), [rule("email", "*"), rule("uri", "*")], 0)).toHaveProperty("why");
});

test("the first rule counts that one of the names fits", () => {
  const rules = [rule("dns", "b", "one"), rule("dns", "*", "two")];
  expect(certified(shown("dns", "a", "b"), rules, 0)).toMatchObject({ rule: { name: "one" }, name: "b" });
  expect(certified(shown("dns", "a", "c"), rules, 0)).toMatchObject({ rule: { name: "two" }, name: "a" });
});

test("one that has ended, is not accepted, or has no name is nobody's", () => {
  const rules = [rule("dns", "*")];
  expect(certified(shown("dns", "a"), rules, 1_000)).toEqual({ why: "it has ended at 1970-01-01T00:00:01.000Z" });
  expect(certified({ ...shown("dns", "a"), fault: "it is not accepted: X" }, rules, 0)).toEqual({ why: "it is not accepted: X" });
  expect(certified(shown("dns"), rules, 0)).toMatchObject({ why: expect.stringMatching(/no alternative name/) });
});
