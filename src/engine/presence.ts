import type { Micros } from "../core/model.ts";
import { ascending, Sorted } from "../core/sorted.ts";

interface Ticket {
  /** Streams and waits that are open now: a continuous sign. */
  open: number;
  /** How many calls have given a sign since the grant (while it waits: since it came) and have not been lost: they know of it. */
  told: number;
  callers: WeakSet<object>;
  ttl: Micros;
  /** While it waits with nothing open: when it is abandoned. */
  due: Micros | undefined;
  waits: boolean;
}

type Due = readonly [at: Micros, lease: string];

/**
 * Signs of life of those who wait (rule 3 of docs/contract.md). In memory only: a sign costs no commit, and after a start everybody has
 * a full ticket again. Whether a waiter is present never enters a decision; a missing one becomes an Abandon command.
 */
export class Presence {
  readonly #now: () => Micros;
  readonly #scheduled: () => void;
  readonly #isLive: (lease: string) => boolean;
  readonly #tickets = new Map<string, Ticket>();
  #due: Sorted<Due, true> = Sorted.empty((a, b) => a[0] - b[0] || ascending(a[1], b[1]));

  /** `scheduled` is told whenever a ticket has begun to run; signs of a lease that is not `isLive` any more come too late. */
  constructor(now: () => Micros, scheduled: () => void, isLive: (lease: string) => boolean) {
    this.#now = now;
    this.#scheduled = scheduled;
    this.#isLive = isLive;
  }

  /** A lease begins to wait; its ticket runs from now. */
  expect(lease: string, ttl: Micros): void {
    // The same object: a wait that is open holds on to it.
    const ticket = this.#tickets.get(lease) ?? newTicket();
    Object.assign(ticket, { ttl, waits: true });
    this.#tickets.set(lease, ticket);
    this.#schedule(lease, ticket);
  }

  /** It waits no more: it was granted, and nobody has been told yet. */
  granted(lease: string): void {
    const known = this.#tickets.get(lease);
    const ticket = known ?? newTicket();
    if (known === undefined) this.#tickets.set(lease, ticket);
    if (ticket.waits) Object.assign(ticket, { waits: false, told: 0, callers: new WeakSet() });
    this.#schedule(lease, ticket);
  }

  /** It has ended. */
  forget(lease: string): void {
    const ticket = this.#tickets.get(lease);
    if (ticket?.due !== undefined) this.#due = this.#due.delete([ticket.due, lease]);
    this.#tickets.delete(lease);
  }

  /** One sign of life, given by a call. */
  sign(lease: string, by: object): void {
    const ticket = this.#ticket(lease);
    if (!ticket.callers.has(by)) ticket.told++;
    ticket.callers.add(by);
    this.#schedule(lease, ticket);
  }

  /** A call is lost, and learnt nothing. Tells whether that leaves nobody who knows of the lease. */
  lose(lease: string, by: object): boolean {
    const ticket = this.#tickets.get(lease);
    if (!ticket?.callers.delete(by)) return false;
    return --ticket.told === 0;
  }

  /** Whether a call has given a sign that is not lost. */
  isKnown(lease: string): boolean {
    return (this.#tickets.get(lease)?.told ?? 0) > 0;
  }

  /** A wait or a stream opens: a sign that lasts until the returned function is called. */
  attend(lease: string): () => void {
    const ticket = this.#ticket(lease);
    ticket.open++;
    this.#schedule(lease, ticket);
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      ticket.open--;
      if (this.#tickets.get(lease) === ticket) this.#schedule(lease, ticket);
    };
  }

  /** Those whose ticket has run out. */
  overdue(): string[] {
    const now = this.#now();
    const leases: string[] = [];
    for (const [at, lease] of this.#due.keys()) {
      if (at > now) break;
      leases.push(lease);
    }
    return leases;
  }

  /** When the next ticket runs out. */
  next(): Micros | undefined {
    return this.#due.first()?.[0][0];
  }

  /** A lease without a ticket was granted before a start: there may be someone who knows of it. */
  #ticket(lease: string): Ticket {
    const known = this.#tickets.get(lease);
    if (known !== undefined) return known;
    const ticket: Ticket = { ...newTicket(), told: 1 };
    if (this.#isLive(lease)) this.#tickets.set(lease, ticket);
    return ticket;
  }

  #schedule(lease: string, ticket: Ticket): void {
    if (ticket.due !== undefined) this.#due = this.#due.delete([ticket.due, lease]);
    ticket.due = ticket.waits && ticket.open === 0 ? this.#now() + ticket.ttl : undefined;
    if (ticket.due === undefined) return;
    this.#due = this.#due.set([ticket.due, lease], true);
    this.#scheduled();
  }
}

function newTicket(): Ticket {
  return { open: 0, told: 0, callers: new WeakSet(), ttl: 0, due: undefined, waits: false };
}
