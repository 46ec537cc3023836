/** What a file of access rules may say; what is wrong with it is told with file, line, field and remedy. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { linesOf } from "../../cli/access/lined.ts";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { root } from "../../scripts/tools.ts";
import { rulesIn } from "../../src/access/rules.ts";
import { type } from "../cli/terminal.ts";

async function read(text: string) {
  return rulesIn("access.yaml", linesOf(await FleetDocument.parse("access.yaml", text)));
}

const isRules = new Ajv({ allErrors: true, strictTypes: false }).compile(JSON.parse((await type(["keys", "schema"])).stdout));

async function fitsSchema(text: string): Promise<boolean> {
  return isRules((await FleetDocument.parse("access.yaml", text)).value);
}

/** One rule of a provider, whose claims are these, in YAML. */
function rule(provider: string, claims: string, more = ""): string {
  const issuer = { circleci: "https://oidc.circleci.com/org/6ba7b810", other: "https://ci.example.com" }[provider];
  return `issuers:
- provider: ${provider}
  audience: https://call-me.example.com
  ${issuer ? `issuer: ${issuer}` : ""}
  ${provider === "other" ? "jwks_uri: https://ci.example.com/keys" : ""}
  rules:
  - name: shop
    claims: ${claims}
    grants: {role: USE, patterns: uat-*}
    ${more}
`;
}

test.each([
  ["github", "{repository_id: 1296269}", "https://token.actions.githubusercontent.com", "/.well-known/jwks", ["repository_id"]],
  ["gitlab", '{project_id: "20", ref_protected: true}', "https://gitlab.com", "/oauth/discovery/keys", ["project_id"]],
  [
    "buildkite",
    "{organization_id: 01234567-89ab-cdef-0123-456789abcdef}",
    "https://agent.buildkite.com",
    "/.well-known/jwks",
    ["organization_id", "pipeline_id"],
  ],
  [
    "circleci",
    "{oidc.circleci.com/project-id: 6ba7b811}",
    "https://oidc.circleci.com/org/6ba7b810",
    "/.well-known/jwks-pub.json",
    ["oidc.circleci.com/project-id"],
  ],
  ["other", "{sub: 'ci:*'}", "https://ci.example.com", "/keys", ["sub"]],
])("what %s's tokens need is known by the provider's name", async (provider, claims, issuer, keys, identity) => {
  const { rules, warnings } = await read(rule(provider, claims));
  expect(await fitsSchema(rule(provider, claims))).toBe(true);
  const [only] = rules.issuers;
  expect(only).toMatchObject({ issuer, jwksUri: issuer + keys, algorithms: ["RS256"], maxAge: 86_400 });
  expect(only?.rules[0]).toMatchObject({ name: "shop", identity, mode: "enforce", grants: [{ role: "USE", patterns: ["uat-*"] }] });
  expect(warnings).toEqual([]);
});

test("all that a rule can say is read, ids without quotes as they are written", async () => {
  const text = `
x-mine: &claims {repository_owner_id: 0583231, ref: [refs/heads/main, refs/tags/v*]}
issuers:
- provider: github
  issuer: https://ghe.example.com/_services/token
  audience: call-me
  algorithms: [RS256, ES256]
  max_age: 10m
  mode: audit
  rules:
  - name: one
    mode: enforce
    claims: *claims
    grants:
    - {role: USE, patterns: [uat-*, "lab:*"], max_hold: 2h, max_priority: -3, max_leases: 5}
    - {role: VIEW, patterns: "*"}
    identity: repository_owner_id
    label: repository_owner
    record: [job_workflow_ref]
  - name: two
    claims: {repository_id: 12345678901234567890}
    grants: [{role: VIEW, patterns: ["*"]}]
certificates:
- name: board
  san: {uri: "spiffe://ci.example.com/board/*"}
  grants: {role: USE, patterns: lab-*}
`;
  expect(await fitsSchema(text)).toBe(true);
  const { rules } = await read(text);
  const [issuer] = rules.issuers;
  expect(issuer).toMatchObject({ jwksUri: "https://ghe.example.com/_services/token/.well-known/jwks", maxAge: 600 });
  const [one, two] = issuer?.rules ?? [];
  expect(one?.claims).toEqual(
    new Map([
      ["repository_owner_id", ["0583231"]],
      ["ref", ["refs/heads/main", "refs/tags/v*"]],
    ]),
  );
  expect(one?.grants).toEqual([
    { role: "USE", patterns: ["uat-*", "lab:*"], maxHold: 7_200_000_000, maxPriority: -3, maxLeases: 5 },
    { role: "VIEW", patterns: ["*"] },
  ]);
  expect(one).toMatchObject({ mode: "enforce", identity: ["repository_owner_id"], label: "repository_owner" });
  expect(one?.record).toContain("job_workflow_ref");
  expect(two).toMatchObject({ mode: "audit", label: "repository" });
  expect(two?.claims.get("repository_id")).toEqual(["12345678901234567890"]);
});

