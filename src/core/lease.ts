/** The life of a lease: the four moves that every verb is made of. */
import type { Draft } from "./draft.ts";
import { isGranted, pickSlots, siteOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import type { EndReason, Lease, Micros } from "./model.ts";

/** Gives a lease its slots: HELD when its caller is there, OFFERED when it comes out of the line. Its revision is its fencing token. */
export function grant(draft: Draft, lease: Lease, state: "HELD" | "OFFERED"): Lease {
  const token = draft.next();
  const needs = lease.needs.map((need) => ({ ...need, indexes: pickSlots(siteOf(draft.pool, need.environment), need.slots) }));
  for (const need of needs) {
    const { environment } = siteOf(draft.pool, need.environment);
    draft.putEnvironment({ ...environment, fence: token }, false, token);
  }
  const granted: Lease = { ...lease, needs, grantedAt: draft.at, fencingToken: token, graced: false };
  return state === "HELD" ? hold(draft, granted, token) : offer(draft, granted, token);
}

/** Starts the ttl: the holder is there. */
export function hold(draft: Draft, lease: Lease, revision?: number): Lease {
  const { deadline: _, ...rest } = lease;
  const until = lease.ttl === undefined ? {} : { deadline: draft.at + lease.ttl };
  return draft.putLease({ ...rest, ...until, state: "HELD", heldAt: draft.at, graced: false }, revision);
}

/** Keeps the slots for a holder who has yet to show up. */
export function offer(draft: Draft, lease: Lease, revision?: number): Lease {
  const { heldAt: _, ...rest } = lease;
  return draft.putLease({ ...rest, state: "OFFERED", deadline: draft.at + lease.claimTimeout, graced: false }, revision);
}

/** Ends a live lease. Slots that it held rest as their environments say (rule 6). */
export function end(draft: Draft, lease: Lease, endReason: EndReason, endNote = ""): Lease {
  for (const need of isGranted(lease) ? lease.needs : []) {
    const { environment } = siteOf(draft.pool, need.environment);
    const pause = restAfter(endReason, environment.config.lockDelay, environment.config.cooldown);
    if (pause === 0) continue;
    const rests = need.indexes.map((index) => ({ index, until: draft.at + pause }));
    draft.putEnvironment({ ...environment, rests: [...environment.rests, ...rests] }, false);
  }
  const { deadline: _, ...rest } = lease;
  return draft.putLease({ ...rest, state: "ENDED", endReason, endNote, endedAt: draft.at });
}

/** How long a slot rests. A lock_delay gives the old holder time to notice; who gave the slot back needs none. */
function restAfter(reason: EndReason, lockDelay: Micros = limits.lockDelay.default, cooldown: Micros = 0): Micros {
  if (reason === "EXPIRED" || reason === "FORCE_RELEASED") return Math.max(lockDelay, cooldown);
  return reason === "RELEASED" ? cooldown : 0;
}
