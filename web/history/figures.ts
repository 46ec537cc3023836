// How much was used of what, over a time and over each day or week of it.
import { GroupBy, type StatsRow } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { insight } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { DAY, dateOf, midnight } from "../words/time.ts";
import { instant, type Sought, within } from "./search.ts";

export const GROUPS = { environment: GroupBy.ENVIRONMENT, pool: GroupBy.POOL, repository: GroupBy.REPOSITORY } as const;

export type Group = keyof typeof GROUPS;

/** What is to be counted, for what. */
export interface Question extends Pick<Sought, "environment" | "holder" | "from" | "to"> {
  readonly group: Group;
  /** Unless there is a from or to: so many days back. */
  readonly days: number;
}

/** The figures of each key, and its utilisation in each day or week, the earliest first; none where that would be too many. */
export interface Figures {
  readonly rows: readonly StatsRow[];
  readonly parts: readonly { readonly from: number; readonly title: string; readonly used: ReadonlyMap<string, number> }[];
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
  const [rows, ...each] = await Promise.all([of(since, until), ...starts.map((start, index) => of(start, starts[index + 1] ?? until))]);
  return {
    rows,
    parts: starts.map((start, index) => ({
      from: start,
      title: titled(start),
      used: new Map(each[index]?.map(({ key, utilisation }) => [key, utilisation])),
    })),
  };
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
