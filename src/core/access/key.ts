/** A stored key: who may call, and what it allows. Of its secrets only their digests are kept. */
import type { Micros } from "../model/units.ts";
import type { Grant } from "./grant.ts";

/** The pool of the keys: the rows and events of the server itself. No request can name it, and it has no environment. */
export const ACCESS_POOL = "";

/** What a caller shows, as it is kept. */
export interface Secret {
  /** SHA-256 in base64url: of 256 random bits, so that nothing slower is needed. */
  readonly digest: string;
  /** Until when it works, where a newer one has taken its place. */
  readonly until?: Micros;
  /** Somebody has shown it, so it has arrived where it is used. */
  readonly used?: true;
}

/** One key. A value: never changed in place. */
export interface Key {
  readonly id: string;
  /** In words; nothing is decided by it. */
  readonly label: string;
  readonly grants: readonly Grant[];
  readonly createdAt: Micros;
  /** The principal that made it. */
  readonly createdBy: string;
  readonly expiresAt?: Micros;
  /** Give or take a minute. */
  readonly lastUsedAt?: Micros;
  readonly revokedAt?: Micros;
  /** The newest first; two at most. */
  readonly secrets: readonly Secret[];
}

/** A key as it is stored; none: its row is gone. */
export interface KeyRow {
  readonly id: string;
  readonly key: Key | undefined;
}

const PREFIX = "key:";

/** How calls with a key are named in leases and events: never by its label, which could be somebody else's name. */
export function principalOf(id: string): string {
  return `${PREFIX}${id}`;
}

/** The id of the key that a principal is; undefined: it is none. */
export function keyIdIn(principal: string): string | undefined {
  return principal.startsWith(PREFIX) ? principal.slice(PREFIX.length) : undefined;
}

/** Whether a key opens anything at this time. */
export function isAlive({ revokedAt, expiresAt = Number.POSITIVE_INFINITY }: Key, at: Micros): boolean {
  return revokedAt === undefined && at < expiresAt;
}
