/** The series of some environments: so many that what makes and writes them holds nobody up. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { EndReason } from "../core/model/lease.ts";
import { type Figures, NO_FIGURES, SLOT_STATES } from "./figures.ts";

/** Seconds, of waits and holds: from what nobody notices to a working day. */
const LONG = [1, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800];

const REASONS = [
  ...(["RELEASED", "EXPIRED", "WITHDRAWN", "ABANDONED"] as const),
  ...(["TIMED_OUT", "SUPERSEDED", "FORCE_RELEASED", "UNSATISFIABLE"] as const),
] satisfies readonly EndReason[];

/** What a lease that was granted is for. */
export type Purpose = "use" | "cleaning";
const PURPOSES: readonly Purpose[] = ["use", "cleaning"];

/** What the series are of; an empty environment: all those of the pool together that have none of their own. */
export interface Place {
  readonly pool: string;
  readonly environment: string;
}

const PLACE = ["pool", "environment"] as const;

const HELP = {
  wait: "How long leases have waited in line until somebody held them.",
  hold: "How long leases that have ended were held.",
  grants: "Grants, by what they are for.",
  ends: "Leases that have ended, by why.",
  length: "Leases that wait in line.",
  oldest: "For how long the first one in line has waited; 0: nobody waits.",
  slots: "Slots, by what they are.",
};

/** What it has at the moment. */
export type Look = (place: Place) => Figures | undefined;

/** The series of some environments, each with the same instruments as those of the next shelf. */
export class Shelf {
  readonly #registry = new Registry();
  readonly #places = new Map<string, Place>();
  readonly #grants: Counter<"pool" | "environment" | "purpose">;
  readonly #ends: Counter<"pool" | "environment" | "reason">;
  readonly #waits: Histogram<"pool" | "environment">;
  readonly #holds: Histogram<"pool" | "environment">;

  constructor(look: Look) {
    const registers = [this.#registry];
    const common = { registers, labelNames: PLACE };
    this.#waits = new Histogram({ ...common, name: "callme_wait_seconds", help: HELP.wait, buckets: LONG });
    this.#holds = new Histogram({ ...common, name: "callme_hold_seconds", help: HELP.hold, buckets: LONG });
    this.#grants = new Counter({ registers, labelNames: [...PLACE, "purpose"], name: "callme_grants_total", help: HELP.grants });
    this.#ends = new Counter({ registers, labelNames: [...PLACE, "reason"], name: "callme_lease_ended_total", help: HELP.ends });
    const each = (tell: (place: Place, figures: Figures) => void) => {
      for (const place of this.#places.values()) tell(place, look(place) ?? NO_FIGURES);
    };
    new Gauge({
      ...{ ...common, name: "callme_line_length", help: HELP.length },
      collect() {
        each((place, { line }) => this.set({ ...place }, line));
      },
    });
    new Gauge({
      ...{ ...common, name: "callme_line_oldest_seconds", help: HELP.oldest },
      collect() {
        each((place, { oldest }) => this.set({ ...place }, oldest));
      },
    });
    new Gauge({
      ...{ registers, labelNames: [...PLACE, "state"], name: "callme_slots", help: HELP.slots },
      collect() {
        this.reset();
        each((place, { slots }) => {
          for (const state of SLOT_STATES) {
            const count = slots[state];
            if (count !== undefined) this.set({ ...place, state }, count);
          }
        });
      },
    });
  }

  get size(): number {
    return this.#places.size;
  }

  /** Its series begin. */
  add(place: Place): void {
    this.#places.set(keyOf(place), place);
    // A monitoring system sees a first time as a change only where there was a zero before.
    for (const purpose of PURPOSES) this.#grants.inc({ ...place, purpose }, 0);
    for (const reason of REASONS) this.#ends.inc({ ...place, reason }, 0);
  }

  /** Its series end, and nothing is kept of them. */
  remove(place: Place): void {
    this.#places.delete(keyOf(place));
    const labels = { ...place };
    this.#waits.remove(labels);
    this.#holds.remove(labels);
    for (const purpose of PURPOSES) this.#grants.remove({ ...place, purpose });
    for (const reason of REASONS) this.#ends.remove({ ...place, reason });
    for (const name of ["callme_line_length", "callme_line_oldest_seconds"]) {
      const gauge = this.#registry.getSingleMetric(name);
      if (gauge instanceof Gauge) gauge.remove(labels);
    }
  }

  /** It was granted to somebody who has waited so long, in seconds; who cleans has waited in no line. */
  granted(place: Place, purpose: Purpose, waited: number): void {
    this.#grants.inc({ ...place, purpose });
    if (purpose === "use") this.#waits.observe({ ...place }, waited);
  }

  /** A lease on it, or that waited for it, has ended; `held`: for how many seconds somebody had it. */
  ended(place: Place, reason: EndReason, held: number | undefined): void {
    this.#ends.inc({ ...place, reason });
    if (held !== undefined) this.#holds.observe({ ...place }, held);
  }

  /** The names of its metrics: the same on each shelf. */
  get names(): readonly string[] {
    return this.#registry.getMetricsAsArray().map(({ name }) => name);
  }

  /** One of its metrics, as it is now. */
  async read(name: string): Promise<Reading> {
    const metric = this.#registry.getSingleMetric(name);
    if (metric === undefined) throw new Error(`invariant: every shelf has ${name}`);
    const { help, type, values } = await metric.get();
    return { name, help, type: `${type}`, values };
  }
}

/** A metric with its values; `metricName`: how it is called in a line, where that is more than the name. */
export interface Reading {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly {
    readonly metricName?: string;
    readonly labels: Readonly<Partial<Record<string, string | number>>>;
    readonly value: number;
  }[];
}

function keyOf({ pool, environment }: Place): string {
  return environment === "" ? `pool ${pool}` : environment;
}
