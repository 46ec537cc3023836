import type { Caller, Origin } from "../core/access/caller.ts";
import type { Rights } from "../core/access/rights.ts";
import type { Micros } from "../core/model/units.ts";
import type { Proven } from "./oidc/providers.ts";
import type { Tenure } from "./tenure.ts";

/** How a caller is known. */
export type IdentityKind = "KEY" | "BOOTSTRAP" | "OIDC" | "CERTIFICATE" | "LEASE_TOKEN" | "ANONYMOUS";

/** Who calls, as it is recorded, and what that allows. */
export interface Identity extends Caller {
  readonly kind: IdentityKind;
  readonly rights: Rights;
  /** What a token proves of the holder of its bearer's leases. */
  readonly proven?: Proven;
  /** From when on it is nobody any more, by the store's clock. */
  readonly expiresAt?: Micros;
  /** What its call is part of, where somebody wants to know it. */
  readonly origin?: Origin;
  /** Ends when it is revoked; absent where it cannot be. */
  readonly tenure?: Tenure;
}
