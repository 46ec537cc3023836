import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Caller } from "../core/command.ts";
import { failure } from "./errors.ts";

/** What every lease token begins with. */
const TOKEN = "cml_";

/** Who is calling, from what they show. Keys are compared as digests, in constant time, before any body is read. */
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

  /** The caller with this key; throws unauthenticated. */
  identify(key: string | undefined): Caller {
    const caller = this.recognise(key);
    if (caller !== undefined) return caller;
    if (key === undefined || key === "")
      throw failure("NO_KEY", "this server asks for a key: send it as `x-api-key: KEY` or `authorization: Bearer KEY`");
    throw failure("WRONG_KEY", "the key is not known to this server");
  }

  /** The caller with this key, if it is one. */
  recognise(key: string | undefined): Caller | undefined {
    const lease = key === undefined ? undefined : this.#leaseOfToken(key);
    if (lease !== undefined) return { principal: `lease ${lease}`, lease };
    if (this.#admin === undefined) return { principal: "anonymous" };
    return key !== undefined && timingSafeEqual(digest(key), this.#admin) ? { principal: "admin" } : undefined;
  }

  #leaseOfToken(key: string): string | undefined {
    const end = key.indexOf("_", TOKEN.length);
    if (!key.startsWith(TOKEN) || end < 0) return undefined;
    const lease = key.slice(TOKEN.length, end);
    return timingSafeEqual(digest(key), digest(this.tokenOf(lease))) ? lease : undefined;
  }
}

/** The key that a request shows, if any: X-API-KEY, or a bearer token. */
export function keyOf(header: (name: string) => string | null | undefined): string | undefined {
  const key = header("x-api-key");
  if (key !== undefined && key !== null && key !== "") return key;
  const [scheme, token] = header("authorization")?.split(/\s+/, 2) ?? [];
  return scheme?.toLowerCase() === "bearer" && token !== undefined && token !== "" ? token : undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
