import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { Certificates } from "../access/certificates/identities.ts";
import type { Identity } from "../access/identity.ts";
import { isToken, type Tokens } from "../access/oidc/tokens.ts";
import type { Admitted } from "../access/oidc/verdict.ts";
import { ALL_RIGHTS, NO_RIGHTS } from "../core/access/rights.ts";
import { failure } from "./errors.ts";
import type { Peer } from "./http/door/peer.ts";
import type { Keyring } from "./keyring.ts";

/** What every lease token begins with. */
const TOKEN = "cml_";

const ADMIN: Identity = { principal: "admin", kind: "BOOTSTRAP", rights: ALL_RIGHTS };
const ANYBODY: Identity = { principal: "anonymous", kind: "ANONYMOUS", rights: ALL_RIGHTS };

/** Who else is known than by the one key of the settings. */
interface Known {
  readonly keyring: Keyring;
  readonly tokens: Tokens;
  readonly certificates: Certificates;
}

/** Tells callers by what they show. Keys are compared as digests, in constant time, before any body is read. */
export class Principals {
  readonly #admin: Buffer | undefined;
  readonly #secret: Uint8Array;
  /** The stored keys. */
  readonly keyring: Keyring;
  readonly #tokens: Tokens;
  readonly #certificates: Certificates;
  readonly #bearers = new WeakMap<Admitted, Identity>();

  /** `adminKey`: API_KEY, which may do everything. Without it, and without a stored key, everybody is "anonymous", and may. */
  constructor(adminKey: string | undefined, secret: Uint8Array, { keyring, tokens, certificates }: Known) {
    this.#admin = adminKey === undefined ? undefined : digest(adminKey);
    this.#secret = secret;
    this.keyring = keyring;
    this.#tokens = tokens;
    this.#certificates = certificates;
  }

  /** Whether nobody is asked for a key. */
  get open(): boolean {
    return this.#admin === undefined && this.keyring.isEmpty;
  }

  /** Whether there is an API_KEY, whatever becomes of the stored ones. */
  get bootstrap(): boolean {
    return this.#admin !== undefined;
  }

  /** The token of one lease: nothing is stored, and a retry gets the same one. */
  tokenOf(lease: string): string {
    return `${TOKEN}${lease}_${createHmac("sha256", this.#secret).update(lease).digest("base64url")}`;
  }

  /**
   * What has to be waited for before `identify` can tell who a request is from: the check of a token that was not seen before. Undefined:
   * nothing, as for all who show a key. A token beside a key decides nothing; rules in audit mode have the log say what it would have done.
   */
  awaited(header: (name: string) => string | null | undefined): Promise<unknown> | undefined {
    if (!this.#tokens.trusts) return undefined;
    const key = keyOf(header);
    if (key !== undefined && isToken(key)) return this.#tokens.known(key) === undefined ? this.#tokens.learn(key) : undefined;
    const beside = this.#tokens.audits ? bearerIn(header) : undefined;
    if (beside !== undefined && isToken(beside)) void this.#tokens.learn(beside, true);
    return undefined;
  }

  /**
   * The caller with this key, lease_token or token of a CI job or, without any, with the peer's certificate; throws unauthenticated, or
   * unavailable where a token could not be checked. Where nobody is asked for a key everybody is anonymous, whatever they show, and with a
   * lease_token that lease besides.
   */
  identify(key: string | undefined, peer: Peer): Identity {
    const lease = key === undefined ? undefined : this.#leaseOfToken(key);
    if (this.open) return lease === undefined ? ANYBODY : { ...ANYBODY, lease };
    if (lease !== undefined) return { principal: `lease ${lease}`, lease, kind: "LEASE_TOKEN", rights: NO_RIGHTS };
    if (key === undefined || key === "") return this.#certified(peer);
    const shown = digest(key);
    if (this.#admin !== undefined && timingSafeEqual(shown, this.#admin)) return ADMIN;
    const identity = this.keyring.identify(key, shown) ?? (this.#tokens.trusts && isToken(key) ? this.#bearerOf(key) : undefined);
    if (identity === undefined) throw wrongKey();
    return identity;
  }

  #certified({ certificate }: Peer): Identity {
    if (certificate === undefined || !this.#certificates.trusts)
      throw failure("NO_KEY", "this server asks for a key: send it as `x-api-key: KEY` or `authorization: Bearer KEY`");
    const identity = this.#certificates.identify(certificate, this.keyring.now());
    if (identity === undefined) throw wrongKey();
    return identity;
  }

  #bearerOf(token: string): Identity | undefined {
    const verdict = this.#tokens.known(token);
    if (verdict === undefined || verdict.kind === "unsure")
      throw failure("TOKEN_UNCHECKED", "the token cannot be checked just now; retry, with the same request_id if it had one");
    if (verdict.kind === "refused" || verdict.mode === "audit") return undefined;
    const known = this.#bearers.get(verdict);
    if (known !== undefined) return known;
    const { principal, label, rights, claims, proven, tenure, usableUntil } = verdict;
    const expiresAt = this.keyring.now() + (usableUntil - Date.now()) * 1_000;
    const identity: Identity = { principal, kind: "OIDC", ...(label && { label }), rights, claims, proven, tenure, expiresAt };
    this.#bearers.set(verdict, identity);
    return identity;
  }

  #leaseOfToken(key: string): string | undefined {
    const end = key.indexOf("_", TOKEN.length);
    if (!key.startsWith(TOKEN) || end < 0) return undefined;
    const lease = key.slice(TOKEN.length, end);
    return timingSafeEqual(digest(key), digest(this.tokenOf(lease))) ? lease : undefined;
  }
}

/** The refusal of everything that opens nothing, whatever it is: a caller does not learn what is wrong with it. */
export function wrongKey(): Error {
  return failure("WRONG_KEY", "the key is not known to this server");
}

/**
 * The one key or lease_token that a request shows. X-API-KEY counts if it is not empty, and a bearer token else: never both, so a wrong key is
 * refused even beside a good token, and nobody is taken for another than they name first. Its form tells which of the two it is. A header
 * that was sent twice is one value to HTTP, `a, b`, and no key.
 */
export function keyOf(header: (name: string) => string | null | undefined): string | undefined {
  return header("x-api-key") || bearerIn(header);
}

function bearerIn(header: (name: string) => string | null | undefined): string | undefined {
  // Cut off by itself: an expression that looks for an end of spaces takes quadratic time where there are many, and none is the last.
  return /^bearer\s+(\S.*)$/i.exec(header("authorization")?.trim() ?? "")?.[1];
}

/** The id that a key or lease_token bears, right or wrong; undefined if it has not the form of one. */
export function claimedId(key: string | undefined): string | undefined {
  return key === undefined ? undefined : /^cm[kl]_([A-Za-z0-9-]{1,64})_/.exec(key)?.[1];
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