test("the examples of docs/operating.md are files of rules", async () => {
  const [, section = ""] = readFileSync(path.join(root, "docs/operating.md"), "utf8").split("\n## CI identities\n");
  const examples = (section.split("\n## ")[0] ?? "").match(/(?:^ {4}.*\n(?:\n(?= {4}))?)+/gm) ?? [];
  const text = examples.join("").replaceAll(/^ {4}/gm, "");
  const { rules, warnings } = await read(text);
  expect(rules.issuers.map(({ issuer }) => new URL(issuer).host)).toEqual([
    "token.actions.githubusercontent.com",
    "gitlab.example.com",
    "agent.buildkite.com",
    "oidc.circleci.com",
    "jenkins.example.com",
  ]);
  expect(warnings).toEqual([]);
});

test("a rule of GitLab's that takes jobs of any branch is warned of", async () => {
  const { warnings } = await read(rule("gitlab", "{project_id: 20}"));
  expect(warnings).toEqual([expect.stringMatching(/^access.yaml:8: issuers\[0\].rules\[0\].claims: without `ref_protected: "true"`/)]);
});

test.each([
  ["github", "{repository_id: 1, rref: refs/heads/main}", "rref"],
  ["gitlab", "{project_id: 20, ref_protected: true, branch: main}", "branch"],
  ["buildkite", "{organization_id: 0123, pipeline: shop}", "pipeline"],
  ["circleci", "{project-id: 6ba7b811}", "project-id"],
])("a claim that %s's tokens are not known to have is warned of: %s", async (provider, claims, claim) => {
  const { warnings } = await read(rule(provider, claims));
  expect(warnings).toEqual([expect.stringMatching(`^access.yaml:8: issuers\\[0\\].rules\\[0\\].claims.${claim}: is no claim that`)]);
});

test.each([
  ["github", "{repository_id: 1, repository_property_team: a}"],
  ["buildkite", "{organization_id: 0123, 'agent_tag:queue': deploy}"],
  ["other", "{whatever: there}"],
])("one whose name somebody else chooses is not: %s", async (provider, claims) => {
  expect((await read(rule(provider, claims))).warnings).toEqual([]);
});

/** An issuer of people's tokens, whose `browser` is this. */
function ofPeople(browser: string, more = ""): string {
  return rule("other", "{groups: /testers}").replace("  audience: https://call-me.example.com\n", `${more}  browser: ${browser}\n`);
}

test("people's tokens are for the client, and endpoints and scopes are what the file says, or as usual", async () => {
  const text = ofPeople("{client_id: page}");
  expect(await fitsSchema(text)).toBe(true);
  expect((await read(text)).rules.issuers[0]).toMatchObject({
    audience: "page",
    browser: { clientId: "page", scopes: ["openid", "profile", "email"], label: "Sign in" },
  });
  const all =
    "{client_id: page, scopes: [openid, groups], label: Acme, authorization_endpoint: https://a/b, token_endpoint: http://127.0.0.1:9/t}";
  expect(await fitsSchema(ofPeople(all, "  audience: page\n"))).toBe(true);
  expect((await read(ofPeople(all, "  audience: page\n"))).rules.issuers[0]?.browser).toEqual({
    ...{ clientId: "page", scopes: ["openid", "groups"], label: "Acme" },
    ...{ authorizationEndpoint: "https://a/b", tokenEndpoint: "http://127.0.0.1:9/t" },
  });
});

