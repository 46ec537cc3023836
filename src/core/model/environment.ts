import type { EndReason, Holder } from "./lease.ts";
import type { Micros, Revision } from "./units.ts";

export type EnvironmentState = "AVAILABLE" | "DRAINING" | "MAINTENANCE" | "DIRTY" | "CLEANING" | "QUARANTINED";

/** What the holder of an environment is given: a text, or the name of the server's own variable that has it. */
export type Variable = { readonly value: string } | { readonly fromEnv: string; readonly secret?: boolean };

/** By their names. */
export type Variables = Readonly<Record<string, Variable>>;

export type Labels = Readonly<Record<string, string>>;

/** What becomes of an environment whose holder did not give it back; RELEASE: nothing but a rest. */
export type OnExpiry = "RELEASE" | "CLEAN" | "HOLD";

/** How an environment is cleaned between its holders. */
export interface Cleaning {
  /** Each use leaves it DIRTY. */
  readonly required: boolean;
  /** From the first try to clean it, over all of them. */
  readonly timeout?: Micros;
}

/** What operators set; Apply replaces it whole. */
export interface EnvironmentConfig {
  readonly name: string;
  readonly pool: string;
  readonly description: string;
  readonly labels: Labels;
  readonly capacity: number;
  readonly defaultTtl?: Micros;
  readonly maxTtl?: Micros;
  readonly maxHold?: Micros;
  readonly lockDelay?: Micros;
  readonly cooldown?: Micros;
  readonly onExpiry?: OnExpiry;
  readonly cleaning?: Cleaning;
  /** So many leases in a row that fail make it QUARANTINED. */
  readonly quarantineAfter?: number;
  readonly links: Readonly<Record<string, string>>;
  readonly variables?: Variables;
  /** By slot index; a slot that it does not reach has none of its own. */
  readonly slotVariables?: readonly Variables[];
}

/** A slot that nobody has, and nobody gets before `until`. */
export interface Rest {
  readonly index: number;
  readonly until: Micros;
  /** Whose use it rests from; only the first slot that a lease gave up says so, and none of a row that is older than this field. */
  readonly from?: LastUse;
}

/** A lease that has left its slots; no end reason: it waits again, since it did not claim them. */
export interface LastUse {
  readonly leaseId: string;
  readonly holder: Holder;
  readonly endReason?: EndReason;
}

/** A short text about an environment, as a holder told it. */
export interface Fact {
  readonly value: string;
  readonly holder: Holder;
  readonly leaseId: string;
  readonly at: Micros;
}

/** What a call tells of its environments: texts by name; an empty one takes a fact back. */
export type Told = Readonly<Record<string, string>>;

/** By their names, oldest first. */
export type Facts = Readonly<Record<string, Fact>>;

/** An environment: its configuration and state. */
export interface Environment {
  readonly config: EnvironmentConfig;
  /** Made by an Acquire, and never configured: forgotten when nobody has used it for a while. */
  readonly onDemand?: boolean;
  readonly state: EnvironmentState;
  readonly stateReason: string;
  readonly stateUntil?: Micros;
  /** DIRTY, or CLEANING: since when it waits to be cleaned. */
  readonly dirtySince?: Micros;
  /** When it must be clean; absent before the first try. */
  readonly cleanBy?: Micros;
  /** It needs to be cleaned, and an operator's word or a breakage keeps it in another state. */
  readonly uncleaned?: boolean;
  /** How many leases in a row have failed; counted where quarantineAfter is set, and absent for none. */
  readonly failures?: number;
  /** Never empty: absent where nobody has told any. */
  readonly facts?: Facts;
  /** The highest fencing token ever granted on it. */
  readonly fence: Revision;
  readonly revision: Revision;
}

/** An environment as it is stored: with the rests that outlive its leases. */
export interface StoredEnvironment extends Environment {
  readonly rests: readonly Rest[];
}
