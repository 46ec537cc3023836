/** The history of each lease, kept from the events alone, and the rules that are about it. */
import type { Event } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { Micros } from "../../src/core/model/units.ts";
import { type Client, commandOf, type Open } from "./client.ts";
import { type Entry, foundAtStart, signsAfterStart, UNKNOWN } from "./entry.ts";
import { Rests, slotsOf } from "./rests.ts";
import { count, expectThat } from "./seen.ts";
import { Superseding } from "./superseding.ts";
import { checkEnd, checkTerms, earliestEnd, maxHoldOf, signsFrom } from "./terms.ts";

/** How much a lease has left after a start, at most. */
const GRACE: Micros = 60_000_000;
/** For how long an offer stands that is made in the minute after a start, at least. */
const PATIENCE: Micros = 30_000_000;
const MINUTE: Micros = 60_000_000;
/** For how long a request_id answers for a lease that has ended. */
const DAY: Micros = 86_400_000_000;

export class Books {
  readonly events: Event[] = [];
  /** Leases that an answer on a dead connection said to be HELD, and how many signs of life there had been by then. */
  readonly written = new Map<string, number>();
  /** Environments that somebody wanted to delete, and those whose end was told. */
  readonly doomed = new Set<string>();
  readonly deleted = new Set<string>();
  /** Environments whose end is in the commit that is being entered: by then they may be gone, or others of their names. */
  #going: ReadonlySet<string> = new Set();
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #entries = new Map<string, Entry>();
  readonly #tokens = new Map<string, number>();
  readonly #ranks = new Map<string, string>();
  readonly #rests = new Rests();
  readonly #superseding: Superseding;
  /** By the machine's clock. */
  readonly #time: () => Micros;
  #started: Micros = 0;
  /** The pools that there were at the start. */
  #old: readonly string[] = [];

  constructor(clients: ReadonlyMap<string, Client>, time: () => Micros) {
    this.#clients = clients;
    this.#time = time;
    this.#superseding = new Superseding(clients);
  }

  wasPassedOver(lease: string): boolean {
    return this.#entries.get(lease)?.passed === true;
  }

  wasHeld(lease: string): boolean {
    return this.#entries.get(lease)?.held === true;
  }

  /** Whether some event or start has told of it. */
  knows(lease: string): boolean {
    return this.#entries.has(lease);
  }

  /** Whether its request_id is used up, whatever it was asked for with. */
  wasKept(lease: string): boolean {
    return this.wasHeld(lease) || this.#superseding.hasEnded(lease);
  }

  hasEnded(lease: string): boolean {
    return this.#entries.get(lease)?.state === "ENDED";
  }

  /** Since when a lease has been in its state. */
  since(lease: string): Micros {
    return this.#entries.get(lease)?.since ?? 0;
  }

  /** When leases have ended, as far as that is known. */
  get ends(): readonly Micros[] {
    return [...this.#entries.values()].flatMap(({ ended }) => ended ?? []).sort((a, b) => a - b);
  }

  /** Whether a request_id still answers for its lease; undefined where nobody knows when that ended. */
  answersFor(lease: string, now: Micros): boolean | undefined {
    const { state, ended } = this.#entries.get(lease) ?? {};
    if (state !== "ENDED") return state && true;
    return ended === undefined ? undefined : now < ended + DAY;
  }

  /** Whether it was passed over, and has given a sign of life since. */
  isBack(lease: string, client: Client): boolean {
    const { signs } = this.#entries.get(lease) ?? {};
    return signs !== undefined && signs < client.signs && client.refused < client.signs;
  }

  /** What was committed while the server died or started was no event for anybody: the books go on from what is there. */
  restarted(at: Micros, pools: readonly Pool[]): void {
    this.#started = at;
    this.#old = pools.map(({ name }) => name);
    this.written.clear();
    this.#rests.restarted(pools);
    this.#superseding.started(pools);
    const live = new Map(pools.flatMap((pool) => [...pool.leases.entries()]));
    for (const [id, entry] of this.#entries) if (!live.has(id)) entry.state = "ENDED";
    for (const [id, lease] of live) {
      const before = this.#entries.get(id);
      const client = this.#clients.get(commandOf(id));
      // A call that was under way may have renewed it.
      const again = before?.graced !== undefined && client?.open.size === 0 && (lease.deadline ?? 0) > before.graced;
      expectThat(!again, `${id} has the grace of a start a second time`);
      this.#entries.set(id, {
        ...(before ?? UNKNOWN),
        state: lease.state,
        held: before?.held === true || lease.heldAt !== undefined || lease.told === true,
        granted: lease.grantedAt ?? 0,
        token: lease.fencingToken,
        offered: before?.state === lease.state ? before.offered : 0,
        fromLine: false,
        commit: 0,
        slots: slotsOf(lease),
        signs: signsAfterStart(lease, before, client?.signs),
        started: at,
        ...foundAtStart(lease),
      });
    }
  }

