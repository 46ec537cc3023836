/** Tells whether an answer that gives a lease has arrived; see EngineCall.handOver. */
export type HandOver = (lost: (written: boolean) => void) => () => void;

/** An answer that gives a lease, on its way or still to come. */
export interface Delivery {
  /** Set when it turned out not to have arrived: whether it had been handed to the system. */
  readonly lost: { readonly written: boolean } | undefined;
  /** The answer is given now. `gives`: a lease that is held; a place in line needs no watch once it is told, it is lost by its ticket. */
  answer(gives: boolean): void;
  /** The answer gives nothing after all. */
  cancel(): void;
}

interface Underway extends Delivery {
  answered: boolean;
  arrived(): void;
}

interface Told {
  /** Somebody knows of the grant: a later call has named the lease. */
  known: boolean;
  readonly underway: Set<Underway>;
}

/**
 * Which leases somebody knows to have, and which answers that give one are under way. A lease of which nothing is written here is
 * known: it was granted before a start, or every answer has arrived.
 */
export class Deliveries {
  readonly #leases = new Map<string, Told>();

  /** A lease is granted: nobody knows of it yet, but open calls will tell. What was answered before told of a place in line. */
  granted(lease: string): void {
    const told = this.#told(lease);
    told.known = false;
    for (const delivery of told.underway) if (delivery.answered) delivery.cancel();
  }

  /** It has ended: there is nothing left to arrive. */
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

  /** Whether somebody has it, or will if all goes well. */
  isTold(lease: string): boolean {
    const told = this.#leases.get(lease);
    return told === undefined || told.known || told.underway.size > 0;
  }

  /** A call has named the lease: what was answered before has arrived. */
  named(lease: string): void {
    const told = this.#leases.get(lease);
    if (told === undefined) return;
    for (const delivery of told.underway) {
      if (!delivery.answered) continue;
      delivery.arrived();
      told.underway.delete(delivery);
      told.known = true;
    }
    if (told.known && told.underway.size === 0) this.#leases.delete(lease);
  }

  /** An answer will give the lease. `lost` is called once if it does not arrive; this answer is then no longer under way. */
  give(lease: string, handOver: HandOver, lost: (written: boolean) => void): Delivery {
    const { underway } = this.#told(lease);
    const delivery: Underway & { lost: Delivery["lost"] } = {
      answered: false,
      lost: undefined,
      arrived: () => {},
      answer: (gives) => {
        delivery.answered = true;
        if (!gives) delivery.arrived();
      },
      cancel: () => {
        if (underway.delete(delivery)) delivery.arrived();
      },
    };
    underway.add(delivery);
    const arrived = handOver((written) => {
      delivery.lost = { written };
      if (underway.delete(delivery)) lost(written);
    });
    delivery.arrived = arrived;
    return delivery;
  }

  #told(lease: string): Told {
    const known = this.#leases.get(lease);
    if (known !== undefined) return known;
    const told: Told = { known: true, underway: new Set() };
    this.#leases.set(lease, told);
    return told;
  }
}
