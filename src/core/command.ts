import type { Caller } from "./access/caller.ts";
import type { Key } from "./access/key.ts";
import type { KeyCommand } from "./key-command.ts";
import type { EnvironmentConfig, EnvironmentState, Told } from "./model/environment.ts";
import { type Holder, type Lease, requestKey, type Want } from "./model/lease.ts";
import type { Pool } from "./model/pool.ts";
import type { PoolConfig } from "./model/pool-config.ts";
import type { Selector } from "./model/selector.ts";
import type { Micros } from "./model/units.ts";
import type { RecordEvents } from "./record-command.ts";

/** So many live leases may count against a name. */
export interface Quota {
  readonly name: string;
  readonly most: number;
  /** Who may have so many, where that is not the caller alone. */
  readonly of?: string;
}

export interface Acquire {
  readonly type: "acquire";
  /** The new lease's id, unless this is a retry. */
  readonly id: string;
  readonly by: Caller;
  readonly needs: readonly Want[];
  /** Whether unknown names are made, unless the pool is set otherwise. */
  readonly autoCreate: boolean;
  readonly ifBusy: "QUEUE" | "FAIL";
  /** With FAIL: how long it may stand in line, in memory only; not at all without it. */
  readonly wait?: Micros;
  readonly ttl?: Micros;
  readonly maxHold?: Micros;
  readonly queueTimeout?: Micros;
  /** When it enters the line; a time that is over: now. */
  readonly notBefore?: Micros;
  /** When it ends at the latest. */
  readonly notAfter?: Micros;
  /** A grant is HELD at once, and no signs of life are needed. */
  readonly autoClaim?: boolean;
  readonly ticketTtl: Micros;
  readonly claimTimeout: Micros;
  readonly priority: number;
  /** Newer ones of the same principal and key can supersede it. */
  readonly supersedeKey?: string;
  /** Where its grant and its end are told of: a URL. */
  readonly notify?: string;
  /** What becomes of the older ones of its key; nothing, without. PENDING: those that wait or are offered end; HELD: and holders are asked to stop. */
  readonly supersede?: "PENDING" | "HELD";
  readonly requestId?: string;
  readonly fingerprint: string;
  readonly holder: Holder;
  readonly reason: string;
  readonly tags: readonly string[];
  /** The longest that its caller may hold anything. */
  readonly longest?: Micros;
  /** What it counts against. */
  readonly quotas?: readonly Quota[];
  /** From /maybe: without a ttl of its own it has none, and no max_hold. */
  readonly legacy: boolean;
}

/** Asks for an environment that is DIRTY, to clean it: the one that has been so for longest of those that are meant. */
export interface Clean
  extends Pick<Acquire, "id" | "by" | "ttl" | "requestId" | "fingerprint" | "holder" | "reason" | "longest" | "quotas"> {
  readonly type: "clean";
  /** This one, or one that the selector matches; without either, any of the pool. */
  readonly environment?: string;
  readonly selector?: Selector;
  /** Only environments whose name one of these globs fits: who asks may clean no others. Absent: all of the pool. */
  readonly only?: readonly string[];
}

/** How it went, says who gives it back. */
export type Outcome = "OK" | "FAILED" | "BROKEN";

export interface Release {
  readonly type: "release";
  readonly by: Caller;
  readonly lease: string;
  readonly outcome: Outcome;
  readonly note: string;
  readonly facts?: Told;
}

/** Ends the lease on the environment that the caller must mean: the one of the request_id or, without one, see verbs/leases.ts. */
export interface ReleaseByEnvironment extends Omit<Release, "type" | "lease"> {
  readonly type: "releaseByEnvironment";
  readonly environment: string;
  readonly requestId?: string;
}

/** DELETE /maybe: ends the oldest lease that was taken there. */
export interface ReleaseLegacy {
  readonly type: "releaseLegacy";
  readonly by: Caller;
  readonly environment: string;
}

export interface Renew {
  readonly type: "renew";
  readonly by: Caller;
  readonly lease: string;
  readonly ttl?: Micros;
  /** Its not_after anew. */
  readonly notAfter?: Micros;
  readonly facts?: Told;
}

/** A sign of life of a lease that is offered, or was passed over. */
export interface Claim {
  readonly type: "claim";
  readonly lease: string;
}

/** Waiters have given no sign of life for their ticket_ttl: all of them at once, so that none is offered what another one leaves. */
export interface Abandon {
  readonly type: "abandon";
  readonly leases: readonly string[];
}

/** The answer of a call that gave a lease did not arrive. */
export interface HangUp {
  readonly type: "hangUp";
  readonly lease: string;
  /** The revision of the lease when its answer was found to be lost: one that has changed since stays as it is. */
  readonly revision: number;
  /** It may have arrived all the same: it was handed to the system before the connection turned out to be dead. */
  readonly written: boolean;
}

