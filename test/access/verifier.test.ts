/** Which tokens are good: by their signature, for us, now, and by a rule. */
import { createHmac } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { linesOf } from "../../cli/access/lined.ts";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { Verifier } from "../../src/access/oidc/verifier.ts";
import { rulesIn } from "../../src/access/rules.ts";
import { AUDIENCE, type Changes, GITHUB_KINDS, TestIssuer } from "./issuer.ts";

let issuer: TestIssuer;
beforeAll(async () => {
  issuer = await TestIssuer.start();
});
afterAll(() => issuer[Symbol.asyncDispose]());

/** What judges by one rule, or by several, of one provider. */
async function verifier(provider: string, rules: readonly object[], more: object = {}): Promise<Verifier> {
  const issuers = [{ provider, issuer: issuer.url, jwks_uri: issuer.jwksUri, audience: AUDIENCE, rules: rules.map(ruleOf), ...more }];
  const document = await FleetDocument.parse("access.json", JSON.stringify({ issuers }));
  return new Verifier(rulesIn("access.json", linesOf(document)).rules.issuers, () => {});
}

function ruleOf(rule: object, index: number): object {
  return { name: `rule-${index}`, grants: { role: "USE", patterns: "uat" }, ...rule };
}

const SHOP = { claims: { repository_id: "1296269", repository_owner_id: "583231" } };
const second = () => Math.floor(Date.now() / 1_000);

test("a good token says who its bearer is, until when, and what it proves", async () => {
  const verdict = await (await verifier("github", [SHOP])).judge(await issuer.github());
  expect(verdict).toMatchObject({
    kind: "admitted",
    rule: "rule-0",
    mode: "enforce",
    principal: "oidc:rule-0:1296269",
    label: "acme/shop",
    claims: { repository: "acme/shop", repository_id: "1296269", ref: "refs/heads/main", event_name: "push", actor: "octocat" },
    proven: { repository: "acme/shop", ref: "main", sha: "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", actor: "octocat" },
  });
  if (verdict.kind !== "admitted") return;
  expect(verdict.rights.may("USE", "default", "uat")).toBe(true);
  expect(verdict.rights.may("USE", "default", "production")).toBe(false);
  expect(verdict.expiresAt).toBeGreaterThan(Date.now());
});

test.each(Object.entries(GITHUB_KINDS))("GitHub's token %s is the same caller's, whatever its subject", async (_, changes: Changes) => {
  const verdict = await (await verifier("github", [SHOP])).judge(await issuer.github(changes));
  expect(verdict).toMatchObject({ kind: "admitted", principal: "oidc:rule-0:1296269" });
});

test("the first rule that fits counts, by its environment, its ref or its event", async () => {
  const judge = await verifier("github", [
    { ...SHOP, name: "staging", claims: { ...SHOP.claims, environment: "staging" } },
    { ...SHOP, name: "requests", claims: { ...SHOP.claims, event_name: ["pull_request", "merge_group"] } },
    { ...SHOP, name: "main", claims: { ...SHOP.claims, ref: "refs/heads/*" }, mode: "audit" },
  ]);
  const rule = async (changes: Changes) => {
    const verdict = await judge.judge(await issuer.github(changes));
    return verdict.kind === "admitted" ? `${verdict.rule} ${verdict.mode}` : verdict.why;
  };
  expect(await rule(GITHUB_KINDS["of an environment"])).toBe("staging enforce");
  expect(await rule(GITHUB_KINDS["of a pull request"])).toBe("requests enforce");
  expect(await rule({})).toBe("main audit");
  expect(await rule({ ref: "refs/heads/feature/x" })).toBe(
    'no rule of its issuer fits: not staging by its environment, which it has not; not requests by its event_name, "push"; not main by its ref, "refs/heads/feature/x"',
  );
});

test.each<[string, string, object, (issuer: TestIssuer) => Promise<string>, object]>([
  [
    "GitLab's",
    "gitlab",
    { claims: { project_id: "20", ref_protected: "true", ref_type: "branch" } },
    (from) => from.gitlab(),
    { principal: "oidc:rule-0:20", label: "acme/shop", proven: { repository: "acme/shop", ref: "main", actor: "sample-user" } },
  ],
  [
    "Buildkite's",
    "buildkite",
    { claims: { organization_id: "01234567-89ab-cdef-0123-456789abcdef", build_branch: "main" } },
    (from) => from.buildkite(),
    {
      principal: "oidc:rule-0:01234567-89ab-cdef-0123-456789abcdef:018e5a22-d14c-7085-bb28-db0f83f43a1c",
      label: "shop",
      claims: { build_number: "17" },
      proven: { repository: "shop", ref: "main", runUrl: "https://buildkite.com/acme/shop/builds/17" },
    },
  ],
  [
    "another's, of several claims",
    "other",
    { claims: { groups: "ci" }, identity: ["a", "b"] },
    (from) => from.sign({ groups: ["people", "ci"], a: "x:y", b: "50%" }),
    { principal: "oidc:rule-0:x%3Ay:50%25", label: "someone", proven: {} },
  ],
  [
    "another's, by its subject",
    "other",
    { claims: { sub: "system:serviceaccount:ci:*" } },
    (from) => from.sign({ sub: "system:serviceaccount:ci:deployer" }),
    { principal: "oidc:rule-0:system:serviceaccount:ci:deployer" },
  ],
])("%s tokens tell their callers apart by what stays", async (_, provider, rule, token, expected) => {
  expect(await (await verifier(provider, [rule])).judge(await token(issuer))).toMatchObject({ kind: "admitted", ...expected });
});

