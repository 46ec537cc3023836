import { ascending, Sorted } from "../../core/model/sorted.ts";
import type { Micros } from "../../core/model/units.ts";
import { MultiMap } from "../multimap.ts";
import type { SignsOfLife } from "./signs.ts";

interface Ticket {
  ttl: Micros;
  signed: Micros;
  waits: boolean;
  /** While it waits with nothing open: when it is abandoned. */
  due: Micros | undefined;
}

type Due = readonly [at: Micros, lease: string];

/** Signs of life in memory: a sign costs no commit, and after a start everybody has a full ticket again. */
export class Presence implements SignsOfLife {
  readonly #now: () => Micros;
  readonly #scheduled: () => void;
  readonly #tickets = new Map<string, Ticket>();
  /** The waits and streams that are open on a lease, by whether each takes what it is offered. */
  readonly #open = new MultiMap<() => boolean>();
  #due: Sorted<Due, true> = Sorted.empty((a, b) => a[0] - b[0] || ascending(a[1], b[1]));

  /** `scheduled` is told whenever a ticket has begun to run. */
  constructor(now: () => Micros, scheduled: () => void) {
    this.#now = now;
    this.#scheduled = scheduled;
  }

  expect(lease: string, ttl: Micros): void {
    this.#schedule(lease, Object.assign(this.#ticket(lease), { ttl, waits: true }));
  }

  offered(lease: string): void {
    this.#schedule(lease, Object.assign(this.#ticket(lease), { waits: false }));
  }

  forget(lease: string): void {
    const ticket = this.#tickets.get(lease);
    if (ticket?.due !== undefined) this.#due = this.#due.delete([ticket.due, lease]);
    this.#tickets.delete(lease);
  }

  sign(lease: string): void {
    const ticket = this.#tickets.get(lease);
    if (ticket === undefined) return;
    ticket.signed = this.#now();
    this.#schedule(lease, ticket);
  }

  attend(lease: string, takes: () => boolean = () => false): () => void {
    this.#open.add(lease, takes);
    this.sign(lease);
    return () => this.#open.delete(lease, takes) && this.sign(lease);
  }

  takes(lease: string): boolean {
    return this.#open.of(lease).some((takes) => takes());
  }

  overdue(): string[] {
    const now = this.#now();
    const leases: string[] = [];
    for (const [at, lease] of this.#due.keys()) {
      if (at > now) break;
      leases.push(lease);
    }
    return leases;
  }

  next(): Micros | undefined {
    return this.#due.first()?.[0][0];
  }

  #ticket(lease: string): Ticket {
    const known = this.#tickets.get(lease);
    if (known !== undefined) return known;
    const ticket: Ticket = { ttl: 0, signed: this.#now(), waits: false, due: undefined };
    this.#tickets.set(lease, ticket);
    return ticket;
  }

  #schedule(lease: string, ticket: Ticket): void {
    if (ticket.due !== undefined) this.#due = this.#due.delete([ticket.due, lease]);
    ticket.due = ticket.waits && !this.#open.has(lease) ? ticket.signed + ticket.ttl : undefined;
    if (ticket.due === undefined) return;
    this.#due = this.#due.set([ticket.due, lease], true);
    this.#scheduled();
  }
}
