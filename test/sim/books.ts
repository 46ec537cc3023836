/** The history of each lease, kept from the events alone, and the rules that are about it. */
import type { Event } from "../../src/core/event.ts";
import type { Lease, Micros, Pool } from "../../src/core/model.ts";
import { partsOf } from "../../src/core/needs.ts";
import { type Client, commandOf } from "./client.ts";
import { count, expectThat } from "./seen.ts";

/** How long the slots of a lease rest that ended without its holder. */
const LOCK_DELAY = 10_000_000;
/** How much a lease has left after a start, at most. */
const GRACE = 60_000_000;

/** What the events have told of one lease. */
interface Entry {
  state: Lease["state"];
  /** It was passed over at least once. */
  passed: boolean;
  /** It has been HELD. */
  held: boolean;
  /** Its latest grant, and the slots that it gave. */
  granted: Micros;
  commit: number;
  slots: readonly (readonly [environment: string, index: number])[];
  /** The signs of life that it had given when it was passed over; undefined while some call of its is open. */
  signs: number | undefined;
}

export class Books {
  readonly events: Event[] = [];
  /** Leases that an answer on a dead connection said to be HELD, with the token of the grant. */
  readonly written = new Map<string, number>();
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #entries = new Map<string, Entry>();
  readonly #tokens = new Map<string, number>();
  #started: Micros = 0;

  constructor(clients: ReadonlyMap<string, Client>) {
    this.#clients = clients;
  }

  wasPassedOver(lease: string): boolean {
    return this.#entries.get(lease)?.passed === true;
  }

  hasEnded(lease: string): boolean {
    return this.#entries.get(lease)?.state === "ENDED";
  }

  /** What was committed while the server died or started was no event for anybody: the books go on from what is there. */
  restarted(at: Micros, pools: Iterable<Pool>): void {
    this.#started = at;
    this.written.clear();
    const live = new Map([...pools].flatMap((pool) => [...pool.leases.entries()]));
    for (const [id, entry] of this.#entries) if (!live.has(id)) entry.state = "ENDED";
    for (const [id, lease] of live) {
      const before = this.#entries.get(id);
      const held = before?.held === true || lease.heldAt !== undefined || lease.told === true;
      const granted = lease.grantedAt ?? 0;
      const signs = before?.state === lease.state ? before.signs : undefined;
      this.#entries.set(id, {
        state: lease.state,
        passed: before?.passed === true,
        held,
        granted,
        commit: 0,
        slots: slotsOf(lease),
        signs,
      });
    }
  }

  /** A lease that waited with FAIL, and was never HELD, leaves nothing behind. */
  checkRow(row: Lease): void {
    const command = this.#clients.get(commandOf(row.id))?.command;
    const failed = command?.ifBusy === "FAIL" && row.state === "ENDED";
    expectThat(!failed || this.#entries.get(row.id)?.held === true, `${row.id} waited with FAIL in vain, and is stored`);
  }

  enter(event: Event, pool: Pool, commit: number): void {
    this.events.push(event);
    const { cause } = event;
    const client = this.#clients.get(commandOf(cause?.leaseId ?? ""));
    if (cause === undefined || client === undefined) return;
    const id = cause.leaseId;
    const before = this.#entries.get(id);
    const lease = pool.leases.get(id);
    const granted = cause.state === "OFFERED" || cause.state === "HELD";
    const fresh = granted && (before === undefined || before.state === "QUEUED");
    const passed = cause.state === "QUEUED" && before !== undefined;
    count(cause.endReason ?? (passed ? "passed over" : cause.state));
    if (fresh) this.#checkGrant(event, client, before);
    if (cause.state === "HELD" && before !== undefined) this.#checkClaim(id, client, before);
    if (lease !== undefined && granted) this.#checkEnd(lease, client, fresh ? event.at : (before?.granted ?? event.at));
    if (passed || cause.state === "ENDED") this.#checkGivenUp(event, pool, client, before);
    if (fresh) this.#checkToken(event, lease);
    this.#entries.set(id, {
      state: cause.state,
      passed: passed || before?.passed === true,
      held: cause.state === "HELD" || before?.held === true,
      granted: fresh ? event.at : (before?.granted ?? 0),
      commit: cause.state === "OFFERED" ? commit : (before?.commit ?? commit),
      slots: granted && lease !== undefined ? slotsOf(lease) : [],
      signs: passed && client.open.size === 0 ? client.signs : undefined,
    });
  }

  /** Who was passed over is offered nothing before its next sign of life (rule 4). */
  #checkGrant(event: Event, client: Client, before: Entry | undefined): void {
    const quiet = before?.signs !== undefined && before.signs === client.signs;
    expectThat(!quiet, `${event.cause?.leaseId} was passed over, gave no sign of life, and is served again`);
  }

  /** Nobody claims for one who was gone already when the offer was made. */
  #checkClaim(id: string, client: Client, offer: Entry): void {
    const { gone } = client;
    const late = gone !== undefined && !gone.silently && client.isAway && offer.state === "OFFERED" && offer.commit >= gone.commit;
    expectThat(!late, `${id} was claimed for a caller who was gone by then`);
  }

  /** Nothing but the grace of a start outlives granted_at + max_hold (rule 5). */
  #checkEnd(lease: Lease, client: Client, granted: Micros): void {
    const { maxHold } = client.command;
    if (maxHold === undefined || lease.deadline === undefined) return;
    const latest = Math.max(granted + maxHold, this.#started > granted ? this.#started + GRACE : 0);
    expectThat(lease.deadline <= latest, `${lease.id} would outlive its max_hold by ${lease.deadline - latest} µs`);
  }

  /** A lease is passed over, or ends. */
  #checkGivenUp({ at, cause }: Event, pool: Pool, client: Client, before: Entry | undefined): void {
    const id = cause?.leaseId ?? "";
    if (cause?.endReason === "EXPIRED")
      expectThat(at >= client.promised, `${id} expired ${client.promised - at} µs before its promised end`);
    if (cause?.endReason === "ABANDONED") {
      const open = [...client.open].find(({ since, waits }) => waits && at - since >= client.command.ticketTtl / 2);
      expectThat(open === undefined, `${id} is abandoned while a call stands in line for it`);
    }
    const told = this.written.has(id) && before?.held === true;
    if (told) this.written.delete(id);
    // Who gave it back itself, or had it taken away in the same commit, is no concern here.
    if (!told || (cause?.endReason !== undefined && cause.endReason !== "WITHDRAWN")) return;
    count("rested");
    const { maxHold = Number.POSITIVE_INFINITY } = client.command;
    const spent = cause?.state === "QUEUED" && at >= before.granted + maxHold;
    expectThat(!spent, `${id} was held, and waits for more than its max_hold`);
    for (const [environment, index] of before.slots) {
      const use = pool.sites.get(environment)?.slots.get(index);
      const rests = use !== undefined && "until" in use && use.until >= at + LOCK_DELAY;
      expectThat(rests, `slot ${index} of ${environment} does not rest, although ${id} may be in use`);
    }
  }

  #checkToken(event: Event, lease: Lease | undefined): void {
    const token = lease?.fencingToken;
    if (token === undefined) return;
    for (const { name } of event.environments) {
      const highest = this.#tokens.get(name) ?? 0;
      expectThat(token >= highest, `${name} was granted with token ${token} after ${highest}`);
      this.#tokens.set(name, token);
    }
  }
}

function slotsOf(lease: Lease): Entry["slots"] {
  return partsOf(lease).flatMap(({ environment, indexes }) => indexes.map((index) => [environment, index] as const));
}
