/**
 * The one decision of the service: pure, synchronous, total, deterministic. Every command goes the same way: what is due at this
 * time ends, the line is served; then the command is executed, and the line is served again. So a release, an expiry, a withdrawal
 * and a change of configuration hand over by one path, and a late timer costs latency, never safety.
 */

import type { Command, Done, Refusal, Reply } from "./command.ts";
import type { Draft } from "./draft.ts";
import { latestEnd, leaseOf } from "./ledger.ts";
import { limits } from "./limits.ts";
import { nextInLine } from "./line/line.ts";
import type { Lease } from "./model/lease.ts";
import type { Pool } from "./model/pool.ts";
import type { Micros } from "./model/units.ts";
import { acquire } from "./verbs/acquire.ts";
import { clean } from "./verbs/cleaning.ts";
import { tell } from "./verbs/facts.ts";
import { apply, forget, forgetIdle, freshen, remove, setState } from "./verbs/fleet.ts";
import { createKey, disown, revokeKey, rotateKey, useKeys } from "./verbs/keys.ts";
import { abandon, claim, forceRelease, giveUp, hangUp, release, releaseByEnvironment, releaseLegacy, renew } from "./verbs/leases.ts";
import { end, grant, hold, passOver, requeue } from "./verbs/moves.ts";
import { record } from "./verbs/record.ts";
import { enter } from "./verbs/reserving.ts";
import { stop } from "./verbs/superseding.ts";

/** Commands that are a sign of life of the lease they answer with: its caller is there to take an offer. */
const SIGNS: ReadonlySet<Command["type"]> = new Set(["acquire", "clean", "claim", "renew"]);

/** Why a lease ended whose not_after has come. */
const OVER = "its not_after was reached";

/**
 * Decides one command on the draft. A refusal is a value, and changes nothing beyond what was due. Two commands act before what is
 * due: the grace of a start, and the end of waiters who have vanished, so that nothing is offered to them.
 */
export function decide(draft: Draft, command: Command): Reply {
  const before = draft.pool;
  const events = draft.events.length;
  if (command.type === "recover") recover(draft);
  if (command.type === "abandon") abandon(draft, command.leases);
  pulse(draft);
  if (command.type === "acquire") draft.index(command);
  const mark = draft.mark();
  const caller = "by" in command ? command.by : undefined;
  draft.caller = caller;
  const reply = execute(draft, command);
  draft.caller = undefined;
  // What is UNSATISFIABLE at once is an answer only (rule 2): that lease has no revision.
  if (!reply.ok || reply.lease?.revision === 0) draft.reset(mark);
  settle(draft);
  draft.tellClaims(before, events);
  if (!reply.ok || reply.lease === undefined) return { ...reply, pool: draft.pool };
  // Serving the line may have moved it on.
  let lease = draft.pool.leases.get(reply.lease.id) ?? reply.lease;
  if (lease.state === "OFFERED" && SIGNS.has(command.type)) lease = hold(draft, lease);
  // Whoever is answered HELD has told them, also one that was served just now.
  if (command.type === "renew" && command.facts !== undefined && lease.state === "HELD") {
    draft.caller = caller;
    tell(draft, lease, command.facts, true);
    draft.caller = undefined;
  }
  return { ...reply, lease, pool: draft.pool };
}

/** When the pool must be pulsed next; never, if undefined. */
export function nextDeadline(pool: Pool): Micros | undefined {
  const timer = pool.deadlines.first()?.[0].at ?? Number.POSITIVE_INFINITY;
  const forgetting = (pool.idle.first()?.[0].since ?? Number.POSITIVE_INFINITY) + limits.idle;
  const at = Math.min(timer, forgetting);
  return at === Number.POSITIVE_INFINITY ? undefined : at;
}

