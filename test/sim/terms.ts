/** Reservations by the contract: what a lease's fixed times and auto_claim must mean, by what its client has asked for alone. */
import type { Cause } from "../../src/core/event.ts";
import { latestEnd } from "../../src/core/ledger.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Client } from "./client.ts";
import type { Entry } from "./entry.ts";
import { count, expectThat } from "./seen.ts";

/** How long a lease is held at most that says nothing of it; without a ttl its not_after bounds it. */
const DEFAULT_MAX_HOLD: Micros = 14_400_000_000;

/** How much a hold has left after a start, at most, and how long an offer stands then, at least. */
const GRACE: Micros = 60_000_000;
const PATIENCE: Micros = 30_000_000;

/** How long a client's lease can be held, beside its not_after. */
export function maxHoldOf({ command }: Client): Micros {
  const usual = command.autoClaim === true && command.ttl === undefined ? Number.POSITIVE_INFINITY : DEFAULT_MAX_HOLD;
  return command.maxHold ?? usual;
}

/** Every end that a client has asked for, of a lease of its: which of its wishes were heard it may not know. */
function endsOf({ command, wishes }: Client, lease: string): readonly Micros[] {
  return [...(command.notAfter === undefined ? [] : [command.notAfter]), ...(wishes.get(lease) ?? [])];
}

/** The earliest of them; never, if it has asked for none. */
export function earliestEnd(client: Client, lease: string): Micros {
  return Math.min(Number.POSITIVE_INFINITY, ...endsOf(client, lease));
}

function latestWish(client: Client, lease: string): Micros {
  return client.command.notAfter === undefined ? Number.POSITIVE_INFINITY : Math.max(...endsOf(client, lease));
}

/** From when on a waiter must give signs of life; never, if it need not. */
export function signsFrom({ command }: Client): Micros {
  return command.autoClaim === true ? Number.POSITIVE_INFINITY : (command.notBefore ?? 0);
}

/** A move of a lease that some event tells of. `arrives`: it enters the line. */
export function checkTerms(cause: Cause, at: Micros, client: Client, before: Entry | undefined, arrives: boolean): void {
  const { command } = client;
  const id = cause.leaseId;
  if (arrives) {
    count("entered the line");
    expectThat(at >= (command.notBefore ?? 0), `${id} enters the line before its not_before`);
  }
  if (cause.state === "OFFERED" || cause.state === "HELD") {
    expectThat(at >= (command.notBefore ?? 0), `${id} is granted before its not_before`);
    expectThat(at < latestWish(client, id), `${id} is granted after its not_after`);
  }
  const served = before?.state === "QUEUED";
  const itself = command.autoClaim === true;
  if (served && cause.state === "HELD") {
    count("held by itself");
    expectThat(itself, `${id} was not offered what it is given`);
  }
  expectThat(!(served && itself && cause.state === "OFFERED"), `${id} is offered what it should hold at once`);
  if (cause.endReason === "ABANDONED") expectThat(at >= signsFrom(client), `${id} is abandoned, and need not give signs of life`);
  if (at >= earliestEnd(client, id) && (cause.endReason === "EXPIRED" || cause.endReason === "TIMED_OUT")) count("its end has come");
}

/** What is written of a lease: its end is one that was asked for, and bounds it, but for what its ttl has promised before. */
export function checkEnd(row: Lease, client: Client, before: Entry, started: Micros): void {
  const { notAfter = Number.POSITIVE_INFINITY, deadline } = row;
  const asked = row.notAfter === undefined ? client.command.notAfter === undefined : endsOf(client, row.id).includes(row.notAfter);
  expectThat(asked, `${row.id} has a not_after that nobody asked for: ${row.notAfter}`);
  if (deadline === undefined) return;
  const spent = before.granted + maxHoldOf(client);
  // What a hold was promised it may have left as an offer, too, after its answer was lost.
  const had = before.row === undefined || before.row.state === "QUEUED" ? 0 : (before.row.deadline ?? 0);
  const kept = deadline <= had || (deadline <= spent && mayHaveRenewedBefore(row, client, before.row));
  const promised = row.ttl !== undefined && kept;
  const latest = Math.max(Math.min(spent, notAfter), started > before.granted ? started : 0);
  expectThat(promised || deadline <= latest, `${row.id} would outlive its max_hold, or its not_after, by ${deadline - latest} µs`);
}

/** Whether in the commit that sets its not_after anew its ttl may have promised more before that: by its claim, or by another Renew. */
function mayHaveRenewedBefore(row: Lease, client: Client, before: Lease | undefined): boolean {
  const renewals = [...client.open].filter(({ renews }) => renews === row.id).length;
  return row.state === "HELD" && row.notAfter !== before?.notAfter && (before?.state !== "HELD" || renewals > 1);
}

/** What a live lease has left after a start (rule 5). What was granted by the start itself, at `decided`, had nothing to lose. */
export function checkGrace(lease: Lease, decided: Micros, now: Micros): void {
  const rest = (latestEnd(lease) ?? 0) - now;
  const most = lease.heldAt === decided ? rest : GRACE;
  const grace = lease.state === "HELD" ? Math.min(lease.ttl ?? 0, GRACE, most) : Math.min(Math.max(lease.claimTimeout, PATIENCE), rest);
  const left = (lease.deadline ?? 0) - now;
  expectThat(lease.state === "QUEUED" || lease.graced || left >= grace, `${lease.id} has ${left} µs after a start, less than its grace`);
}
