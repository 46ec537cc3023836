/** The tokens that were judged not long ago: a request that shows one of them costs a hash. */
import { hash } from "node:crypto";
import { SparingLog } from "../sparing.ts";
import type { Fetched } from "./keys.ts";
import type { Issuer } from "./rule.ts";
import type { Verdict } from "./verdict.ts";
import type { Verifier } from "./verifier.ts";

interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
}

/** In characters: no header of a request is longer. */
const LONGEST = 16 * 1024;
/** Of those that are let in, and of those that are not: the oldest are forgotten. */
const MOST_KEPT = 20_000;
/** For how long a refusal stands, in ms: what makes a token good, a new key or the time, comes a little later. */
const REFUSED_FOR = 10_000;
/** For how long one that could not be judged is not tried again. */
const UNSURE_FOR = 1_000;

const NOBODY: Verdict = { kind: "refused", fault: "issuer", why: "no issuer is trusted", claims: {} };
const TOO_LONG: Verdict = { kind: "refused", fault: "form", why: `it has more than ${LONGEST} characters`, claims: {} };

interface Kept {
  readonly verdict: Verdict;
  /** Monotonic. */
  readonly until: number;
}

/** Whether a bearer token has the form of a JSON Web Token: three parts, of which the first is a JSON object. */
export function isToken(text: string): boolean {
  return text.startsWith("eyJ") && /^[\w-]+\.[\w-]*\.[\w-]*$/.test(text);
}

/** What is thought of tokens, for as long as it may be thought. Without an issuer that is trusted none means anything. */
export class Tokens {
  readonly #log: Log;
  #judge: Verifier | undefined;
  readonly #sparing: SparingLog;
  readonly #admitted = new Map<string, Kept>();
  readonly #others = new Map<string, Kept>();
  readonly #pending = new Map<string, Promise<Verdict>>();
  /** What the log has said of each address: why its keys cannot be fetched, or nothing. */
  readonly #fetches = new Map<string, string>();
  /** What the log has said, of which token. */
  readonly #told = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
    this.#sparing = new SparingLog((facts, text) => log.warn(facts, text));
  }

  /** Trusts these issuers from now on, and no others: what was thought by older rules is forgotten. */
  async trust(issuers: readonly Issuer[]): Promise<void> {
    if (issuers.length === 0 && this.#judge === undefined) return;
    const { Verifier } = await import("./verifier.ts");
    const judge = new Verifier(issuers, (fetched) => this.#fetched(fetched), this.#judge);
    this.#judge = judge;
    for (const kept of [this.#admitted, this.#others, this.#pending, this.#told]) kept.clear();
    void judge.prepare();
  }

  /** Waits for no issuer any more: who waits with it can try again, elsewhere. */
  close(): void {
    this.#judge?.close();
  }

  /** Whether tokens mean anything. */
  get trusts(): boolean {
    return this.#judge?.isEmpty === false;
  }

  /** Whether a token beside a key is of interest. */
  get audits(): boolean {
    return this.#judge?.audits === true;
  }

  /** What is known of a token; undefined: it has to be judged first. */
  known(token: string): Verdict | undefined {
    if (token.length > LONGEST) return TOO_LONG;
    const key = keyOf(token);
    const known = this.#look(key);
    if (known !== undefined) return known;
    const refused = this.#judge?.glance(token);
    return refused === undefined ? undefined : this.#keep(key, refused, false);
  }

  /** Judges a token, once however many ask. `audit`: whoever shows it is let in by a key; the log says what the token would have done. */
  async learn(token: string, audit = false): Promise<Verdict> {
    if (token.length > LONGEST) return TOO_LONG;
    const key = keyOf(token);
    const known = this.#look(key);
    if (known !== undefined) return known;
    const judge = this.#judge;
    if (judge === undefined) return NOBODY;
    const pending = this.#pending.get(key) ?? this.#judged(judge, token, key, audit);
    this.#pending.set(key, pending);
    return pending;
  }

  async #judged(judge: Verifier, token: string, key: string, audit: boolean): Promise<Verdict> {
    const verdict = await judge.judge(token);
    // The rules are others by now.
    if (judge !== this.#judge) return this.learn(token, audit);
    this.#pending.delete(key);
    return this.#keep(key, verdict, audit);
  }

  #look(key: string): Verdict | undefined {
    const kept = this.#admitted.get(key) ?? this.#others.get(key);
    return kept !== undefined && performance.now() < kept.until ? kept.verdict : undefined;
  }

  #keep(key: string, verdict: Verdict, audit: boolean): Verdict {
    const now = performance.now();
    const [kept, until] =
      verdict.kind === "admitted"
        ? [this.#admitted, now + verdict.usableUntil - Date.now()]
        : [this.#others, now + (verdict.kind === "refused" ? REFUSED_FOR : UNSURE_FOR)];
    this.#admitted.delete(key);
    this.#others.delete(key);
    kept.set(key, { verdict, until });
    bound(kept);
    const told = `${verdict.kind} ${key}`;
    if (!this.#told.has(told)) this.#tell(verdict, audit);
    this.#told.add(told);
    bound(this.#told);
    return verdict;
  }

  /** Only what has changed: keys are fetched every few minutes. */
  #fetched(fetched: Fetched): void {
    const { uri } = fetched;
    const news = "error" in fetched ? fetched.error.message : "";
    if (this.#fetches.get(uri) === news) return;
    this.#fetches.set(uri, news);
    if ("error" in fetched)
      this.#log.warn({ jwks_uri: uri, why: news }, "the keys of an issuer cannot be fetched; those known are used for a day at most");
    else this.#log.info({ jwks_uri: uri, keys: fetched.keys }, "the keys of an issuer are known");
  }

  #tell(verdict: Verdict, audit: boolean): void {
    if (verdict.kind === "admitted") {
      const { rule, principal, label, claims } = verdict;
      if (audit) this.#log.info({ rule, principal, label, claims }, "a token beside a key would be let in by this rule");
      else if (verdict.mode === "audit")
        this.#sparing.write(
          { rule, principal, label, claims },
          "a token is refused, as the rule that fits it is in audit mode: it needs a key beside it",
          "claims",
        );
      return;
    }
    const { why } = verdict;
    const facts = verdict.kind === "refused" ? { why, claims: verdict.claims } : { why };
    const what = verdict.kind === "unsure" ? "could not be judged" : audit ? "would be refused" : "is refused";
    // Those that anybody can make up are not to silence what is said of a job's own.
    const group = verdict.kind === "refused" ? verdict.fault : verdict.kind;
    this.#sparing.write(facts, audit ? `a token beside a key ${what}` : `a token ${what}`, group);
  }
}

function bound(kept: Map<string, unknown> | Set<string>): void {
  if (kept.size <= MOST_KEPT) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}

function keyOf(token: string): string {
  return hash("sha256", token, "base64");
}