test("the tokens of CircleCI are those of the organisation whose issuer it is", async () => {
  const url = "https://oidc.circleci.com/org/6ba7b810";
  const judge = await verifier("circleci", [{ claims: { "oidc.circleci.com/project-id": "6ba7b811-*" } }], { issuer: url });
  expect(await judge.judge(await issuer.circleci({ iss: url }))).toMatchObject({
    principal: "oidc:rule-0:6ba7b811-9dad-11d1-80b4-00c04fd430c8",
    proven: { repository: "acme/shop", ref: "main" },
  });
  const others = await judge.judge(await issuer.circleci({ iss: `${url}-other` }));
  expect(others).toMatchObject({ kind: "refused", why: `its issuer, "${url}-other", is none of the issuers of the file` });
});

/** A token that is put together by hand. */
function forged(header: object, claims: object, signature: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part(header)}.${part(claims)}.${signature}`;
}

async function hmac(): Promise<string> {
  const [header = "", payload = ""] = forged({ alg: "HS256", kid: "first", typ: "JWT" }, await good(), "").split(".");
  return `${header}.${payload}.${createHmac("sha256", await issuer.publicText())
    .update(`${header}.${payload}`)
    .digest("base64url")}`;
}

/** What a good token says. */
async function good(): Promise<object> {
  const [, payload = ""] = (await issuer.github()).split(".");
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}

async function byAnother(): Promise<string> {
  await using another = await TestIssuer.start();
  return await another.github({ iss: issuer.url });
}

test.each<[string, () => Promise<string>, RegExp]>([
  ["without a signature", async () => forged({ alg: "none", kid: "first" }, await good(), ""), /not signed by RS256/],
  ["signed by the public key as a password", hmac, /not signed by RS256/],
  ["signed by somebody else's key of the same name", byAnother, /signature/],
  [
    "whose header brings its own key",
    async () => (await byAnother()).replace(/^[^.]+/, headerWith({ jwk: { kty: "RSA" }, jku: "http://127.0.0.1:1" })),
    /signature/,
  ],
  ["with a list of issuers", () => issuer.github({ iss: [issuer.url] }), /issuer/],
  ["of another issuer", () => issuer.github({ iss: `${issuer.url}/` }), /issuer/],
  ["without an issuer", () => issuer.github({ iss: undefined }), /issuer/],
  [
    "for somebody else",
    () => issuer.github({ aud: "https://github.com/acme" }),
    /it is for "https:\/\/github.com\/acme", not for "https:\/\/call-me/,
  ],
  ["for us and somebody else", () => issuer.github({ aud: [AUDIENCE, "sts.amazonaws.com"] }), /other audiences/],
  ["for a server whose name begins like ours", () => issuer.github({ aud: `${AUDIENCE}.evil.example` }), /it is for .*evil/],
  ["for nobody", () => issuer.github({ aud: undefined }), /no aud/],
  ["of another organisation", () => issuer.github({ repository_owner_id: "583232" }), /no rule/],
  ["of an organisation that looks alike", () => issuer.github({ repository: "acme/shop", repository_owner_id: "583231 " }), /no rule/],
  ["of a fork", () => issuer.github({ repository: "evil/shop", repository_id: "777", repository_owner_id: "666" }), /no rule/],
  ["whose id is a number in a list", () => issuer.github({ repository_id: [["1296269"]] }), /no rule/],
  ["that has expired", () => issuer.github({ exp: second() - 31 }), /its exp is 20.*Z, and this server's clock says 20/],
  ["without an end", () => issuer.github({ exp: undefined }), /no exp/],
  ["whose end is a text", () => issuer.github({ exp: "9999999999" }), /its exp is "9999999999"/],
  ["that is not valid yet", () => issuer.github({ nbf: second() + 45 }), /its nbf is 20/],
  ["issued in the future", () => issuer.github({ iat: second() + 45 }), /its iat is 20/],
  ["issued long ago", () => issuer.github({ iat: second() - 86_500 }), /its iat is 20/],
  ["without a time", () => issuer.github({ iat: undefined }), /no iat/],
  ["without a subject", () => issuer.github({ sub: undefined }), /no sub/],
  ["whose subject is a list", () => issuer.github({ sub: ["a"] }), /sub/],
  ["that names an unknown key", () => issuer.github({}, { kid: "second" }), /a key that its issuer does not have/],
  ["that names no key", () => issuer.github({}, { kid: undefined }), /kid/],
  ["of another type", () => issuer.github({}, { typ: "logout+jwt" }), /typ/],
  ["with an extension", () => issuer.github({}, { crit: ["b64"], b64: true }), /crit/],
  ["that is cut off", async () => (await issuer.github()).slice(0, -40), /signature/],
  ["whose claims are a list", async () => forged({ alg: "RS256", kid: "first" }, [await good()], "AA"), /JWT/],
])("a token %s is refused", async (_, token, why) => {
  const verdict = await (await verifier("github", [SHOP])).judge(await token());
  expect(verdict).toEqual({ kind: "refused", fault: expect.any(String), why: expect.stringMatching(why), claims: expect.anything() });
});

function headerWith(more: object): string {
  return Buffer.from(JSON.stringify({ alg: "RS256", kid: "first", typ: "JWT", ...more })).toString("base64url");
}

test("a token of which anything was changed says nothing else that is believed, and breaks nothing", async () => {
  const judge = await verifier("github", [SHOP]);
  const token = await issuer.github();
  const [header, payload] = token.split(".");
  const change = fc.record({
    at: fc.nat(token.length),
    cut: fc.nat(3),
    put: fc.string({ unit: fc.constantFrom("A", "e", "_", "-", ".", "=", " ", "é"), maxLength: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
      const changed = changes.reduce((text, { at, cut, put }) => text.slice(0, at) + put + text.slice(at + cut), token);
      const verdict = await judge.judge(changed);
      // The last digit of a signature has bits that mean nothing.
      if (verdict.kind === "admitted") expect(changed.split(".").slice(0, 2)).toEqual([header, payload]);
      else expect(verdict.kind).toBe("refused");
    }),
    { numRuns: Number(process.env["RUNS"] ?? 2_000) },
  );
});

test("what clocks may differ by is let through", async () => {
  const judge = await verifier("github", [SHOP]);
  for (const changes of [{ exp: second() - 20 }, { nbf: second() + 20 }, { iat: second() + 20 }, { aud: [AUDIENCE] }])
    expect(await judge.judge(await issuer.github(changes))).toMatchObject({ kind: "admitted" });
});

test("ES256 is taken where the file says so", async () => {
  await issuer.addKey("curve", "ES256");
  const token = await issuer.sign({ repository_id: "1", sub: "x" }, {}, "curve");
  const rule = { claims: { repository_id: "1" } };
  expect(await (await verifier("github", [rule])).judge(token)).toMatchObject({ kind: "refused" });
  expect(await (await verifier("github", [rule], { algorithms: "ES256" })).judge(token)).toMatchObject({ kind: "admitted" });
  issuer.removeKey("curve");
});

test("a token without what tells its bearer from others is refused, saying what is missing", async () => {
  const judge = await verifier("buildkite", [{ claims: { organization_id: "01234567-89ab-cdef-0123-456789abcdef" } }]);
  for (const pipeline_id of [undefined, "", "a\u202eb", "a".repeat(257)])
    expect(await judge.judge(await issuer.buildkite({ pipeline_id }))).toMatchObject({
      kind: "refused",
      why: expect.stringMatching("pipeline_id"),
    });
});

test("whoever was let in by a rule that is gone or changed is told so, by one that stayed is not", async () => {
  const before = await verifier("github", [SHOP, { claims: { repository_id: "5" } }]);
  const [kept, gone] = await Promise.all([before.judge(await issuer.github()), before.judge(await issuer.github({ repository_id: "5" }))]);
  const document = JSON.stringify({
    issuers: [{ provider: "github", issuer: issuer.url, jwks_uri: issuer.jwksUri, audience: AUDIENCE, rules: [ruleOf(SHOP, 0)] }],
  });
  const { rules } = rulesIn("access.json", linesOf(await FleetDocument.parse("access.json", document)));
  const fetches = issuer.fetches;
  const after = new Verifier(rules.issuers, () => {}, before);
  expect([kept, gone].map((verdict) => verdict.kind === "admitted" && verdict.tenure.over)).toEqual([false, true]);
  expect(await after.judge(await issuer.github())).toMatchObject({ kind: "admitted" });
  expect(issuer.fetches).toBe(fetches);
});
