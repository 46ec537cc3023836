import { GroupBy, type Spread, type StatsRow } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { type Field, List } from "../parts/list.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { insight } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { addressOf, choose, route } from "../state/route.ts";
import { DAY, dateOf, maybe, midnight, spanOf, spell } from "../words/time.ts";
import { csv, download } from "./csv.ts";

const GROUPS = { environment: GroupBy.ENVIRONMENT, pool: GroupBy.POOL, repository: GroupBy.REPOSITORY } as const;
const DAYS = [1, 7] as const;

type Group = keyof typeof GROUPS;

/** The figures of each key, and its utilisation on each day, the earliest first. */
interface Figures {
  readonly rows: readonly StatsRow[];
  readonly days: readonly { readonly from: number; readonly used: ReadonlyMap<string, number> }[];
}

async function figuresOf(environment: string, group: Group, days: number, signal: AbortSignal): Promise<Figures> {
  const today = midnight(serverTime());
  const of = async (from: number, until: number | undefined) => {
    const filter = { environment, since: spanOf(from), ...(until !== undefined && { until: spanOf(until) }) };
    return (await insight.getStats({ filter, groupBy: GROUPS[group] }, { signal })).rows;
  };
  // By the calendar, since a day of a change of the clock has 23 or 25 hours.
  const starts = Array.from({ length: days }, (_, index) => midnight(today - (days - 1 - index) * DAY + DAY / 2));
  const [rows, ...each] = await Promise.all([
    of(starts[0] ?? today, undefined),
    ...starts.map((from, index) => of(from, starts[index + 1])),
  ]);
  return {
    rows,
    days: starts.map((from, index) => ({ from, used: new Map(each[index]?.map(({ key, utilisation }) => [key, utilisation])) })),
  };
}

/** How much the environments were used, and how long people waited. */
export function Statistics({ environment }: { readonly environment: string }) {
  const { query } = route.value;
  const group = (query.get("by") ?? "environment") as Group;
  const days = Number(query.get("days") ?? 7);
  const { value, trouble } = useLoaded(
    (signal) => figuresOf(environment, group in GROUPS ? group : "environment", days, signal),
    [environment, group, days],
  ).value;
  return (
    <section>
      <div class="above">
        <h2 class="unseen">How much they are used</h2>
        {DAYS.map((count) => (
          <button type="button" key={count} aria-pressed={days === count} onClick={() => choose({ days: count === 7 ? "" : `${count}` })}>
            {count === 1 ? "today" : `${count} d`}
          </button>
        ))}
        <label>
          by{" "}
          <select
            value={group}
            onChange={({ currentTarget }) => choose({ by: currentTarget.value === "environment" ? "" : currentTarget.value })}
          >
            {Object.keys(GROUPS).map((name) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
        <button type="button" disabled={value === undefined} onClick={() => value && download("call-me-statistics.csv", asCsv(value))}>
          CSV
        </button>
      </div>
      {trouble === "" ? null : <p role="alert">{trouble}</p>}
      {value === undefined ? <p class="quiet">Counting…</p> : <FigureTable figures={value} linked={group === "environment"} />}
    </section>
  );
}

/** So many rows are shown; the file has all. */
const MOST = 200;

function FigureTable({ figures: { rows, days }, linked }: { readonly figures: Figures; readonly linked: boolean }) {
  const used = [...rows].sort((a, b) => b.utilisation - a.utilisation);
  const perDay = days.length === 1 ? [] : days;
  const fields: Field<StatsRow>[] = [
    { title: "Name", cell: ({ key }) => (linked ? <a href={addressOf(key)}>{key}</a> : key || "none") },
    { title: "Grants", cell: ({ grants }) => `${grants}` },
    { title: "Used", cell: ({ utilisation }) => <Share of={utilisation} /> },
    ...perDay.map(({ from, used: on }) => ({
      title: dateOf(from).replace(/ \D+$/, ""),
      class: "day",
      cell: ({ key }: StatsRow) => <Share of={on.get(key) ?? 0} />,
    })),
    { title: "Wait p50", cell: ({ wait }) => length(wait, "p50") },
    { title: "Wait p95", cell: ({ wait }) => length(wait, "p95") },
    { title: "Hold p50", cell: ({ hold }) => length(hold, "p50") },
    { title: "Hold p95", cell: ({ hold }) => length(hold, "p95") },
    { title: "Expired", cell: ({ expired }) => count(expired) },
    { title: "Forced", cell: ({ forced }) => count(forced) },
    { title: "Vanished", cell: ({ abandoned }) => count(abandoned) },
  ];
  return (
    <>
      <List class="figures" of={used.slice(0, MOST)} fields={fields} id={({ key }) => key} />
      {used.length > MOST ? (
        <p class="quiet">
          The {MOST} that are used most, of {used.length}; the CSV file has all.
        </p>
      ) : null}
    </>
  );
}

/** A share as a figure, with a bar beneath that is as long. */
function Share({ of }: { readonly of: number }) {
  return (
    <span class="share">
      {of === 0 ? <span class="quiet">0</span> : `${of < 0.01 ? "<1" : Math.round(of * 100)}`}%
      <svg width="100%" height="3" aria-hidden="true">
        <rect width={`${Math.min(1, of) * 100}%`} height="3" />
      </svg>
    </span>
  );
}

function length(spread: Spread | undefined, which: "p50" | "p95"): string {
  const ms = maybe(spread?.[which]);
  return ms === undefined ? "" : spell(ms);
}

function count(times: bigint): string {
  return times === 0n ? "" : times.toString();
}

function asCsv({ rows, days }: Figures): string {
  const spread = (one: Spread | undefined) =>
    [one?.p50, one?.p95, one?.max].map((each) => (each === undefined ? "" : `${(maybe(each) ?? 0) / 1_000}`));
  const date = (at: number) => new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
  const heading = ["key", "grants", "utilisation", ...days.map(({ from }) => `utilisation ${date(from)}`)];
  const lengths = ["wait", "hold"].flatMap((name) => ["p50", "p95", "max"].map((which) => `${name} ${which} s`));
  return csv([
    [...heading, ...lengths, "expired", "forced", "abandoned"],
    ...rows.map((row) => [
      row.key,
      `${row.grants}`,
      row.utilisation.toFixed(4),
      ...days.map(({ used }) => (used.get(row.key) ?? 0).toFixed(4)),
      ...spread(row.wait),
      ...spread(row.hold),
      `${row.expired}`,
      `${row.forced}`,
      `${row.abandoned}`,
    ]),
  ]);
}
