/** Tells whether an answer that gives a lease has arrived; see EngineCall.handOver. */
export type HandOver = (lost: (written: boolean) => void) => () => void;

/** An answer that gives a lease, under way or still to be sent. */
export interface Delivery {
  /** Set once it is known not to have arrived; `written` tells whether it had been handed to the system. */
  readonly lost: { readonly written: boolean } | undefined;
  /**
   * The answer is sent now. `gives`: it gives a lease that is HELD. A place in line is not followed any further: its ticket runs out by
   * itself.
   */
  answer(gives: boolean): void;
  /** The answer gives nothing after all. */
  cancel(): void;
}

interface Told {
  /** A later call has named the lease, so somebody knows of the grant. */
  known: boolean;
  /** One that was lost had been handed to the system, so somebody may know all the same. */
  written: boolean;
  /** How many calls are about to tell of it. */
  coming: number;
  readonly underway: Set<Underway>;
}

/**
 * Which leases are known to their callers, and which answers that give a lease are under way. A lease without an entry counts as known: it
 * was granted before this process started, or all its answers have arrived.
 */
export class Deliveries {
  readonly #leases = new Map<string, Told>();

  /**
   * A lease is granted, or offered again: no caller is known to know of it. Answers that tell of a hold stay under way: one may have been
   * given just before the hold became an offer again.
   */
  granted(lease: string): void {
    this.#told(lease).known = false;
  }

  /** The lease has ended: no answer of it is followed any more. */
  forget(lease: string): void {
    const underway = this.#leases.get(lease)?.underway;
    for (const delivery of underway ?? []) delivery.arrived();
    underway?.clear();
    this.#leases.delete(lease);
  }

  /** Whether somebody is known to have the lease. */
  isKnown(lease: string): boolean {
    return this.#leases.get(lease)?.known ?? true;
  }

  /** Whether an answer that gives it is on its way or still to come. */
  isUnderway(lease: string): boolean {
    return (this.#leases.get(lease)?.underway.size ?? 0) > 0;
  }

  /** Whether this very answer is under way. */
  follows(lease: string, delivery: Delivery | undefined): boolean {
    return delivery instanceof Underway && this.#leases.get(lease)?.underway.has(delivery) === true;
  }

  /** Whether an answer that told of the grant was lost after it had been handed to the system. */
  wasWritten(lease: string): boolean {
    return this.#leases.get(lease)?.written === true;
  }

  /** A call begins that may tell of the lease: it counts as told until the returned function is called. */
  coming(lease: string): () => void {
    const told = this.#told(lease);
    told.coming++;
    return () => {
      told.coming--;
      this.#tidy(lease);
    };
  }

  /** Whether a caller knows of the lease, or an answer that tells of it is under way, or about to be given. */
  isTold(lease: string): boolean {
    const told = this.#leases.get(lease);
    return told === undefined || told.known || told.underway.size > 0 || told.coming > 0;
  }

  /**
   * A call begins that names the lease, if the returned function is called: then what was answered by now has arrived. What is answered
   * while the call waits may be lost with it.
   */
  naming(lease: string): () => void {
    const told = this.#leases.get(lease);
    if (told === undefined) return () => {};
    const answered = [...told.underway].filter((delivery) => delivery.answered);
    return () => {
      for (const delivery of answered) {
        if (!told.underway.delete(delivery)) continue;
        delivery.arrived();
        told.known = true;
      }
      this.#tidy(lease);
    };
  }

  /**
   * Follows an answer that will give the lease. `lost` is called once if it does not arrive; by then it does not count as under way.
   * `written` holds for it or for one lost before.
   */
  give(lease: string, handOver: HandOver, lost: (written: boolean) => void): Delivery {
    const told = this.#told(lease);
    const delivery = new Underway((one) => {
      if (told.underway.delete(one)) one.arrived();
      this.#tidy(lease);
    });
    told.underway.add(delivery);
    delivery.arrived = handOver((written) => {
      delivery.lost = { written };
      if (!told.underway.delete(delivery)) return;
      told.written ||= written;
      lost(told.written);
    });
    return delivery;
  }

  /** An entry that says no more than none. */
  #tidy(lease: string): void {
    const told = this.#leases.get(lease);
    if (told?.known && told.underway.size === 0 && told.coming === 0) this.#leases.delete(lease);
  }

  #told(lease: string): Told {
    const known = this.#leases.get(lease);
    if (known !== undefined) return known;
    const told: Told = { known: true, written: false, coming: 0, underway: new Set() };
    this.#leases.set(lease, told);
    return told;
  }
}

class Underway implements Delivery {
  answered = false;
  lost: Delivery["lost"];
  arrived: () => void = nothing;
  readonly #cancel: (delivery: Underway) => void;

  constructor(cancel: (delivery: Underway) => void) {
    this.#cancel = cancel;
  }

  answer(gives: boolean): void {
    this.answered = true;
    if (!gives) this.cancel();
  }

  cancel(): void {
    this.#cancel(this);
  }
}

function nothing(): void {}
