/** The stored keys as callers show them: whom each is, whether it still opens anything, and when it was used. */
import { timingSafeEqual } from "node:crypto";
import type { Identity } from "../access/identity.ts";
import { claimedIdOf } from "../access/key-text.ts";
import { Tenure } from "../access/tenure.ts";
import { ACCESS_POOL, isAlive, type Key, keyIdIn, principalOf, type Secret } from "../core/access/key.ts";
import { Rights } from "../core/access/rights.ts";
import type { Micros } from "../core/model/units.ts";
import type { Engine } from "../engine/engine.ts";
import { realTimers, type Timers } from "../engine/timers.ts";

/** How often it is written down when keys were used, in milliseconds. */
const NOTE_EVERY = 60_000;

export class Keyring {
  readonly #engine: Engine;
  readonly #timers: Timers;
  readonly #identities = new WeakMap<Key["grants"], Identity>();
  readonly #tenures = new Map<string, Tenure>();
  #used = new Map<string, { at: Micros; digests: Set<string> }>();
  /** What is being written down of that. */
  #writing: ReadonlyMap<string, { readonly at: Micros }> = new Map();
  #noting = false;

  constructor(engine: Engine, timers: Timers = realTimers) {
    this.#engine = engine;
    this.#timers = timers;
  }

  /** Whether a key is stored, also one that opens nothing any more. */
  get isEmpty(): boolean {
    return this.#engine.views.keys.size === 0;
  }

  /** The store's time. */
  now(): Micros {
    return this.#engine.views.now();
  }

  /** How many open something. */
  get count(): number {
    const now = this.#engine.views.now();
    return [...this.#engine.views.keys.values()].filter((key) => isAlive(key, now)).length;
  }

  /** Who shows a text with this SHA-256; undefined if it is no key, or one that opens nothing. */
  identify(shown: string, digest: Buffer): Identity | undefined {
    const id = claimedIdOf(shown);
    const key = id === undefined ? undefined : this.#engine.views.keys.get(id);
    if (key === undefined) return undefined;
    const now = this.#engine.views.now();
    const secret = isAlive(key, now) ? key.secrets.find((one) => isGood(one, now) && timingSafeEqual(digest, bytesOf(one))) : undefined;
    if (secret === undefined) return undefined;
    this.#note(key.id, now, secret.digest);
    return this.#identityOf(key);
  }

  /** Digests of the secrets of a key that were shown just now, and are not noted as used yet. */
  shown(id: string): ReadonlySet<string> {
    return this.#used.get(id)?.digests ?? new Set();
  }

  /** When a key was used last, if that is not noted yet. */
  usedAt(id: string): Micros | undefined {
    return (this.#used.get(id) ?? this.#writing.get(id))?.at;
  }

  /** Whether what this principal holds and waits for is nobody's any more. */
  isRevoked(principal: string): boolean {
    return this.#keyOf(principal)?.revokedAt !== undefined;
  }

  /** How long a lease_token opens streams: until the key is revoked that asked for its lease. */
  tenureOfLease(id: string): Tenure | undefined {
    const key = this.#keyOf(this.#engine.views.live(id)?.lease.principal ?? "");
    return key === undefined || key.revokedAt !== undefined ? undefined : this.#identityOf(key).tenure;
  }

  /** Ends the streams of a key that was revoked just now. */
  end(id: string): void {
    this.#tenures.get(id)?.end();
    this.#tenures.delete(id);
  }

  #keyOf(principal: string): Key | undefined {
    const id = keyIdIn(principal);
    return id === undefined ? undefined : this.#engine.views.keys.get(id);
  }

  /** The grants of a key stay as they are, so they stand for it in all its versions. */
  #identityOf({ id, label, grants, expiresAt }: Key): Identity {
    const known = this.#identities.get(grants);
    if (known !== undefined) return known;
    const tenure = this.#tenures.get(id) ?? new Tenure();
    this.#tenures.set(id, tenure);
    const end = expiresAt === undefined ? {} : { expiresAt };
    const identity: Identity = { principal: principalOf(id), kind: "KEY", label, rights: new Rights(grants), tenure, ...end };
    this.#identities.set(grants, identity);
    return identity;
  }

  #note(id: string, now: Micros, digest: string): void {
    const use = this.#used.get(id);
    if (use === undefined) this.#used.set(id, { at: now, digests: new Set([digest]) });
    else {
      use.at = Math.max(use.at, now);
      use.digests.add(digest);
    }
    if (this.#noting) return;
    this.#noting = true;
    this.#timers.after(NOTE_EVERY, () => this.#write());
  }

  /** Writes down how keys were used since that was done last; before the server drains, so that a stop forgets nothing. */
  note(): void {
    if (this.#used.size > 0) this.#write();
  }

  #write(): void {
    const used = this.#used;
    this.#used = new Map();
    this.#writing = used;
    this.#noting = false;
    if (used.size === 0 || this.#engine.draining.aborted) return;
    this.#engine.submit(ACCESS_POOL, { type: "useKeys", used }).catch((error: unknown) => {
      this.#engine.observed.trouble(error, "note when keys were used");
      // By which secrets decides what rotating a key ends, so it must not be forgotten.
      for (const [id, { at, digests }] of used) for (const digest of digests) this.#note(id, at, digest);
    });
  }
}

const decoded = new WeakMap<Secret, Buffer>();

function bytesOf(secret: Secret): Buffer {
  const bytes = decoded.get(secret) ?? Buffer.from(secret.digest, "base64url");
  decoded.set(secret, bytes);
  return bytes;
}

function isGood({ until = Number.POSITIVE_INFINITY }: Secret, now: Micros): boolean {
  return now < until;
}
