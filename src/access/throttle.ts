/** Counts what principals and addresses ask for, and says when it is too much. */
import { networkOf } from "./address.ts";
import type { AccessLimits } from "./limits.ts";
import { Buckets, type Rate } from "./rate.ts";
import { Tally } from "./tally.ts";

/** Who asks: `lease`: by the token of that lease. */
export interface Asker {
  readonly principal: string;
  readonly lease?: string;
  readonly address?: string;
}

/** A request that is one too many. */
export interface TooMany {
  /** Of whom, in words. */
  readonly of: string;
  /** Seconds after which there will be room, for as many as were refused so far. */
  readonly retryAfter: number;
}

/** Of how many principals and addresses it is known at most what they have asked for. */
const MOST = 100_000;
/** The longest that somebody is told to wait, in seconds. */
const LONGEST = 30;

/** One kind of askers. */
class Crowd {
  readonly #requests = new Buckets(MOST);
  readonly #promised = new Buckets(MOST);
  readonly streams = new Tally();

  /** A request of one of them: 0 if it may be, else after how many seconds to ask again. */
  ask(key: string, rate: Rate, now: number): number {
    const wait = this.#requests.take(key, rate, now);
    if (wait === 0) return 0;
    // Those who are refused are given their turns one after the other: so they come back one by one, and not all at once.
    this.#promised.take(key, { burst: LONGEST * rate.perSecond, perSecond: rate.perSecond }, now);
    return Math.min(Math.ceil((wait + this.#promised.missing(key, now)) / 1_000), LONGEST);
  }
}

/** A count of streams, and the limit for it. */
interface Counted {
  readonly tally: Tally;
  readonly key: string;
  readonly most: number;
  readonly of: string;
}

export class Throttle {
  /** May change at any time; what was counted stays. */
  limits: AccessLimits;
  readonly #clock: () => number;
  readonly #principals = new Crowd();
  readonly #leases = new Crowd();
  readonly #addresses = new Crowd();
  readonly #failures = new Buckets(2 * MOST);

  /** `clock`: monotonic, in ms. */
  constructor(limits: AccessLimits, clock: () => number = () => performance.now()) {
    this.limits = limits;
    this.#clock = clock;
  }

  /**
   * A request by a caller who is known. Undefined: it may be. What somebody is refused as a principal counts for his address all the same; a
   * lease_token's does not: what keeps leases alive must not depend on who else is behind an address.
   */
  asks({ principal, lease, address = "" }: Asker): TooMany | undefined {
    const now = this.#clock();
    const { exempt, lease: ofLease, principal: ofPrincipal } = this.limits;
    if (lease !== undefined && !exempt.principals.has(principal))
      return exempt.address(address)
        ? undefined
        : tooMany(`by the lease_token of ${lease}`, this.#leases.ask(lease, ofLease.requests, now));
    const many = this.visits(address);
    if (many !== undefined || exempt.principals.has(principal)) return many;
    return tooMany(`by ${principal}`, this.#principals.ask(principal, ofPrincipal.requests, now));
  }

  /** A request from an address, by whomever. */
  visits(address: string): TooMany | undefined {
    const { exempt, address: ofAddress } = this.limits;
    if (exempt.address(address)) return undefined;
    const network = networkOf(address);
    return tooMany(`from ${network}`, this.#addresses.ask(network, ofAddress.requests, this.#clock()));
  }

  /**
   * A key or token was refused. Whether its address, or somebody for the same key, has shown too many by now: the answer stays what it is,
   * but its connection need not be quick. Whoever shows a good key is let in by any connection, from the same address too.
   */
  failed(address: string, id: string | undefined): boolean {
    const { exempt, address: ofAddress } = this.limits;
    if (exempt.address(address)) return false;
    const now = this.#clock();
    const byAddress = this.#failures.take(`from ${networkOf(address)}`, ofAddress.failures, now) > 0;
    return (id !== undefined && this.#failures.take(`for ${id}`, ofAddress.failures, now) > 0) || byAddress;
  }

  /** A stream begins: what must be called at its end; or how many somebody has open, if that is all that may be. */
  opens(asker: Asker): (() => void) | { readonly of: string; readonly most: number } {
    const counted = [...this.#counted(asker)];
    const full = counted.find(({ tally, key, most }) => tally.of(key) >= most);
    if (full !== undefined) return { of: full.of, most: full.most };
    for (const { tally, key } of counted) tally.add(key);
    return () => {
      for (const { tally, key } of counted) tally.remove(key);
    };
  }

  *#counted({ principal, lease, address = "" }: Asker): Iterable<Counted> {
    const { exempt, ...limits } = this.limits;
    const isFar = !exempt.address(address);
    if (lease !== undefined && isFar && !exempt.principals.has(principal))
      yield { tally: this.#leases.streams, key: lease, most: limits.lease.streams, of: `by the lease_token of ${lease}` };
    if (lease === undefined && !exempt.principals.has(principal))
      yield { tally: this.#principals.streams, key: principal, most: limits.principal.streams, of: `by ${principal}` };
    const key = networkOf(address);
    if (isFar) yield { tally: this.#addresses.streams, key, most: limits.address.streams, of: `from ${key}` };
  }
}

function tooMany(of: string, retryAfter: number): TooMany | undefined {
  return retryAfter === 0 ? undefined : { of, retryAfter };
}
