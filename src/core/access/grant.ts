/** What a caller was granted. Pure values: of a stored key, a rule for tokens, or a rule for certificates. */
import type { Micros } from "../model/units.ts";

/** What may be done; what each includes is in `includes`. */
export type Role = "VIEW" | "USE" | "RESERVE" | "OPERATE" | "CLEAN" | "ADMIN";

/** A role on the environments that one of the patterns fits. */
export interface Grant {
  readonly role: Role;
  /** `environment` or `pool:environment`; see pattern.ts. */
  readonly patterns: readonly string[];
  /** No lease that it admits is held for longer. */
  readonly maxHold?: Micros;
  /** No request that it admits has a higher priority. */
  readonly maxPriority?: number;
  /** So many leases that it admits at once, waiting ones included. */
  readonly maxLeases?: number;
}

const INCLUDED: Readonly<Record<Role, readonly Role[]>> = {
  VIEW: ["VIEW"],
  USE: ["VIEW", "USE"],
  RESERVE: ["VIEW", "USE", "RESERVE"],
  OPERATE: ["VIEW", "OPERATE"],
  CLEAN: ["VIEW", "CLEAN"],
  ADMIN: ["VIEW", "USE", "RESERVE", "OPERATE", "CLEAN", "ADMIN"],
};

/** Whether who has a role may do what another one allows. */
export function includes(role: Role, wanted: Role): boolean {
  return INCLUDED[role].includes(wanted);
}

/** Every role, the least first. */
export const ROLES = Object.keys(INCLUDED) as readonly Role[];

/** Everything, as the server's own key has it. */
export const EVERYTHING: Grant = { role: "ADMIN", patterns: ["*"] };