test("the example of docs/operating.md for people is a file of rules", async () => {
  const [, section = ""] = readFileSync(path.join(root, "docs/operating.md"), "utf8").split("\n## People\n");
  const [example = ""] = section.match(/(?:^ {4}.*\n)+/gm) ?? [];
  const { rules, warnings } = await read(example.replaceAll(/^ {4}/gm, ""));
  expect(await fitsSchema(example.replaceAll(/^ {4}/gm, ""))).toBe(true);
  expect(rules.issuers[0]?.browser?.clientId).toBe("call-me");
  expect(warnings).toEqual([]);
});

/** Faults that no schema can know of. */
const BEYOND_SCHEMAS: ReadonlySet<string> = new Set([
  "an identity that can change hands",
  "an issuer in clear text",
  "GitHub's issuer under another name",
  "a rule's name twice",
  "an issuer twice",
  "a long hold",
  "a text for control",
  "a pattern with nothing behind its colon",
  "people's tokens for another audience",
  "people without openid",
  "an endpoint of a host that would be a policy of its own",
]);

test.each<[string, string, RegExp]>([
  ["an unknown section", "issuer: []", /access.yaml:1: issuer: is unknown; there are issuers/],
  ["no list", "issuers: {}", /:1: issuers: got an object; write a list/],
  ["no provider", "issuers:\n- audience: a", /:2: issuers\[0\]: provider is missing; give one of github, gitlab/],
  ["a provider that there is not", "issuers: [{provider: jenkins}]", /provider: got "jenkins"; write one of github/],
  ["no audience", "issuers: [{provider: github, rules: []}]", /issuers\[0\]: audience is missing; give the text/],
  [
    "Vault's word for an audience",
    "issuers: [{provider: github, bound_audiences: a}]",
    /bound_audiences: is unknown; here it is called audience/,
  ],
  [
    "Vault's word for claims",
    rule("github", "{repository_id: 1}", "bound_claims: {}"),
    /:10: .*bound_claims: is unknown; here it is called claims/,
  ],
  [
    "GitHub by a name alone",
    rule("github", "{repository: acme/shop}"),
    /:8: .*claims: names neither repository_id nor repository_owner_id/,
  ],
  ["GitHub by its subject", rule("github", "{sub: 'repo:acme/shop:*', repository_id: 1}"), /:8: .*claims.sub: must not decide: GitHub/],
  ["GitHub by a glob of ids", rule("github", "{repository_id: '12*'}"), /repository_id: got "12\*"; an id is compared as a whole/],
  ["GitLab by a name alone", rule("gitlab", "{project_path: acme/shop}"), /names neither project_id nor namespace_id/],
  ["Buildkite without an organisation", rule("buildkite", "{pipeline_slug: shop}"), /names neither organization_id/],
  ["no claims", rule("other", "{}"), /claims: is empty, so it would let in everybody/],
  ["CircleCI's issuer of nobody", rule("circleci", "{a: b}").replace("/org/6ba7b810", ""), /issuer: got .*; write the organisation's own/],
  [
    "CircleCI without an issuer",
    "issuers: [{provider: circleci, audience: a, rules: []}]",
    /issuer is missing; write the organisation's own/,
  ],
  [
    "another one without keys",
    "issuers: [{provider: other, issuer: https://a, audience: a, rules: []}]",
    /jwks_uri is missing; give the address/,
  ],
  [
    "keys in clear text",
    rule("other", "{sub: a}").replace("https://ci.example.com/keys", "http://10.0.0.7/keys"),
    /jwks_uri: got .*https only/,
  ],
  [
    "an issuer in clear text",
    rule("gitlab", "{project_id: 1}").replace("  \n", "  issuer: http://git.example.com\n"),
    /issuer: got .*https only/,
  ],
  [
    "an identity that can change hands",
    rule("github", "{repository_id: 1}", "identity: repository"),
    /identity: got "repository"; name one of repository_id/,
  ],
  [
    "GitHub's issuer under another name",
    rule("other", "{sub: a}").replace("https://ci.example.com\n", "https://token.actions.githubusercontent.com/acme\n"),
    /:4: issuers\[0\].issuer: got .*; that is github's: write provider: github/,
  ],
  ["a name with a colon", rule("github", "{repository_id: 1}").replace("name: shop", "name: a:b"), /name: got "a:b"; write up to 63/],
  ["a role that there is not", rule("github", "{repository_id: 1}").replace("USE", "use"), /role: got "use"; write one of VIEW, USE/],
  [
    "a pattern with nothing behind its colon",
    rule("github", "{repository_id: 1}").replace("uat-*", '"lab:"'),
    /patterns: "lab:" has nothing on one side of the colon/,
  ],
  ["a long hold", rule("github", "{repository_id: 1}").replace("uat-*", "a, max_hold: 31d"), /max_hold: got "31d"; write a duration/],
  [
    "a high priority",
    rule("github", "{repository_id: 1}").replace("uat-*", "a, max_priority: 11"),
    /max_priority: got "11"; write a whole/,
  ],
  [
    "no leases",
    rule("github", "{repository_id: 1}").replace("uat-*", "a, max_leases: 0"),
    /max_leases: got "0"; write a whole number from 1/,
  ],
  [
    "an algorithm of passwords",
    rule("github", "{repository_id: 1}").replace("audience", "algorithms: HS256\n  audience"),
    /write one of RS256, ES256/,
  ],
  ["a mode that there is not", rule("github", "{repository_id: 1}", "mode: off"), /mode: got "off"; write one of enforce, audit/],
  [
    "a rule's name twice",
    `${rule("github", "{repository_id: 1}")}  - {name: shop, claims: {repository_id: 2}, grants: {role: USE, patterns: a}}`,
    /:11: .*rules\[1\]: the rule's name shop is that of issuers\[0\].rules\[0\]/,
  ],
  [
    "an issuer twice",
    `${rule("github", "{repository_id: 1}")}${rule("github", "{repository_id: 1}").replace("issuers:\n", "").replace("name: shop", "name: b")}`,
    /the issuer https:\/\/token.* is that of issuers\[0\]/,
  ],
  [
    "33 patterns",
    rule("github", "{repository_id: 1}").replace("uat-*", `[${Array(33).fill("a")}]`),
    /patterns: has 33 entries; give 1 to 32/,
  ],
  [
    "people of a CI system",
    rule("github", "{repository_id: 1}").replace("  rules", "  browser: {client_id: a}\n  rules"),
    /provider: other; a/,
  ],
  ["people's tokens for another audience", ofPeople("{client_id: a}", "  audience: b\n"), /audience: got "b"; people's tokens .* write a$/],
  ["people without openid", ofPeople("{client_id: a, scopes: [email]}"), /browser: has scopes without openid; add it/],
  ["people without a client", ofPeople("{label: a}"), /browser: client_id is missing; give the id of the page/],
  ["Argo CD's word for a client", ofPeople("{clientID: a}"), /clientID: is unknown; here it is called client_id/],
  ["an endpoint in clear text", ofPeople("{client_id: a, token_endpoint: http://a/b}"), /token_endpoint: got .*it must be https/],
  [
    "an endpoint of a host that would be a policy of its own",
    ofPeople('{client_id: a, token_endpoint: "https://a;b/c"}'),
    /token_endpoint: got .*it must be https/,
  ],
  ["a text for control", rule("other", '{sub: "a\\u202eb"}'), /sub: got .*; write what the claim must be/],
])("%s is refused, by the schema as well where it can know", async (name, text, words) => {
  await expect(read(text)).rejects.toThrow(words);
  if (!BEYOND_SCHEMAS.has(name)) expect(await fitsSchema(text)).toBe(false);
});
