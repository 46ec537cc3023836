// Rules for client certificates in a file, and which of them a certificate comes to.
import { expect, test } from "vitest";
import { linesOf } from "../../cli/access/lined.ts";
import { FleetDocument } from "../../cli/fleet/document.ts";
import type { ClientCertificate, NameKind } from "../../src/access/certificates/certificate.ts";
import { type CertificateRule, certified } from "../../src/access/certificates/rule.ts";
import { rulesIn } from "../../src/access/rules.ts";

const rule = (kind: NameKind, glob: string, name = "a"): CertificateRule => ({ name, kind, globs: [glob], grants: [] });
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
    expect(certified(shown(kind, value), [rule(kind, glob)], 0)).toEqual({ why: "no rule is for any of its names" });
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

const read = async (text: string) => rulesIn("access.yaml", linesOf(await FleetDocument.parse("access.yaml", text)));
const GRANTS = "grants: {role: USE, patterns: uat-*}";

test("a file has rules for each kind of name", async () => {
  const { rules, warnings } = await read(`certificates:
- {name: runners, san: {uri: "spiffe://ci.example.com/ns/*/sa/runner"}, ${GRANTS}}
- {name: hosts, san: {dns: [A.example.com, "*.ci.example.com"]}, grants: [{role: VIEW, patterns: ["*"], max_leases: 3}]}
- {name: people, san: {email: "*@example.com"}, ${GRANTS}}
`);
  const use = [{ role: "USE", patterns: ["uat-*"] }];
  expect(rules.certificates).toEqual([
    { name: "runners", kind: "uri", globs: ["spiffe://ci.example.com/ns/*/sa/runner"], grants: use },
    { name: "hosts", kind: "dns", globs: ["a.example.com", "*.ci.example.com"], grants: [{ role: "VIEW", patterns: ["*"], maxLeases: 3 }] },
    { name: "people", kind: "email", globs: ["*@example.com"], grants: use },
  ]);
  expect(warnings).toEqual([]);
});

test("a file of more names than a connection can be compared with is refused", async () => {
  const names = (count: number) => `[${Array.from({ length: count }, (_, index) => `h${index}`).join(", ")}]`;
  const rules = Array.from({ length: 5 }, (_, index) => `- {name: r${index}, san: {dns: ${names(256)}}, ${GRANTS}}`).join("\n");
  await expect(read(`certificates:\n${rules}\n`)).rejects.toThrow("certificates: has 1280 names over all rules; give 1024 at most");
});

test.each([
  [`{name: a, ${GRANTS}}`, "access.yaml:2: certificates[0]: san is missing; say which alternative name it is for, for example"],
  [`{name: a, san: {cn: a}, ${GRANTS}}`, "access.yaml:2: certificates[0].san.cn: is unknown; there are uri, dns, email"],
  [`{name: a, cn: a, ${GRANTS}}`, "certificates[0].cn: is unknown; here it is called san: {uri: …}; the common name is never looked at"],
  [`{name: a, san: {}, ${GRANTS}}`, "certificates[0].san: must have one of uri, dns, email"],
  [`{name: a, san: {uri: "a:b", dns: a.b}, ${GRANTS}}`, "certificates[0].san: must have one of uri, dns, email"],
  [`{name: a, san: {uri: runner}, ${GRANTS}}`, 'certificates[0].san.uri: got "runner"; write a URI, for example spiffe://'],
  [`{name: a, san: {dns: "a b"}, ${GRANTS}}`, 'certificates[0].san.dns: got "a b"; write a DNS name'],
  [`{name: a, san: {email: example.com}, ${GRANTS}}`, 'certificates[0].san.email: got "example.com"; write an email address'],
  [`{name: "a:b", san: {dns: a}, ${GRANTS}}`, 'certificates[0].name: got "a:b"; write up to 63 letters'],
  [`{name: a, san: {dns: a}}`, "certificates[0]: grants is missing"],
  [
    `{name: a, san: {dns: a}, ${GRANTS}}\n- {name: a, san: {dns: b}, ${GRANTS}}`,
    "access.yaml:3: certificates[1]: the name a is that of certificates[0], too",
  ],
])("a rule %s is refused", async (rule, words) => {
  await expect(read(`certificates:\n- ${rule}\n`)).rejects.toThrow(words);
});
