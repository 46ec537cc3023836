/**
 * What the end of a use leaves an environment in: the life of an environment, as docs/contract.md has it. The state is changed before the
 * slots are free, so that nobody sees them available in between.
 */
import type { Outcome } from "../command.ts";
import type { Draft } from "../draft.ts";
import type { Environment } from "../model/environment.ts";
import { type EndReason, type Lease, whoInFull } from "../model/lease.ts";
import { sitesOf } from "../model/needs.ts";
import { clipped } from "../model/text.ts";
import type { Micros } from "../model/units.ts";

/** How the reason begins of a state into which an environment came since a holder called it broken. */
export const BROKEN = "broken, says ";

/** How a lease that was granted leaves its slots. */
export interface Leaving {
  readonly reason: EndReason;
  /** Of a release. */
  readonly outcome?: Outcome | undefined;
  readonly note?: string;
  /** Its holder may have begun to work, and does not know that it is over. */
  readonly unaware?: boolean;
}

/** Puts the environments of a granted lease into the states that its use leaves them in. */
export function leaveBehind(draft: Draft, lease: Lease, leaving: Leaving): void {
  const after = lease.cleaning === true ? afterCleaning : afterUse;
  for (const { site } of sitesOf(draft.pool, lease)) {
    const before = site.environment;
    const next = after(before, lease, leaving, draft.at);
    if (next === before) continue;
    const isTold = next.state !== before.state || next.stateReason !== before.stateReason;
    draft.putEnvironment(next, isTold && leaving.outcome === "BROKEN" ? "broken" : isTold);
  }
}

/** Whether anybody can have done anything with its slots. */
function wasUsed(lease: Lease, { reason, unaware = false }: Leaving): boolean {
  const begun = lease.state === "HELD" || lease.told === true;
  return unaware || (begun && (reason === "RELEASED" || reason === "EXPIRED" || reason === "FORCE_RELEASED"));
}

function afterUse(environment: Environment, lease: Lease, leaving: Leaving, at: Micros): Environment {
  if (!wasUsed(lease, leaving)) return environment;
  const { reason, outcome = "OK", note = "", unaware = false } = leaving;
  const { onExpiry = "RELEASE", cleaning, quarantineAfter } = environment.config;
  const isDeath = reason === "EXPIRED" && !isPlanned(lease, at);
  const counted = withFailures(environment, isDeath, leaving);
  const isLost = unaware || reason === "EXPIRED" || reason === "FORCE_RELEASED";
  const isDirty = cleaning?.required === true || (onExpiry === "CLEAN" && isLost);
  const used = isDirty ? soiled(counted, at, isLost ? `left by ${whoInFull(lease)}` : `used by ${whoInFull(lease)}`) : counted;
  const { failures = 0 } = counted;
  if (quarantineAfter !== undefined && failures >= quarantineAfter && failures > (environment.failures ?? 0))
    return quarantined(used, `${failures} leases in a row failed, the last that of ${whoInFull(lease)}${told(note)}`);
  if (onExpiry === "HOLD" && isDeath) return quarantined(used, `left as it was by ${whoInFull(lease)}, whose lease expired`);
  if (outcome !== "BROKEN" || used.state === "QUARANTINED") return used;
  return kept(used, "MAINTENANCE", `${BROKEN}${whoInFull(lease)}${told(note)}`);
}

/**
 * A cleaner's lease ends. What an operator has put out of service meanwhile stays so, and what they have called fit for use, unless the
 * cleaner was at work after their word, and leaves it unclean.
 */
function afterCleaning(environment: Environment, lease: Lease, leaving: Leaving, at: Micros): Environment {
  const { outcome = "OK", note = "" } = leaving;
  const used = wasUsed(lease, leaving);
  if (used && leaving.reason === "RELEASED" && outcome === "OK") {
    const { uncleaned: _, ...clean } = environment;
    return environment.state === "CLEANING" ? inState(clean, "AVAILABLE") : clean;
  }
  const isAtWork = used && !(leaving.reason === "FORCE_RELEASED" && environment.state === "AVAILABLE");
  if (!isAtWork && environment.state !== "CLEANING") return environment;
  // Nobody has touched it: it keeps its place among those that wait to be cleaned.
  const since = used ? at : (environment.dirtySince ?? at);
  const again = soiled(environment, since, `${whoInFull(lease)} did not clean it${told(note)}`);
  if (outcome === "BROKEN") return quarantined(again, `${whoInFull(lease)} could not clean it${told(note)}`);
  return isOverdue(again, at) ? notCleaned(again) : again;
}

/**
 * A reservation that is over when it was to be: nobody need give it back, and nothing has failed. One that nobody has to renew has no other
 * end, be it its not_after or its max_hold.
 */
function isPlanned({ autoClaim, ttl, notAfter = Number.POSITIVE_INFINITY }: Lease, at: Micros): boolean {
  return autoClaim === true && (ttl === undefined || notAfter <= at);
}

/** Counts what failed in a row, where that matters. Who ended it by force says nothing of the environment. */
function withFailures(environment: Environment, isDeath: boolean, { reason, outcome = "OK" }: Leaving): Environment {
  const isFailure = isDeath || (reason === "RELEASED" && outcome !== "OK");
  if (isFailure && environment.config.quarantineAfter !== undefined) return { ...environment, failures: (environment.failures ?? 0) + 1 };
  if (isFailure || reason !== "RELEASED" || environment.failures === undefined) return environment;
  const { failures: _, ...rest } = environment;
  return rest;
}

/** Whether the time to clean it is over. */
export function isOverdue({ cleanBy }: Environment, at: Micros): boolean {
  return cleanBy !== undefined && cleanBy <= at;
}

/** Put aside, since nobody has cleaned it in time. */
export function notCleaned(environment: Environment): Environment {
  return quarantined(environment, "not cleaned in time");
}

/** DIRTY, if it is in service; if not, it becomes so when what keeps it out of service ends by itself. */
export function soiled(environment: Environment, since: Micros, reason: string): Environment {
  const { state, cleanBy } = environment;
  if (state === "DRAINING" || state === "MAINTENANCE" || state === "QUARANTINED") return { ...environment, uncleaned: true };
  return { ...inState(environment, "DIRTY", reason), dirtySince: since, ...(cleanBy !== undefined && { cleanBy }) };
}

/** Put aside until an operator says otherwise. */
function quarantined(environment: Environment, reason: string): Environment {
  return environment.state === "QUARANTINED" ? environment : kept(environment, "QUARANTINED", reason);
}

/** Out of service, and still to be cleaned where it was to be. */
export function kept(environment: Environment, state: Environment["state"], reason: string): Environment {
  const { state: before, uncleaned = false } = environment;
  const isDirty = uncleaned || before === "DIRTY" || before === "CLEANING";
  return { ...inState(environment, state, reason), ...(isDirty && { uncleaned: true }) };
}

/** In another state, without what belonged to the one before. */
export function inState(environment: Environment, state: Environment["state"], reason = ""): Environment {
  const { stateUntil: _, dirtySince: __, cleanBy: ___, uncleaned: ____, ...rest } = environment;
  return { ...rest, state, stateReason: clipped(reason) };
}

function told(note: string): string {
  return note === "" ? "" : `: ${note}`;
}
