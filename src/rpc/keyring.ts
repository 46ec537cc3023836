/** The stored keys as callers show them: whom each is, whether it still opens anything, and when it was used. */
import { timingSafeEqual } from "node:crypto";
import type { Identity } from "../access/identity.ts";
import { keyDigest, keyIdOf } from "../access/key-text.ts";
import { Tenure } from "../access/tenure.ts";
import { ACCESS_POOL, isAlive, type Key, principalOf } from "../core/access/key.ts";
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
  #used = new Map<string, Micros>();
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

  /** Who shows this text; undefined if it is no key, or one that opens nothing. */
  identify(shown: string): Identity | undefined {
    const id = keyIdOf(shown);
    const key = id === undefined ? undefined : this.#engine.views.keys.get(id);
    const now = this.#engine.views.now();
    if (key === undefined || !isAlive(key, now)) return undefined;
    const digest = Buffer.from(keyDigest(shown));
    const fits = key.secrets.some((secret) => now < (secret.until ?? Number.POSITIVE_INFINITY) && isSame(digest, secret.digest));
    if (!fits) return undefined;
    this.#note(key.id, now);
    return this.#identityOf(key);
  }

  /** Whether what this principal holds and waits for is nobody's any more. */
  isRevoked(principal: string): boolean {
    const id = principal.startsWith("key:") ? principal.slice("key:".length) : undefined;
    return id !== undefined && this.#engine.views.keys.get(id)?.revokedAt !== undefined;
  }

  /** Ends the streams of a key that was revoked just now. */
  end(id: string): void {
    this.#tenures.get(id)?.end();
    this.#tenures.delete(id);
  }

  /** The grants of a key stay as they are, so they stand for it in all its versions. */
  #identityOf({ id, label, grants, expiresAt }: Key): Identity {
    const known = this.#identities.get(grants);
    if (known !== undefined) return known;
    const tenure = new Tenure();
    this.#tenures.set(id, tenure);
    const end = expiresAt === undefined ? {} : { expiresAt };
    const identity: Identity = { principal: principalOf(id), kind: "KEY", label, rights: new Rights(grants), tenure, ...end };
    this.#identities.set(grants, identity);
    return identity;
  }

  #note(id: string, now: Micros): void {
    this.#used.set(id, now);
    if (this.#noting) return;
    this.#noting = true;
    this.#timers.after(NOTE_EVERY, () => this.#write());
  }

  #write(): void {
    const used = this.#used;
    this.#used = new Map();
    this.#noting = false;
    if (this.#engine.draining.aborted) return;
    const told = (error: unknown) => this.#engine.observed.trouble(error, "note when keys were used");
    this.#engine.submit(ACCESS_POOL, { type: "useKeys", used }).catch(told);
  }
}

function isSame(digest: Buffer, kept: string): boolean {
  const other = Buffer.from(kept);
  return other.length === digest.length && timingSafeEqual(digest, other);
}