/** The wait of an Acquire with FAIL is over: it is out of the line, unless it was granted by now. */
export interface GiveUp {
  readonly type: "giveUp";
  readonly lease: string;
}

/** There are too many environments: forgets the pool's idle ones, those idle for longest first. */
export interface Forget {
  readonly type: "forget";
  readonly count: number;
}

export interface ForceRelease {
  readonly type: "forceRelease";
  readonly by: Caller;
  readonly lease: string;
  readonly reason: string;
}

/** This pool's share of ApplyEnvironments. */
export interface Apply {
  readonly type: "apply";
  readonly by: Caller;
  readonly environments: readonly EnvironmentConfig[];
  /** Of the pool itself; without: it stays as it is. */
  readonly config?: PoolConfig;
  /** Delete the environments of the pool that `environments` does not name, and its configuration where `config` is not given. */
  readonly prune: boolean;
  /** Prune only environments whose name one of these globs fits, and not the pool's configuration: who asks may administer no others. */
  readonly only?: readonly string[];
}

export interface Delete {
  readonly type: "delete";
  readonly by: Caller;
  readonly environment: string;
}

export interface SetState {
  readonly type: "setState";
  readonly by: Caller;
  readonly environment: string;
  /** CLEANING is what a cleaner makes it. */
  readonly state: Exclude<EnvironmentState, "CLEANING">;
  readonly reason: string;
  readonly until?: Micros;
}

/** After a start: the grace of rule 5, for leases and offers. */
export interface Recover {
  readonly type: "recover";
}

/** Nothing but what is due. */
export interface Pulse {
  readonly type: "pulse";
}

export type Command =
  | Acquire
  | Clean
  | Release
  | ReleaseByEnvironment
  | ReleaseLegacy
  | Renew
  | Claim
  | Abandon
  | HangUp
  | GiveUp
  | Forget
  | ForceRelease
  | Apply
  | Delete
  | SetState
  | KeyCommand
  | RecordEvents
  | Recover
  | Pulse;

/** Stable words for machines; src/rpc/errors.ts gives each its code. */
export type RefusalReason =
  | "LEASE_NOT_FOUND"
  | "ENVIRONMENT_NOT_FOUND"
  | "NOTHING_HELD"
  | "NOT_YOURS"
  | "SEVERAL_HELD"
  | "NAME_THE_LEASE"
  | "ENVIRONMENT_BUSY"
  | "NOTHING_DIRTY"
  | "NOT_CLEANABLE"
  | "UNSATISFIABLE"
  | "LEASE_ENDED"
  | "IDEMPOTENCY_MISMATCH"
  | "POOL_MISMATCH"
  | "POOL_FIXED"
  | "ENVIRONMENT_IN_USE"
  | "STATE_UNTIL_PAST"
  | "QUEUE_FULL"
  | "QUOTA_REACHED"
  | "KEY_NOT_FOUND"
  | "KEY_ENDED"
  | "LAST_ADMIN"
  | "TIME_OUT_OF_RANGE"
  | "LIMIT_REACHED";

/** A "no" that changed nothing. */
export interface Refusal {
  readonly ok: false;
  readonly reason: RefusalReason;
  /** What was wrong, which value, what to do. */
  readonly message: string;
  /** Facts for machines. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** The field of the request that it is about. */
  readonly field?: string;
}

/** What became of the configuration of an environment, or of a pool. */
export interface Change<C = EnvironmentConfig> {
  readonly name: string;
  readonly kind: "CREATED" | "UPDATED" | "UNCHANGED" | "DELETED";
  /** Those that differ. */
  readonly fields: readonly string[];
  /** On UPDATED: as it was. */
  readonly before?: C;
}

/** What a command did. */
export interface Done {
  readonly ok: true;
  readonly lease?: Lease;
  readonly alreadyEnded?: boolean;
  readonly environmentCreated?: boolean;
  readonly changes?: readonly Change[];
  /** What became of the configuration of the pool itself. */
  readonly configured?: Change<PoolConfig>;
  readonly key?: Key;
}

/** The answer, and the pool as the command left it or a later one, to read positions and states from. */
export type Reply = (Done | Refusal) & { readonly pool: Pool };

/** Rows that commands name and a pool may not hold: ended leases, by id or request key. */
export interface Reads {
  readonly leases: readonly string[];
  readonly requests: readonly string[];
}

/** What must be read before a command of this pool can be decided. */
export function readsOf(pool: string, command: Command): Reads {
  if ((command.type === "acquire" || command.type === "clean") && command.requestId !== undefined)
    return { leases: [], requests: [requestKey(command.by.principal, pool, command.requestId)] };
  if (command.type === "releaseByEnvironment") {
    const { by, requestId } = command;
    return {
      leases: by.lease === undefined ? [] : [by.lease],
      requests: requestId === undefined ? [] : [requestKey(by.principal, pool, requestId)],
    };
  }
  return { leases: "lease" in command ? [command.lease] : [], requests: [] };
}
