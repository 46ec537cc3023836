/** The columns of a table: what is told of a contestant, and how. */
import { median, ratio, type Sample } from "./rounds.ts";
import { figure } from "./table.ts";

export interface Column {
  readonly head: string;
  /** `to`: what the contestant is compared with. */
  readonly cell: (own: readonly Sample[], to: readonly Sample[]) => string;
}

const middle = (pick: (sample: Sample) => number) => (own: readonly Sample[]) => figure(median(own.map(pick)));
const percent = (pick: (sample: Sample) => number) => (own: readonly Sample[]) => {
  const share = Math.round(100 * median(own.map(pick)));
  return Number.isNaN(share) ? "–" : share.toString();
};
/** A load that has no time left measures itself. */
const loadShare = (own: readonly Sample[]) => {
  const share = percent(({ load }) => load)(own);
  return Number(share) >= 95 ? `${share}: THE LIMIT` : share;
};
const between = (own: readonly Sample[], to: readonly Sample[], pick: (sample: Sample) => number) => ratio(own.map(pick), to.map(pick));
const latencies: readonly Column[] = [
  { head: "p50, ms", cell: middle(({ p50 }) => p50) },
  { head: "p99, ms", cell: middle(({ p99 }) => p99) },
];

/** How often something is done, by contestants that all do as much as they can. */
export function rates(unit: string, yardstick: string): readonly Column[] {
  return [
    { head: `× ${yardstick}`, cell: (own, to) => figure(between(own, to, ({ rate }) => rate)) },
    { head: "by CPU", cell: (own, to) => figure(1 / between(own, to, ({ cpu }) => cpu)) },
    { head: `${unit}/s`, cell: middle(({ rate }) => rate) },
    { head: "µs of CPU each", cell: middle(({ cpu }) => cpu) },
    { head: "its core, %", cell: percent(({ busy }) => busy) },
    { head: "the load's core, %", cell: loadShare },
    ...latencies,
  ];
}

/** How long one thing takes, in times of how long it takes with another. */
export function times(yardstick: string): readonly Column[] {
  return [
    { head: `p50 to ${yardstick}'s`, cell: (own, to) => figure(between(own, to, ({ p50 }) => p50)) },
    { head: `p99 to ${yardstick}'s`, cell: (own, to) => figure(between(own, to, ({ p99 }) => p99)) },
    ...latencies,
  ];
}
