// What somebody should look at, as the environments themselves tell it.
import { computed } from "@preact/signals";
import { EnvironmentState, type EnvironmentStatus, type Occupant } from "../../gen/ts/callme/v1/types_pb.ts";
import { minute } from "../state/clock.ts";
import { allRows } from "../state/rows.ts";
import { isOffered } from "../words/ends.ts";
import { HOUR, MINUTE, maybe } from "../words/time.ts";

/** Ends within a quarter of an hour. */
const SOON = 15 * MINUTE;
/** Cleaning that takes longer than this is stuck, most likely. */
const STUCK = HOUR;

const inState = (...states: readonly EnvironmentState[]) => computed(() => allRows().filter(({ state }) => states.includes(state)));

/** Put aside until somebody has looked at it. */
export const quarantined = inState(EnvironmentState.QUARANTINED);

const maintained = inState(EnvironmentState.MAINTENANCE);

const endOf = ({ stateUntil }: EnvironmentStatus) => maybe(stateUntil) ?? 0;

/** Out of order: a job has released it as broken, or an operator has taken it out of service. First those that nobody has set an end for. */
export const outOfOrder = computed(() => maintained.value.toSorted((a, b) => endOf(a) - endOf(b)));

const unclean = inState(EnvironmentState.DIRTY, EnvironmentState.CLEANING);

/** Waits for a cleaner, or is being cleaned for long. */
export const stuck = computed(() =>
  unclean.value.filter(({ holders: [cleaner] }) => cleaner === undefined || minute.value - (maybe(cleaner.since) ?? 0) > STUCK),
);

/** An environment, and who on it is meant. */
export interface Meant {
  readonly name: string;
  readonly who: Occupant;
  readonly at: number;
}

/** Whose latest end is near: no renewal goes beyond it. The nearest first. */
export const ending = computed(() =>
  allRows()
    .flatMap(({ name, holders }) =>
      holders.map((who): Meant => ({ name, who, at: (isOffered(who) ? undefined : maybe(who.latestEnd)) ?? Infinity })),
    )
    .filter(({ at }) => at - minute.value <= SOON)
    .sort((a, b) => a.at - b.at),
);

/** Whether it serves nobody until somebody does something: what has an end comes back by itself. */
export function isConcern({ state, stateUntil }: EnvironmentStatus): boolean {
  return state !== EnvironmentState.MAINTENANCE || stateUntil === undefined;
}

/** What serves nobody until somebody does something. */
export const concerns = computed(() => [...quarantined.value, ...maintained.value, ...stuck.value].filter(isConcern));
