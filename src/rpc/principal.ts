import { createHmac, hash, timingSafeEqual } from "node:crypto";
import type { Caller } from "../core/access/caller.ts";
import { failure } from "./errors.ts";

/** What every lease token begins with. */
const TOKEN = "cml_";

/** Tells callers by their keys. Keys are compared as digests, in constant time, before any body is read. */
export class Principals {
  readonly #admin: Buffer | undefined;
  readonly #secret: Uint8Array;

  /** Without an admin key everybody is "anonymous"; see config.ts for where that is allowed. */
  constructor(adminKey: string | undefined, secret: Uint8Array) {
    this.#admin = adminKey === undefined ? undefined : digest(adminKey);
    this.#secret = secret;
  }

  /** Whether nobody is asked for a key. */
  get open(): boolean {
    return this.#admin === undefined;
  }

  /** The token of one lease: nothing is stored, and a retry gets the same one. */
  tokenOf(lease: string): string {
    return `${TOKEN}${lease}_${createHmac("sha256", this.#secret).update(lease).digest("base64url")}`;
  }

  /**
   * The caller with this key or lease_token; throws unauthenticated. Without an admin key everybody is anonymous, whatever they show, and
   * with a lease_token that lease besides.
   */
  identify(key: string | undefined): Caller {
    const lease = key === undefined ? undefined : this.#leaseOfToken(key);
    if (this.#admin === undefined) return { principal: "anonymous", ...(lease === undefined ? {} : { lease }) };
    if (lease !== undefined) return { principal: `lease ${lease}`, lease };
    if (key !== undefined && timingSafeEqual(digest(key), this.#admin)) return { principal: "admin" };
    if (key === undefined || key === "")
      throw failure("NO_KEY", "this server asks for a key: send it as `x-api-key: KEY` or `authorization: Bearer KEY`");
    throw failure("WRONG_KEY", "the key is not known to this server");
  }

  #leaseOfToken(key: string): string | undefined {
    const end = key.indexOf("_", TOKEN.length);
    if (!key.startsWith(TOKEN) || end < 0) return undefined;
    const lease = key.slice(TOKEN.length, end);
    return timingSafeEqual(digest(key), digest(this.tokenOf(lease))) ? lease : undefined;
  }
}

/**
 * The one key or lease_token that a request shows. X-API-KEY counts if it is not empty, and a bearer token else: never both, so a wrong key is
 * refused even beside a good token, and nobody is taken for another than they name first. Its form tells which of the two it is. A header
 * that was sent twice is one value to HTTP, `a, b`, and no key.
 */
export function keyOf(header: (name: string) => string | null | undefined): string | undefined {
  return header("x-api-key") || /^\s*bearer\s+(\S.*?)\s*$/i.exec(header("authorization") ?? "")?.[1];
}

function digest(text: string): Buffer {
  return hash("sha256", text, "buffer");
}
