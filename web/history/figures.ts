// How much was used of what, over a time and over each day or week of it.
import { GroupBy, type StatsRow } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { environments, insight } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { DAY, dateOf, maybe, midnight } from "../words/time.ts";
import { instant, type Sought, within } from "./search.ts";

export const GROUPS = { environment: GroupBy.ENVIRONMENT, pool: GroupBy.POOL, repository: GroupBy.REPOSITORY } as const;

export type Group = keyof typeof GROUPS;

/** What is to be counted, for what. */
export interface Question extends Pick<Sought, "environment" | "holder" | "from" | "to"> {
  readonly group: Group;
  /** Unless there is a from or to: so many days back. */
  readonly days: number;
}

/** The utilisation of a row; undefined: nothing is known of it. */
type Share = (row: StatsRow) => number | undefined;

/** The figures of each key, the most used first, and its utilisation in each day or week, the earliest first; none where that would be too many. */
export interface Figures {
  readonly rows: readonly StatsRow[];
  readonly used: Share;
  readonly parts: readonly { readonly from: number; readonly title: string; readonly used: Share }[];
  /** From when on anything is known, in ms, if that is within the time. */
  readonly begin: number | undefined;
  /** Since when whoever waits now does, in ms; the first thousand. */
  readonly waits: readonly number[];
}

/** Counts it. Rejects with the server's refusal. */
export async function figuresOf({ environment, holder, from, to, group, days }: Question, signal: AbortSignal): Promise<Figures> {
  const of = async (since: number, until: number | undefined) => {
    const filter = { environment, holder, ...within(since, until) };
    return (await insight.getStats({ filter, groupBy: GROUPS[group] }, { signal })).rows;
  };
  const until = instant(to);
  const back = (from === "" && to === "" ? days - 1 : 7) * DAY;
  const since = instant(from) ?? midnight(midnight(until ?? serverTime()) - back + DAY / 2);
  const { starts, titled } = partsOf(since, until ?? serverTime());
  const queue = environments.listLeases({ filter: { environment, holder, states: [LeaseState.QUEUED] }, pageSize: 1_000 }, { signal });
  const [rows, ...each] = await Promise.all([of(since, until), ...starts.map((start, index) => of(start, starts[index + 1] ?? until))]);
  const begin = Math.min(...rows.map(knownFrom));
  return {
    rows: rows.sort((a, b) => b.utilisation - a.utilisation),
    used: (row) => (knownFrom(row) < (until ?? Infinity) ? row.utilisation : undefined),
    parts: starts.map((start, index) => {
      const shares = new Map(each[index]?.map(({ key, utilisation }) => [key, utilisation]));
      const end = starts[index + 1] ?? until ?? Infinity;
      return { from: start, title: titled(start), used: (row) => (knownFrom(row) < end ? (shares.get(row.key) ?? 0) : undefined) };
    }),
    begin: rows.length > 0 && begin > since ? begin : undefined,
    waits: (await queue).leases
      .map(({ createdAt, notBefore }) => Math.max(maybe(createdAt) ?? 0, maybe(notBefore) ?? 0))
      .filter((at) => at <= serverTime()),
  };
}

function knownFrom({ coversFrom }: StatsRow): number {
  return maybe(coversFrom) ?? 0;
}

/** So many parts are counted of a time. */
const PARTS = 9;

/** Where the days of a time begin, or its weeks, if it has too many days. By the calendar: a day of a change of the clock has 23 or 25 hours. */
function partsOf(since: number, until: number) {
  const weeks = until - since > (PARTS - 1) * DAY;
  const starts: number[] = [];
  for (let at = since; at < until && starts.length <= PARTS; at = midnight(midnight(at) + (weeks ? 7.5 : 1.5) * DAY)) starts.push(at);
  const titled = (at: number) => (weeks ? `from ${dateOf(at).replace(/^\w+ /, "")}` : dateOf(at).replace(/ \D+$/, ""));
  return { starts: starts.length > 1 && starts.length <= PARTS ? starts : [], titled };
}
