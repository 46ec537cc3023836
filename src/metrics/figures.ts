/** What an environment has at a moment: pure reads of a pool. */
import type { EnvironmentState } from "../core/model/environment.ts";
import type { Pool, Site } from "../core/model/pool.ts";
import { waitsSince } from "../core/model/reservation.ts";
import { seekingLine } from "../core/model/seekers.ts";
import { freeSlots, queueLength, restingSlots, usedSlots } from "../core/model/site.ts";
import type { Micros } from "../core/model/units.ts";
import { nextOn } from "../core/view.ts";

/** What a slot is: of an environment that is out of service those that nobody uses are what the environment is. */
export type SlotState = "used" | "resting" | "free" | Lowercase<Exclude<EnvironmentState, "AVAILABLE">>;
export const SLOT_STATES: readonly SlotState[] = [
  ...(["used", "resting", "free"] as const),
  ...(["draining", "maintenance", "dirty", "cleaning", "quarantined"] as const),
];

/** The line and the slots of one environment, or of several together. */
export interface Figures {
  readonly line: number;
  /** For how many seconds the first one has waited; 0: nobody waits. */
  readonly oldest: number;
  readonly slots: Readonly<Partial<Record<SlotState, number>>>;
}

export const NO_FIGURES: Figures = { line: 0, oldest: 0, slots: {} };

/** Of one environment of a pool. */
export function figuresOf(pool: Pool, site: Site, now: Micros): Figures {
  const first = nextOn(pool, site);
  const { state, config } = site.environment;
  const [used, resting] = [usedSlots(site), restingSlots(site)];
  const out = state === "AVAILABLE" ? {} : { [state.toLowerCase()]: Math.max(0, config.capacity - used - resting) };
  return {
    line: queueLength(site) + seekingLine(pool, site).size,
    oldest: first === undefined ? 0 : Math.max(0, now - waitsSince(first)) / 1_000_000,
    slots: { used, resting, free: freeSlots(site), ...out },
  };
}

/** Of both together. */
export function together(a: Figures, b: Figures): Figures {
  const slots: Partial<Record<SlotState, number>> = { ...a.slots };
  for (const state of SLOT_STATES) {
    const more = b.slots[state];
    if (more !== undefined) slots[state] = (slots[state] ?? 0) + more;
  }
  return { line: a.line + b.line, oldest: Math.max(a.oldest, b.oldest), slots };
}
