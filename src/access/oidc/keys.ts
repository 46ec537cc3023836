/** The public keys of one issuer: fetched from the one address that was configured, and kept. */
import { type CryptoKey, createLocalJWKSet, errors, type JSONWebKeySet, type JWSHeaderParameters } from "jose";
import { causeOf, documentAt } from "./document.ts";
import { Refusal } from "./refusal.ts";

/** In milliseconds. */
export interface KeyTimes {
  /** From this age on they are fetched again beside the use of those that are there. */
  readonly renew: number;
  /** Older ones are used only where no newer ones can be had. */
  readonly fresh: number;
  /** Older ones are not used. */
  readonly stale: number;
  /** Between two fetches, whatever is asked for meanwhile; `missing`: while there are none. */
  readonly pause: number;
  readonly missing: number;
  /** How long a fetch may take. */
  readonly timeout: number;
}

export const KEY_TIMES: KeyTimes = { renew: 300_000, fresh: 600_000, stale: 86_400_000, pause: 30_000, missing: 5_000, timeout: 5_000 };

/** In bytes. Those of the large issuers have 20 KiB. */
const LARGEST = 512 * 1024;
const MOST_KEYS = 200;

/** There are no keys to judge a token by, and it is not the token's fault. */
export class NoKeys extends Error {
  override readonly name = "NoKeys";
}

type Find = ReturnType<typeof createLocalJWKSet>;

/** What is told of a fetch: how many keys came, or why none did. */
export type Fetched = { readonly uri: string } & ({ readonly keys: number } | { readonly error: Error });

/** Keeps an issuer's keys. Times are monotonic: a clock that is set makes none older. */
export class IssuerKeys {
  readonly #uri: string;
  readonly #times: KeyTimes;
  readonly #report: (fetched: Fetched) => void;
  readonly #now: () => number;
  #keys: { readonly find: Find; readonly at: number } | undefined;
  #tried: { readonly at: number; readonly failed: Error | undefined } | undefined;
  #fetching: Promise<void> | undefined;
  readonly #closing = new AbortController();

  constructor(uri: string, report: (fetched: Fetched) => void, times: KeyTimes = KEY_TIMES, now: () => number = () => performance.now()) {
    this.#uri = uri;
    this.#report = report;
    this.#times = times;
    this.#now = now;
  }

  /** The key that a token names; rejects with a Refusal, where there is no such key, or NoKeys. */
  async find(header: JWSHeaderParameters): Promise<CryptoKey> {
    await this.#renew();
    return (await this.#look(header)) ?? (await this.#lookAnew(header));
  }

  /** Fetches them now, if that may be. */
  async fetch(): Promise<void> {
    if (this.#mayFetch()) await this.#fetch();
  }

  /** Waits for no issuer any more. */
  close(): void {
    this.#closing.abort(new Error("the server is about to stop"));
  }

  /** Sees to it that what there is may be used. */
  async #renew(): Promise<void> {
    const { renew, fresh, stale } = this.#times;
    const age = this.#age();
    if (age < renew) return;
    if (this.#mayFetch()) {
      // While the issuer is down nobody waits for it again.
      const isKnownDown = this.#tried?.failed !== undefined && age < stale;
      if (age < fresh || isKnownDown) void this.#fetch();
      else await this.#fetch();
    }
    if (this.#age() >= stale) throw new NoKeys(`there are no keys of ${this.#uri}: ${this.#tried?.failed?.message ?? "not fetched"}`);
  }

  async #lookAnew(header: JWSHeaderParameters): Promise<CryptoKey> {
    if (this.#mayFetch()) await this.#fetch();
    const found = await this.#look(header);
    if (found === undefined) throw new Refusal("it names a key that its issuer does not have", "key");
    return found;
  }

  async #look(header: JWSHeaderParameters): Promise<CryptoKey | undefined> {
    try {
      return await this.#keys?.find(header);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined;
      throw error;
    }
  }

  #age(): number {
    return this.#keys === undefined ? Number.POSITIVE_INFINITY : this.#now() - this.#keys.at;
  }

  /** Whether it is time to, or one is under way, which all who ask share. */
  #mayFetch(): boolean {
    const { pause, missing } = this.#times;
    if (this.#fetching !== undefined || this.#tried === undefined) return true;
    return this.#now() - this.#tried.at >= (this.#keys === undefined ? missing : pause);
  }

  #fetch(): Promise<void> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  /** Never rejects. */
  async #fetchOnce(): Promise<void> {
    const at = this.#now();
    try {
      const signal = AbortSignal.any([AbortSignal.timeout(this.#times.timeout), this.#closing.signal]);
      const keys = keySetOf(await documentAt(this.#uri, signal, LARGEST));
      this.#keys = { find: createLocalJWKSet(keys), at };
      this.#tried = { at, failed: undefined };
      this.#report({ uri: this.#uri, keys: keys.keys.length });
    } catch (error) {
      const failed = new Error(causeOf(error));
      this.#tried = { at, failed };
      this.#report({ uri: this.#uri, error: failed });
    }
  }
}

/** Keys for signatures that have a name; what else an issuer shows is left out. */
function keySetOf(told: unknown): JSONWebKeySet {
  const { keys } = (told ?? {}) as Partial<JSONWebKeySet>;
  if (!Array.isArray(keys)) throw new Error("the answer is no set of keys");
  const usable = keys.filter(
    (key) =>
      typeof key?.kid === "string" && (key.kty === "RSA" || key.kty === "EC") && (key.use ?? "sig") === "sig" && key["d"] === undefined,
  );
  if (usable.length === 0 || usable.length > MOST_KEYS)
    throw new Error(`the answer has ${usable.length} keys; 1 to ${MOST_KEYS} are expected`);
  return { keys: usable };
}
