/** Judges tokens by the rules. Loaded only where there are rules: it brings a library along. */
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type JWTVerifyOptions, jwtVerify } from "jose";
import { Rights } from "../../core/access/rights.ts";
import { isPlain } from "../plain.ts";
import { Tenure } from "../tenure.ts";
import { type Claims, fits, textOf } from "./claims.ts";
import { type Fetched, IssuerKeys, NoKeys } from "./keys.ts";
import { quoted, Refusal, refusalOf, withoutRule } from "./refusal.ts";
import type { Issuer, Rule } from "./rule.ts";
import type { Admitted, Verdict } from "./verdict.ts";

/** By how much our clock and an issuer's may differ, in seconds. */
const TOLERANCE = 30;
/** What one issuer's tokens may have under way; more are for later. */
const MOST_AT_ONCE = 10_000;
/** In characters: of what tells one caller from another, and of what is recorded. */
const LONGEST = { identity: 256, label: 128, record: 256, kid: 512 };

/** What is kept of an issuer. */
interface Trusted {
  readonly issuer: Issuer;
  readonly keys: IssuerKeys;
  readonly rules: readonly Ready[];
  open: number;
}

/** A rule that somebody may have been let in by. */
interface Ready {
  readonly rule: Rule;
  readonly rights: Rights;
  readonly tenure: Tenure;
}

/** Judges tokens. */
export class Verifier {
  readonly #trusted: ReadonlyMap<string, Trusted>;

