/** Why a token is refused, in words for the log. None of them has a part of the token in it that would open anything. */
import { errors } from "jose";
import { type Claims, misfit, textOf } from "./claims.ts";
import type { Issuer, Rule } from "./rule.ts";
import type { Fault } from "./verdict.ts";

/** A token that is refused. `claims`: all that it says, where its signature is good. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly fault: Fault;
  readonly claims: Claims;

  constructor(why: string, fault: Fault, claims: Claims = {}) {
    super(why);
    this.fault = fault;
    this.claims = claims;
  }
}

/** How many rules are named that do not fit. */
const MOST_RULES = 5;
/** In characters: of what a token says, as a reason quotes it. */
const LONGEST = 200;

/** What was thrown as a token was verified, as a refusal; anything else as it is. */
export function refusalOf(error: unknown, { audience, algorithms }: Issuer): unknown {
  if (error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed) {
    const { claim, payload, reason } = error;
    if (reason === "missing") return new Refusal(`it has no ${claim}`, "claims", payload);
    if (claim === "aud") return new Refusal(`it is for ${quoted(payload["aud"])}, not for ${quoted(audience)}`, "claims", payload);
    const time = payload[claim];
    if (typeof time !== "number") return new Refusal(`its ${claim} is ${quoted(time)}`, "claims", payload);
    return new Refusal(`its ${claim} is ${timeOf(time)}, and this server's clock says ${timeOf(Date.now() / 1_000)}`, "claims", payload);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return new Refusal(`it is not signed by ${algorithms.join(" or ")}`, "form");
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new Refusal("its signature is none of its issuer's key of that name", "signature");
  return error;
}

/** No rule fits: which claim keeps each of the first from it. */
export function withoutRule(rules: readonly Rule[], claims: Claims): Refusal {
  const named = rules.slice(0, MOST_RULES).map((rule) => {
    const claim = misfit(rule.claims, claims) ?? "";
    const value = textOf(claims, claim);
    return `${rule.name} by its ${claim}${value === undefined ? ", which it has not" : `, ${quoted(value)}`}`;
  });
  const more = rules.length > MOST_RULES ? `; and ${rules.length - MOST_RULES} more` : "";
  return new Refusal(`no rule of its issuer fits: not ${named.join("; not ")}${more}`, "claims", claims);
}

/** A value of a token as a reason quotes it. */
export function quoted(value: unknown): string {
  const text = (JSON.stringify(value) ?? "not there").replace(/[\p{C}\p{Zl}\p{Zp}]/gu, "?");
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function timeOf(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
}