  /** What is written of a lease. */
  checkRow(row: Lease): void {
    const client = this.#clients.get(commandOf(row.id));
    const command = client?.command;
    const entry = this.#entries.get(row.id);
    this.#superseding.checkRow(row);
    // One that waited with FAIL, and was never HELD, leaves nothing behind; but its caller is told who took its place.
    const failed = command?.ifBusy === "FAIL" && row.state === "ENDED" && row.endReason !== "SUPERSEDED";
    expectThat(!failed || entry?.held === true, `${row.id} waited with FAIL in vain, and is stored`);
    const rank = [row.createdAt, row.priority, row.sequence].join();
    const stands = row.state === "QUEUED" || row.state === "OFFERED";
    const before = this.#ranks.get(row.id) ?? rank;
    expectThat(!stands || rank === before, `${row.id} has lost its place in line`);
    if (stands) this.#ranks.set(row.id, rank);
    if (entry === undefined || client === undefined) return;
    entry.graced = undefined;
    if (row.state === "HELD" || row.state === "OFFERED") checkEnd(row, client, entry, this.#started + GRACE);
    entry.row = row;
  }

  /** A commit is about to be entered, event by event. */
  begin(events: readonly Event[]): void {
    this.#superseding.begin();
    this.#going = new Set(events.flatMap(({ environments }) => environments.filter(({ deleted }) => deleted).map(({ name }) => name)));
  }

  enter(event: Event, pool: Pool, commit: number): void {
    this.events.push(event);
    this.#rests.deleted(event);
    for (const { name, deleted } of event.environments) if (deleted) this.#checkDeleted(name);
    this.#superseding.enter(event);
    if (event.kind === "CANCEL_REQUESTED" || event.kind === "EXTENDED") return;
    const { cause, at } = event;
    const client = this.#clients.get(commandOf(cause?.leaseId ?? ""));
    if (cause === undefined || client === undefined) return;
    const id = cause.leaseId;
    const before = this.#entries.get(id);
    const lease = pool.leases.get(id);
    const granted = cause.state === "OFFERED" || cause.state === "HELD";
    const fresh = granted && (before === undefined || before.state === "QUEUED");
    const arrives = cause.state === "QUEUED" && before?.state === "QUEUED";
    const passed = cause.state === "QUEUED" && before !== undefined && !arrives;
    checkTerms(cause, at, client, before, arrives);
    count(cause.endReason ?? (passed ? "passed over" : cause.state));
    if (before === undefined) this.#checkArrival(id, client, commit);
    if (fresh) this.#checkGrant(event, client, before);
    if (fresh && lease !== undefined) this.#rests.checkGrant(lease, at);
    if (cause.state === "HELD" && before !== undefined) this.#checkClaim(id, client, before);
    if (passed || cause.state === "ENDED") this.#checkGivenUp(event, pool, client, before);
    if (fresh) this.#checkToken(event, lease);
    const unaware = cause.endReason === "SUPERSEDED" && before?.state === "HELD";
    if (unaware || cause.endReason === "EXPIRED" || cause.endReason === "FORCE_RELEASED") this.#rests.begin(before?.slots ?? [], at);
    const open = client.open.size > 0;
    this.#entries.set(id, {
      ...(before ?? UNKNOWN),
      state: cause.state,
      since: at,
      passed: passed || before?.passed === true,
      held: cause.state === "HELD" || before?.held === true,
      granted: fresh ? at : (before?.granted ?? 0),
      token: fresh ? lease?.fencingToken : before?.token,
      offered: cause.state === "OFFERED" ? at : (before?.offered ?? 0),
      fromLine: cause.state === "OFFERED" && fresh,
      commit: cause.state === "OFFERED" ? commit : (before?.commit ?? commit),
      slots: granted && lease !== undefined ? slotsOf(lease) : [],
      signs: open ? undefined : client.signs,
      ended: cause.state === "ENDED" ? at : undefined,
    });
  }

  /** Forgetting is no event; who watches an environment is told of its end when somebody deletes it. */
  #checkDeleted(name: string): void {
    this.deleted.add(name);
    expectThat(this.doomed.has(name), `${name} is told to be deleted, and nobody has deleted it`);
  }

  /** Nothing is asked for in the name of a caller who was gone before its turn. */
  #checkArrival(id: string, client: Client, commit: number): void {
    const late = [...client.open].some((open) => open.id === id && open.late !== undefined && commit >= open.late);
    expectThat(!late, `${id} was asked for by a caller who was gone before its turn`);
  }

  /** Who was passed over is offered nothing before its next sign of life (rule 4). */
  #checkGrant(event: Event, client: Client, before: Entry | undefined): void {
    const quiet = before?.passed === true && before.signs !== undefined && before.signs === client.signs;
    expectThat(!quiet, `${event.cause?.leaseId} was passed over, gave no sign of life, and is served again`);
  }

  /** Nobody claims for one who was gone already when the offer was made, nor for one who has not been heard of since. */
  #checkClaim(id: string, client: Client, offer: Entry): void {
    if (offer.state !== "OFFERED") return;
    const { gone } = client;
    const late = gone !== undefined && !gone.silently && client.isAway && offer.commit >= gone.commit;
    expectThat(!late, `${id} was claimed for a caller who was gone by then`);
    const quiet = offer.fromLine && offer.signs !== undefined && offer.signs === client.signs;
    expectThat(!quiet, `${id} was claimed without a sign of life`);
  }

  /** A lease is passed over, or ends. */
  #checkGivenUp(event: Event, pool: Pool, client: Client, before: Entry | undefined): void {
    const { at, cause } = event;
    const id = cause?.leaseId ?? "";
    const isStopped = cause?.endReason === "SUPERSEDED" && before?.state === "HELD";
    const isOver = isStopped && this.#superseding.isOver(id, at);
    // An offer that was a hold, and cannot be one again, ends where another one is passed over.
    const isUnclaimed = cause?.endReason === "EXPIRED" && before?.state === "OFFERED";
    if ((cause?.endReason === "EXPIRED" && !isUnclaimed) || isOver)
      expectThat(at >= client.promised, `${id} ended ${client.promised - at} µs before its promised end`);
    const taken = cause?.state === "QUEUED" || cause?.endReason === "WITHDRAWN" || (isStopped && !isOver) || isUnclaimed;
    const { token, at: heard = at } = client.knows ?? {};
    const known = before?.token === token && heard < at && at < client.promised;
    expectThat(!taken || !known, `${id} is taken back from one who knows that it is HELD`);
    if (cause?.endReason === "ABANDONED") this.#checkAbandoned(id, at, client, before);
    const givenUp = cause?.endReason === "TIMED_OUT" || (cause?.endReason === "WITHDRAWN" && !client.givesBack);
    if (givenUp && client.command.ifBusy === "FAIL" && before?.state === "QUEUED" && at < earliestEnd(client, id)) {
      // One that has only just come may be decided after it.
      const stands = ({ until = 0, since, signal }: Open) => until > this.#time() && since < at && !signal.aborted;
      const waits = [...client.open].some(stands);
      expectThat(!waits, `${id} is given up while a call waits for it`);
    }
    if (cause?.state === "QUEUED" && before?.state === "OFFERED") this.#checkPassed(event, client, before);
    this.#checkRest(event, pool, client, before);
  }

  /** A place in line is kept for ticket_ttl after the last sign of life, and while a call is open (rule 3). */
  #checkAbandoned(id: string, at: Micros, client: Client, before: Entry | undefined): void {
    const { ticketTtl } = client.command;
    const open = [...client.open].find(({ since, waits }) => waits && at - since >= ticketTtl / 2);
    expectThat(open === undefined, `${id} is abandoned while a call stands in line for it`);
    const silence = at - Math.max(client.vouched.get(id) ?? 0, before?.started ?? 0, signsFrom(client));
    // A sign that came while the end was being written came too late.
    expectThat(silence <= 0 || silence >= ticketTtl, `${id} is abandoned ${silence} µs after a sign of life`);
  }

  /** An offer stands for its claim_timeout, and longer after a start (rule 4). */
  #checkPassed({ at, pool, cause }: Event, client: Client, { offered, granted }: Entry): void {
    const { claimTimeout } = client.command;
    const patient = this.#old.includes(pool) && offered >= this.#started && offered < this.#started + MINUTE;
    const least = Math.min(
      offered + Math.max(claimTimeout, patient ? PATIENCE : 0),
      granted + maxHoldOf(client),
      earliestEnd(client, cause?.leaseId ?? ""),
    );
    expectThat(at >= least, `${cause?.leaseId} is passed over ${least - at} µs too early`);
  }

  /** The slots of a lease rest that an answer said to be HELD, when it is taken back without its holder. */
  #checkRest({ at, cause }: Event, pool: Pool, client: Client, before: Entry | undefined): void {
    const id = cause?.leaseId ?? "";
    const told = this.written.has(id) && before?.held === true;
    if (told) this.written.delete(id);
    // Who gave it back itself, or had it taken away in the same commit, is no concern here.
    if (!told || !["WITHDRAWN", "SUPERSEDED"].includes(cause?.endReason ?? "WITHDRAWN")) return;
    count("rested");
    const { maxHold = Number.POSITIVE_INFINITY } = client.command;
    const spent = cause?.state === "QUEUED" && at >= before.granted + maxHold;
    expectThat(!spent, `${id} was held, and waits for more than its max_hold`);
    this.#rests.begin(before.slots, at);
    for (const [environment, index] of before.slots) {
      const use = pool.sites.get(environment)?.slots.get(index);
      const rests = this.#going.has(environment) || (use !== undefined && "until" in use);
      expectThat(rests, `slot ${index} of ${environment} does not rest, although ${id} may be in use`);
    }
  }

  /** Each grant's token is above all earlier ones (rule 8). */
  #checkToken(event: Event, lease: Lease | undefined): void {
    const token = lease?.fencingToken;
    if (token === undefined) return;
    for (const { name } of event.environments) {
      const highest = this.#tokens.get(name) ?? 0;
      expectThat(token > highest, `${name} was granted with token ${token} after ${highest}`);
      this.#tokens.set(name, token);
    }
  }
}