  /** `before`: the one that is replaced. Keys are kept; whom no rule lets in any more as it did, is told so by the end of its tenure. */
  constructor(issuers: readonly Issuer[], report: (fetched: Fetched) => void, before?: Verifier) {
    const old = before === undefined ? [] : [...before.#trusted.values()];
    this.#trusted = new Map(
      issuers.map((issuer) => {
        const keys = old.find((one) => one.issuer.jwksUri === issuer.jwksUri)?.keys ?? new IssuerKeys(issuer.jwksUri, report);
        const rules = issuer.rules.map((rule) => readyOf(rule, before === undefined ? undefined : before.#same(issuer, rule)));
        return [issuer.issuer, { issuer, keys, rules, open: 0 }] as const;
      }),
    );
    const kept = new Set([...this.#trusted.values()].flatMap(({ rules }) => rules.map(({ tenure }) => tenure)));
    for (const { tenure } of old.flatMap(({ rules }) => rules)) if (!kept.has(tenure)) tenure.end();
  }

  /** Whether nobody is trusted. */
  get isEmpty(): boolean {
    return this.#trusted.size === 0;
  }

  /** Whether somebody would only be told of, and not let in. */
  get audits(): boolean {
    return [...this.#trusted.values()].some(({ rules }) => rules.some(({ rule }) => rule.mode === "audit"));
  }

  /** Fetches all keys, so that what is wrong with an address shows at once. Never rejects. */
  async prepare(): Promise<void> {
    await Promise.all([...this.#trusted.values()].map(({ keys }) => keys.fetch()));
  }

  /** Waits for no issuer any more. */
  close(): void {
    for (const { keys } of this.#trusted.values()) keys.close();
  }

  /** A refusal that needs no key: of what is no token, or nobody's whom we trust. Undefined: it has to be judged. */
  glance(token: string): Verdict | undefined {
    try {
      this.#trustedOf(token);
      return undefined;
    } catch (error) {
      return verdictOn(error, []);
    }
  }

  /** Never rejects. */
  async judge(token: string): Promise<Verdict> {
    try {
      const trusted = this.#trustedOf(token);
      if (trusted.open >= MOST_AT_ONCE)
        return { kind: "unsure", why: `${MOST_AT_ONCE} tokens of ${trusted.issuer.issuer} are being checked` };
      trusted.open++;
      try {
        return admitted(trusted, await verified(token, trusted));
      } catch (error) {
        return verdictOn(refusalOf(error, trusted.issuer), trusted.issuer.provider.record);
      } finally {
        trusted.open--;
      }
    } catch (error) {
      return verdictOn(error, []);
    }
  }

  /** Whose token it says it is; nothing of it is believed yet. */
  #trustedOf(token: string): Trusted {
    const { crit, kid, typ } = decodeProtectedHeader(token);
    if (crit !== undefined) throw new Refusal("its header has crit", "form");
    if (typeof kid !== "string" || kid.length > LONGEST.kid) throw new Refusal("its header names no key (kid)", "form");
    if (typ !== undefined && !(typeof typ === "string" && /^(?:application\/)?jwt$/i.test(typ)))
      throw new Refusal("its header's typ is not JWT", "form");
    const { iss } = decodeJwt(token);
    const trusted = typeof iss === "string" ? this.#trusted.get(iss) : undefined;
    if (trusted === undefined) throw new Refusal(`its issuer, ${quoted(iss)}, is none of the issuers of the file`, "issuer");
    return trusted;
  }

  /** What stands for the same rule of the same issuer here. */
  #same(issuer: Issuer, rule: Rule): Ready | undefined {
    const trusted = this.#trusted.get(issuer.issuer);
    if (trusted === undefined || textOfIssuer(trusted.issuer) !== textOfIssuer(issuer)) return undefined;
    return trusted.rules.find((one) => textOfRule(one.rule) === textOfRule(rule));
  }
}

function verdictOn(error: unknown, record: readonly string[]): Verdict {
  const { message } = error as Error;
  if (error instanceof NoKeys) return { kind: "unsure", why: message };
  const { fault, claims } = error instanceof Refusal ? error : new Refusal(message, "form");
  return { kind: "refused", fault, why: message, claims: recorded(claims, record) };
}

function readyOf(rule: Rule, same: Ready | undefined): Ready {
  return { rule, rights: new Rights(rule.grants), tenure: same?.tenure ?? new Tenure() };
}

function textOfIssuer({ issuer, jwksUri, audience }: Issuer): string {
  return JSON.stringify([issuer, jwksUri, audience]);
}

function textOfRule(rule: Rule): string {
  return JSON.stringify({ ...rule, claims: [...rule.claims] });
}

/** What a token says, with a good signature, for us, now. */
async function verified(token: string, { issuer, keys }: Trusted): Promise<JWTPayload> {
  const options: JWTVerifyOptions = {
    algorithms: [...issuer.algorithms],
    issuer: issuer.issuer,
    audience: issuer.audience,
    clockTolerance: TOLERANCE,
    maxTokenAge: issuer.maxAge,
    requiredClaims: ["exp", "iat", "sub", "aud", "iss"],
  };
  const { payload } = await jwtVerify(token, (header) => keys.find(header), options);
  const { aud, sub } = payload;
  // One that is for others as well could have been handed on by any of them.
  if (Array.isArray(aud) && aud.length !== 1) throw new Refusal(`it is for other audiences, too: ${quoted(aud)}`, "claims", payload);
  if (typeof sub !== "string" || sub === "") throw new Refusal("its sub is no text", "claims", payload);
  return payload;
}

function admitted({ issuer, rules }: Trusted, payload: JWTPayload): Admitted {
  const claims: Claims = payload;
  const { provider } = issuer;
  const ready = rules.find(({ rule }) => fits(rule.claims, claims));
  if (ready === undefined)
    throw withoutRule(
      rules.map((one) => one.rule),
      claims,
    );
  const { rule, rights, tenure } = ready;
  const { exp = 0, iat = 0 } = payload;
  const label = textOf(claims, rule.label) ?? "";
  return {
    kind: "admitted",
    rule: rule.name,
    mode: rule.mode,
    principal: `oidc:${rule.name}:${identityOf(rule, claims)}`,
    label: isPlain(label) ? label.slice(0, LONGEST.label) : "",
    rights,
    tenure,
    claims: recorded(claims, rule.record),
    proven: provider.proves(claims, issuer.issuer),
    expiresAt: Math.min(exp, iat + issuer.maxAge) * 1_000,
    usableUntil: (Math.min(exp, iat + issuer.maxAge) + TOLERANCE) * 1_000,
  };
}

/** What tells the caller from all others of the rule: no two that differ are written alike. */
function identityOf({ name, identity }: Rule, claims: Claims): string {
  const values = identity.map((claim) => {
    const value = textOf(claims, claim) ?? "";
    if (value === "" || value.length > LONGEST.identity || !isPlain(value))
      throw new Refusal(`rule ${name} fits, but it has no ${claim} to tell its bearer by`, "claims", claims);
    return value;
  });
  const [only = ""] = values;
  return values.length === 1 ? only : values.map((value) => value.replaceAll("%", "%25").replaceAll(":", "%3A")).join(":");
}

function recorded(claims: Claims, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const text = textOf(claims, name);
      return text === undefined || text === "" || !isPlain(text) ? [] : [[name, text.slice(0, LONGEST.record)]];
    }),
  );
}
