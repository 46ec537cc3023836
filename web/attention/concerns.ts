// What somebody should look at, as the environments themselves tell it.
import { computed } from "@preact/signals";
import { EnvironmentState, type EnvironmentStatus, type Occupant } from "../../gen/ts/callme/v1/types_pb.ts";
import { now } from "../state/clock.ts";
import { allRows } from "../state/rows.ts";
import { firstToEnd, latest } from "../words/ends.ts";
import { HOUR, MINUTE, maybe } from "../words/time.ts";

const all = computed(allRows);
/** Ends within a quarter of an hour. */
const SOON = 15 * MINUTE;
/** So many of the longest waits. */
const WAITS = 10;
/** Cleaning that takes longer than this is stuck, most likely. */
const STUCK = HOUR;

const inState = (...states: readonly EnvironmentState[]) => computed(() => all.value.filter(({ state }) => states.includes(state)));

/** Put aside until somebody has looked at it. */
export const quarantined = inState(EnvironmentState.QUARANTINED);

/** Out of order until somebody says otherwise: a job has released it as broken, or an operator has taken it out of service. */
export const broken = computed(() =>
  all.value.filter(({ state, stateUntil }) => state === EnvironmentState.MAINTENANCE && stateUntil === undefined),
);

const unclean = inState(EnvironmentState.DIRTY, EnvironmentState.CLEANING);

/** Waits for a cleaner, or is being cleaned for long. */
export const stuck = computed(() =>
  unclean.value.filter(({ holders: [cleaner] }) => cleaner === undefined || now.value - (maybe(cleaner.since) ?? 0) > STUCK),
);

/** An environment, and who on it is meant. */
export interface Meant {
  readonly status: EnvironmentStatus;
  readonly who: Occupant;
}

/** Whose latest end is near: no renewal goes beyond it. The nearest first. */
export const ending = computed(() => {
  const near = all.value.flatMap((status): (Meant & { readonly at: number })[] => {
    const who = firstToEnd(status);
    const at = maybe(who && latest(who));
    return who?.latestEnd === undefined || at === undefined || at - now.value > SOON ? [] : [{ status, who, at }];
  });
  return near.sort((a, b) => a.at - b.at);
});

/** Who has waited for longest. */
export const waiting = computed(() => {
  const waits = all.value.flatMap((status): Meant[] => (status.next === undefined ? [] : [{ status, who: status.next }]));
  const since = ({ who }: Meant) => maybe(who.since) ?? 0;
  return waits.sort((a, b) => since(a) - since(b)).slice(0, WAITS);
});

/** What serves nobody until somebody does something. */
export const concerns = computed(() => [...quarantined.value, ...broken.value, ...stuck.value]);
