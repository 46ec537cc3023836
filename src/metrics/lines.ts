/** The series of environments as lines of the text format of Prometheus. */

import { LONG, type Spans } from "./counts.ts";
import { type Figures, SLOT_STATES } from "./figures.ts";
import type { Series } from "./series.ts";

/** A metric that each environment has. */
export interface Family {
  /** What stands before the first line. */
  readonly head: string;
  lines(series: Series, figures: Figures): string;
}

function headOf(name: string, type: "counter" | "gauge" | "histogram", help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function histogram(name: string, help: string, of: (series: Series) => Spans): Family {
  return {
    head: headOf(name, "histogram", help),
    lines: (series) => {
      const { labels } = series;
      const { buckets, sum } = of(series);
      let [text, total] = ["", 0];
      for (const [bucket, count] of buckets.entries()) {
        total += count;
        text += `${name}_bucket{${labels},le="${LONG[bucket] ?? "+Inf"}"} ${total}\n`;
      }
      return `${text}${name}_sum{${labels}} ${sum}\n${name}_count{${labels}} ${total}\n`;
    },
  };
}

function gauge(name: string, help: string, of: (figures: Figures) => number): Family {
  return { head: headOf(name, "gauge", help), lines: ({ labels }, figures) => `${name}{${labels}} ${of(figures)}\n` };
}

/** One line for each value of a label more. */
function split(
  type: "counter" | "gauge",
  name: string,
  label: string,
  help: string,
  of: (series: Series, figures: Figures) => readonly (readonly [string, number])[],
): Family {
  return {
    head: headOf(name, type, help),
    lines: (series, figures) => {
      let text = "";
      for (const [value, count] of of(series, figures)) text += `${name}{${series.labels},${label}="${value}"} ${count}\n`;
      return text;
    },
  };
}

/** All of them, in the order in which they are told. */
export const FAMILIES: readonly Family[] = [
  histogram("callme_wait_seconds", "How long leases have waited in line until somebody held them.", ({ told }) => told.waits),
  histogram("callme_hold_seconds", "How long leases that have ended were held.", ({ told }) => told.holds),
  split("counter", "callme_grants_total", "purpose", "Grants, by what they are for.", ({ told }) => Object.entries(told.grants)),
  split("counter", "callme_lease_ended_total", "reason", "Leases that have ended, by why.", ({ told }) => Object.entries(told.ends)),
  gauge("callme_line_length", "Leases that wait in line.", ({ line }) => line),
  gauge("callme_line_oldest_seconds", "For how long the first one in line has waited; 0: nobody waits.", ({ oldest }) => oldest),
  split("gauge", "callme_slots", "state", "Slots, by what they are.", (_, { slots }) =>
    SLOT_STATES.flatMap((state) => (slots[state] === undefined ? [] : [[state, slots[state]] as const])),
  ),
];
