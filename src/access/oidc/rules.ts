/** The `issuers:` of a file of access rules. */
import { limits } from "../../core/limits.ts";
import type { Entry, Fields } from "../file/entry.ts";
import { durationIn, grantsIn } from "../file/grants.ts";
import { browserIn } from "./browser.ts";
import { isGlob } from "./claims.ts";
import { isSafe } from "./document.ts";
import { PROVIDER_NAMES, PROVIDERS, type Provider } from "./providers.ts";
import { ALGORITHMS, type Browser, type Issuer, type Mode, type Rule } from "./rule.ts";

const MODES: readonly Mode[] = ["enforce", "audit"];
const ISSUER_FIELDS = ["provider", "issuer", "jwks_uri", "audience", "algorithms", "max_age", "browser", "mode", "rules"] as const;
const RULE_FIELDS = ["name", "claims", "grants", "identity", "label", "record", "mode"] as const;
/** What Vault, octo-sts and the like call what is here called otherwise. */
const ISSUER_WORDS = {
  bound_issuer: "issuer",
  bound_audiences: "audience",
  aud: "audience",
  jwks_url: "jwks_uri",
  oidc_discovery_url: "issuer, and jwks_uri",
  jwt_supported_algs: "algorithms",
  bound_claims: "claims, in a rule of rules",
};
const RULE_WORDS = {
  bound_claims: "claims",
  claim_pattern: "claims",
  subject: "claims, as sub",
  subject_pattern: "claims, as sub",
  bound_subject: "claims, as sub",
  user_claim: "identity",
  claim_mappings: "record",
  permissions: "grants",
  policies: "grants",
  token_policies: "grants",
  role: "grants: [{role, patterns}]",
  patterns: "grants: [{role, patterns}]",
};
const MOST = { issuers: { min: 0, max: 64 }, rules: { min: 1, max: 1_000 }, values: { min: 1, max: 256 }, names: { min: 1, max: 16 } };
const LONGEST = { glob: 128, audience: 255, age: 86_400 };

/** What is read, and what the log shall warn of. */
export interface IssuersRead {
  readonly issuers: readonly Issuer[];
  readonly warnings: readonly string[];
}

/** Reads the list. Throws BadFile. */
export function issuersIn(entry: Entry): IssuersRead {
  const warnings: string[] = [];
  const names = new Map<string, string>();
  const urls = new Map<string, string>();
  const issuers = entry.list(MOST.issuers).map((one) => {
    const issuer = issuerIn(one, names, warnings);
    once(urls, issuer.issuer, one, "issuer");
    return issuer;
  });
  return { issuers, warnings };
}

/** Throws where something is given again that must be one of its kind. */
function once(seen: Map<string, string>, text: string, at: Entry, what: string): void {
  const before = seen.get(text);
  if (before !== undefined) throw at.fault(`the ${what} ${text} is that of ${before}, too; put all of it there, or choose another`);
  seen.set(text, at.path);
}

function issuerIn(entry: Entry, names: Map<string, string>, warnings: string[]): Issuer {
  const fields = entry.object(ISSUER_FIELDS, ISSUER_WORDS);
  const provider = PROVIDERS[fields.need("provider", `give one of ${PROVIDER_NAMES.join(", ")}`).word(PROVIDER_NAMES)];
  const issuer = issuerOf(fields, provider);
  const mode = fields.get("mode")?.word(MODES) ?? "enforce";
  const given = fields.get("browser");
  const browser = given && browserIn(given, provider);
  const maxAge = fields.get("max_age");
  return {
    provider,
    issuer,
    jwksUri: jwksUriOf(fields, provider, issuer),
    audience: audienceOf(fields, browser),
    algorithms: fields
      .get("algorithms")
      ?.entries({ min: 1, max: ALGORITHMS.length })
      .map((one) => one.word(ALGORITHMS)) ?? ["RS256"],
    maxAge: maxAge === undefined ? LONGEST.age : durationIn(maxAge, 6e7, LONGEST.age * 1e6) / 1e6,
    ...(browser && { browser }),
    rules: fields
      .need("rules", "give at least one: who is let in, and what for")
      .list(MOST.rules)
      .map((one) => ruleIn(one, { provider, mode, names, warnings })),
  };
}

/** Of people's tokens it is the client's id. */
function audienceOf(fields: Fields<(typeof ISSUER_FIELDS)[number]>, browser: Browser | undefined): string {
  const given = fields.get("audience");
  if (given === undefined && browser !== undefined) return browser.clientId;
  const entry =
    given ?? fields.need("audience", "give the text that tokens for this server bear, for example its URL, and no other server's");
  const audience = entry.text("write the one text that tokens for this server bear, for example its URL", LONGEST.audience);
  if (browser !== undefined && audience !== browser.clientId)
    throw entry.got(`people's tokens are for the client: leave it out, or write ${browser.clientId}`);
  return audience;
}