function execute(draft: Draft, command: Command): Done | Refusal {
  switch (command.type) {
    case "acquire":
      return acquire(draft, command);
    case "clean":
      return clean(draft, command);
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
    case "giveUp":
      return giveUp(draft, command.lease);
    case "forget":
      return forget(draft, command.count);
    case "forceRelease":
      return forceRelease(draft, command);
    case "apply":
      return apply(draft, command);
    case "delete":
      return remove(draft, command);
    case "setState":
      return setState(draft, command);
    case "createKey":
      return createKey(draft, command);
    case "rotateKey":
      return rotateKey(draft, command);
    case "revokeKey":
      return revokeKey(draft, command);
    case "useKeys":
      return useKeys(draft, command);
    case "disown":
      return disown(draft, command);
    case "record":
      return record(draft, command);
    case "abandon":
    case "recover":
    case "pulse":
      return { ok: true };
  }
}

/** Ends what is due, and serves the line. */
function pulse(draft: Draft): void {
  for (;;) {
    const due = draft.pool.deadlines.first()?.[0];
    if (due === undefined || due.at > draft.at) break;
    if (due.environment !== undefined) freshen(draft, due.environment);
    else if (due.lease !== undefined) fallDue(draft, leaseOf(draft.pool, due.lease));
  }
  forgetIdle(draft);
  settle(draft);
}

/** The deadline of a lease has come. */
function fallDue(draft: Draft, lease: Lease): void {
  const over = draft.at >= (lease.notAfter ?? Number.POSITIVE_INFINITY);
  const spent = draft.at >= (latestEnd(lease) ?? Number.POSITIVE_INFINITY);
  // An offer that was a hold before is over when its max_hold is, however it came to be an offer again.
  if (lease.early === true) enter(draft, lease);
  else if (lease.state === "OFFERED" && over && lease.told !== true) end(draft, lease, { reason: "TIMED_OUT", note: OVER });
  else if (lease.state === "OFFERED" && !(spent && lease.told === true)) passOver(draft, lease);
  else if (lease.state === "QUEUED") end(draft, lease, { reason: "TIMED_OUT", note: over ? OVER : "it waited for its queue_timeout" });
  else if ((lease.deadline ?? 0) >= (lease.cancelRequested?.deadline ?? Number.POSITIVE_INFINITY)) stop(draft, lease);
  else end(draft, lease, { reason: "EXPIRED", note: over ? OVER : spent ? spentNote(lease) : "it was not renewed in time" });
}

function spentNote({ cleaning }: Lease): string {
  return cleaning === true ? "the time for cleaning was over" : "max_hold was reached";
}

/** Offers the free slots to the line. Whom that serves leaves others another choice by selector, so these are placed again. */
function settle(draft: Draft): void {
  if (draft.touched.size === 0 && draft.arrived.size === 0) return;
  for (;;) {
    draft.place();
    const served = nextInLine(draft.pool, { environments: draft.touched, arrived: draft.arrived });
    for (const lease of served) grant(draft, lease, lease.autoClaim === true ? "HELD" : "OFFERED");
    if (served.length === 0 || draft.pool.selecting.size === 0) break;
  }
  draft.settled();
}

/**
 * Rule 5, before anything ends: nobody could renew or claim while the server was down. Once until the next renewal, so that a
 * restart loop under a dead holder cannot hold for ever.
 */
function recover(draft: Draft): void {
  draft.pool = { ...draft.pool, patientUntil: draft.at + limits.startGrace };
  for (const lease of [...draft.pool.leases.values()]) {
    // The call that it waited for went with the server.
    if (lease.transient === true) end(draft, lease, { reason: "WITHDRAWN", note: "the server restarted" });
    if (lease.transient === true || lease.deadline === undefined || lease.graced || lease.state === "QUEUED") continue;
    // Nobody renews what has no ttl.
    if (lease.state === "HELD" && lease.ttl === undefined) continue;
    const least =
      lease.state === "HELD" ? Math.min(lease.ttl ?? 0, limits.startGrace) : Math.max(lease.claimTimeout, limits.claimTimeout.afterStart);
    if (lease.deadline >= draft.at + least) continue;
    // Of its max_hold too little is left, and nobody has had any of it: it is offered anew.
    const spent = (latestEnd(lease) ?? Number.POSITIVE_INFINITY) < draft.at + least;
    if (spent && lease.state === "OFFERED" && lease.told !== true && lease.failing !== true) requeue(draft, lease);
    else draft.putLease({ ...lease, deadline: draft.at + least, graced: true });
  }
}
