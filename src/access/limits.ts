/** What one principal, and one address, may use of a server. */
import { isLoopback } from "./address.ts";
import type { Rate } from "./rate.ts";

/** Counts are of what is open at once. An address of IPv6 is its network of 64 bits. */
export interface AccessLimits {
  /** A lease_token counts by itself, as its lease: what it keeps alive does not depend on what others with the same key do. */
  readonly principal: {
    readonly requests: Rate;
    readonly streams: number;
    /** Live leases, waiting ones included, where no grant bounds them. */
    readonly leases: number;
  };
  readonly lease: { readonly requests: Rate; readonly streams: number };
  readonly address: {
    readonly requests: Rate;
    readonly streams: number;
    /** Live leases, waiting ones included, of whomever. */
    readonly leases: number;
    readonly connections: number;
    /** New connections. */
    readonly connects: Rate;
    /** Wrong keys and refused tokens, also by the id that a key claims to be. What is right is let in all the same. */
    readonly failures: Rate;
  };
  /** Whom none of it binds. */
  readonly exempt: {
    readonly principals: ReadonlySet<string>;
    /** As they are written, and which are meant. */
    readonly addresses: readonly string[];
    readonly address: (address: string) => boolean;
  };
}

/**
 * The defaults. A company whose hundreds of pipelines share one key, and come from one address, must not notice them: its holds ask once by
 * the key, and from then on by their lease_tokens. Whoever has the bootstrap key may do everything, and behind an address of this machine
 * there may be a proxy with everybody behind it.
 */
export const ACCESS_LIMITS: AccessLimits = {
  principal: { requests: { burst: 2_000, perSecond: 1_000 }, streams: 2_000, leases: 500 },
  lease: { requests: { burst: 200, perSecond: 50 }, streams: 20 },
  address: {
    requests: { burst: 5_000, perSecond: 2_000 },
    streams: 10_000,
    leases: 10_000,
    connections: 5_000,
    connects: { burst: 4_000, perSecond: 100 },
    failures: { burst: 100, perSecond: 10 },
  },
  exempt: { principals: new Set(["admin", "anonymous"]), addresses: ["127.0.0.0/8", "::1"], address: isLoopback },
};