function issuerOf(fields: Fields<(typeof ISSUER_FIELDS)[number]>, provider: Provider): string {
  const given = fields.get("issuer");
  if (given === undefined && provider.issuer !== undefined) return provider.issuer;
  const { form = /^https?:\/\/\S+$/, words = "the iss of its tokens to the letter, for example https://ci.example.com" } =
    provider.issuers ?? {};
  const entry = given ?? fields.need("issuer", `write ${words}`);
  const issuer = entry.text(`write ${words}`);
  if (!form.test(issuer)) throw entry.got(`write ${words}`);
  // What one provider's rules must bind would be left out under another's name.
  const host = URL.parse(issuer)?.host;
  const owner = PROVIDER_NAMES.find((name) => PROVIDERS[name] !== provider && (PROVIDERS[name] as Provider).host === host);
  if (owner !== undefined && host !== undefined) throw entry.got(`that is ${owner}'s: write provider: ${owner}`);
  return issuer;
}

function jwksUriOf(fields: Fields<(typeof ISSUER_FIELDS)[number]>, provider: Provider, issuer: string): string {
  const given = fields.get("jwks_uri");
  if (given === undefined && provider.jwksUri !== undefined) return checkedUri(fields.get("issuer"), provider.jwksUri(issuer));
  const entry = given ?? fields.need("jwks_uri", "give the address of the issuer's keys, which its .well-known/openid-configuration names");
  return checkedUri(entry, entry.text("write the address of the issuer's keys"));
}

/** Keys that come in clear text could be anybody's; on this machine nobody stands between. */
function checkedUri(at: Entry | undefined, uri: string): string {
  if (at === undefined || isSafe(uri)) return uri;
  throw at.got("keys are fetched by https only (http from this machine itself), without user, password or fragment");
}

interface Around {
  readonly provider: Provider;
  readonly mode: Mode;
  readonly names: Map<string, string>;
  readonly warnings: string[];
}

function ruleIn(entry: Entry, { provider, mode, names, warnings }: Around): Rule {
  const fields = entry.object(RULE_FIELDS, RULE_WORDS);
  const named = fields.need("name", "give a name; it is part of the principal of all whom the rule lets in");
  const name = named.text("write a name");
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name)) throw named.got("write up to 63 letters, digits, dots, dashes and underscores");
  once(names, name, entry, "rule's name");
  const given = fields.need("claims", `say whom it means, for example ${exampleOf(provider)}`);
  const claims = claimsIn(given, provider);
  for (const [claim, value] of given.fields())
    if (provider.knows?.(claim) === false)
      warnings.push(
        value.fault("is no claim that tokens of this provider are known to have, and the rule lets in none without it").message,
      );
  for (const [claim, why] of Object.entries(provider.advised)) if (!claims.has(claim)) warnings.push(given.fault(why).message);
  return {
    name,
    claims,
    grants: grantsIn(fields.need("grants", "say what for, for example [{role: USE, patterns: [uat-*]}]")),
    identity: identityIn(fields.get("identity"), provider),
    label: fields.get("label")?.text("write the name of a claim") ?? provider.label,
    record: [...new Set([...provider.record, ...namesIn(fields.get("record"))])],
    mode: fields.get("mode")?.word(MODES) ?? mode,
  };
}

/** The claims that tell callers apart, of which one at least is an id: names can come to belong to others. */
function identityIn(entry: Entry | undefined, { bound, identity }: Provider): readonly string[] {
  if (entry === undefined) return identity;
  const names = namesIn(entry);
  const ids = [...new Set([...identity, ...bound])];
  if (bound.length > 0 && !names.some((name) => ids.includes(name)))
    throw entry.got(`name one of ${ids.join(", ")} among them, which stay`);
  return names;
}

function namesIn(entry: Entry | undefined): readonly string[] {
  return entry?.entries(MOST.names).map((one) => one.text("write the name of a claim")) ?? [];
}

function claimsIn(entry: Entry, provider: Provider): ReadonlyMap<string, readonly string[]> {
  const claims = new Map<string, readonly string[]>();
  for (const [name, value] of entry.fields()) {
    const unfit = Object.hasOwn(provider.unfit, name) ? provider.unfit[name] : undefined;
    if (unfit !== undefined) throw value.fault(`must not decide: ${unfit}, for example ${exampleOf(provider)}`);
    claims.set(
      name,
      value.entries(MOST.values).map((one) => claimIn(one, provider.bound.includes(name))),
    );
  }
  if (claims.size === 0)
    throw entry.fault(`is empty, so it would let in everybody whom the issuer knows; name claims, for example ${exampleOf(provider)}`);
  const { bound } = provider;
  if (bound.length > 0 && !bound.some((name) => claims.has(name)))
    throw entry.fault(
      `names neither ${bound.join(" nor ")}, and names can come to belong to others; add one, for example ${exampleOf(provider)}`,
    );
  return claims;
}

function claimIn(entry: Entry, isExact: boolean): string {
  const text = entry.text("write what the claim must be: a text, a glob, or a list of these", limits.text);
  if (isExact && isGlob(text)) throw entry.got("an id is compared as a whole; write it without * and ?");
  if (isGlob(text) && text.length > LONGEST.glob) throw entry.got(`a text with * or ? has at most ${LONGEST.glob} characters`);
  return text;
}

function exampleOf({ bound: [claim = "sub"] }: Provider): string {
  return `{${claim}: ${claim.endsWith("_id") ? '"1296269"' : '"…"'}}`;
}
