/**
 * The one decision of the service: pure, synchronous, total, deterministic. Every command goes the same way: what is due at this
 * time ends, the line is served; then the command is executed, and the line is served again. So a release, an expiry, a withdrawal
 * and a change of configuration hand over by one path, and a late timer costs latency, never safety.
 */
import { acquire } from "./acquire.ts";
import type { Command, Done, Refusal, Reply } from "./command.ts";
import type { Draft } from "./draft.ts";
import { apply, freshen, remove, setState } from "./fleet.ts";
import { end, grant } from "./lease.ts";
import { leaseOf, siteOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import { nextInLine } from "./line.ts";
import type { EndReason, Lease, LeaseState, Micros, Pool } from "./model.ts";
import { abandon, claim, forceRelease, hangUp, release, releaseByEnvironment, releaseLegacy, renew } from "./verbs.ts";

/**
 * Decides one command on the draft. A refusal is a value, and changes nothing beyond what was due. Two commands act before what is
 * due: the grace of a start, and the end of waiters who have vanished, so that nothing is offered to them.
 */
export function decide(draft: Draft, command: Command): Reply {
  if (command.type === "recover") recover(draft);
  if (command.type === "abandon") abandon(draft, command.leases);
  pulse(draft);
  const mark = draft.mark();
  const reply = execute(draft, command);
  // An immediate REFUSED or UNSATISFIABLE is an answer only (rule 2): that lease has no revision.
  if (!reply.ok || reply.lease?.revision === 0) draft.reset(mark);
  settle(draft);
  return { ...reply, pool: draft.pool };
}

/** When the pool must be pulsed next; never, if undefined. */
export function nextDeadline(pool: Pool): Micros | undefined {
  return pool.deadlines.first()?.[0].at;
}

function execute(draft: Draft, command: Command): Done | Refusal {
  switch (command.type) {
    case "acquire":
      return acquire(draft, command);
    case "release":
      return release(draft, command);
    case "releaseByEnvironment":
      return releaseByEnvironment(draft, command);
    case "releaseLegacy":
      return releaseLegacy(draft, command);
    case "renew":
      return renew(draft, command);
    case "claim":
      return claim(draft, command.lease);
    case "hangUp":
      return hangUp(draft, command);
    case "forceRelease":
      return forceRelease(draft, command);
    case "apply":
      return apply(draft, command);
    case "delete":
      return remove(draft, command);
    case "setState":
      return setState(draft, command);
    case "abandon":
    case "recover":
    case "pulse":
      return { ok: true };
  }
}

const DUE: Record<Exclude<LeaseState, "ENDED">, readonly [EndReason, string]> = {
  HELD: ["EXPIRED", "it was not renewed in time"],
  OFFERED: ["LAPSED", "it was not claimed within claim_timeout"],
  QUEUED: ["TIMED_OUT", "it waited for its queue_timeout"],
};

/** Ends what is due, and serves the line. */
function pulse(draft: Draft): void {
  for (;;) {
    const due = draft.pool.deadlines.first()?.[0];
    if (due === undefined || due.at > draft.at) break;
    if (due.environment !== undefined) freshen(draft, siteOf(draft.pool, due.environment).environment);
    else if (due.lease !== undefined) expire(draft, leaseOf(draft.pool, due.lease));
  }
  settle(draft);
}

function expire(draft: Draft, lease: Lease): void {
  if (lease.state === "ENDED") throw new Error(`invariant: ended lease ${lease.id} has a deadline`);
  const [reason, note] = DUE[lease.state];
  const spent = lease.state === "HELD" && lease.maxHold !== undefined && draft.at >= (lease.grantedAt ?? 0) + lease.maxHold;
  end(draft, lease, reason, spent ? "max_hold was reached" : note);
}

/** Offers the free slots to the line. */
function settle(draft: Draft): void {
  if (draft.touched.size === 0) return;
  const next = nextInLine(draft.pool, draft.touched);
  for (const lease of next) grant(draft, lease, "OFFERED");
  draft.touched.clear();
}

/**
 * Rule 5, before anything ends: nobody could renew or claim while the server was down. Once until the next renewal, so that a
 * restart loop under a dead holder cannot hold for ever (etcd#9395).
 */
function recover(draft: Draft): void {
  for (const lease of [...draft.pool.leases.values()]) {
    if (lease.deadline === undefined || lease.graced || lease.state === "QUEUED") continue;
    const least = lease.state === "HELD" ? Math.min(lease.ttl ?? 0, limits.startGrace) : lease.claimTimeout;
    if (lease.deadline < draft.at + least) draft.putLease({ ...lease, deadline: draft.at + least, graced: true });
  }
}
