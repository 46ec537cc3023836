import type { Spread, StatsRow } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { type Field, List } from "../parts/list.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { At } from "../parts/times.tsx";
import { now } from "../state/clock.ts";
import { addressOf, choose, route } from "../state/route.ts";
import { csv, inSeconds } from "../words/csv.ts";
import { MINUTE, maybe, spell } from "../words/time.ts";
import { type Figures, figuresOf, GROUPS, type Group, type Question } from "./figures.ts";
import { File } from "./file.tsx";
import type { Sought } from "./search.ts";

/** Ways back from now, in days. */
const DAYS = [1, 7, 28] as const;

/** How much the environments were used, and how long people waited. */
export function Statistics({ sought }: { readonly sought: Sought }) {
  const { query } = route.value;
  const asked = query.get("by") ?? "";
  const group = Object.hasOwn(GROUPS, asked) ? (asked as Group) : "environment";
  const bounded = sought.from !== "" || sought.to !== "";
  const days = DAYS.find((count) => `${count}` === query.get("days")) ?? 7;
  const { environment, holder, from, to } = sought;
  const question = { environment, holder, from, to, group, days };
  return (
    <section class="above">
      <h2 class="unseen">How much they are used</h2>
      {DAYS.map((count) => (
        <button
          type="button"
          key={count}
          aria-pressed={!bounded && days === count}
          onClick={() => choose({ days: count === 7 ? "" : `${count}`, from: "", to: "" })}
        >
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
      <Answer key={JSON.stringify(question)} question={question} />
    </section>
  );
}

/** The answer to this question, and to none that was asked before. */
function Answer({ question }: { readonly question: Question }) {
  const { value, trouble } = useLoaded((signal) => figuresOf(question, signal), []).value;
  if (value === undefined) return trouble === "" ? <p class="quiet">Counting…</p> : <p role="alert">{trouble}</p>;
  return (
    <>
      <File name="call-me-statistics.csv" text={async () => asCsv(value)} />
      <FigureTable figures={value} linked={question.group === "environment"} />
    </>
  );
}

/** So many rows are shown; the file has all. */
const MOST = 200;

function FigureTable({ figures, linked }: { readonly figures: Figures; readonly linked: boolean }) {
  const { rows, parts, used, begin, waits } = figures;
  const fields: Field<StatsRow>[] = [
    { title: "Name", cell: ({ key }) => (linked ? <a href={addressOf(key)}>{key}</a> : key || "none") },
    { title: "Grants", cell: ({ grants }) => `${grants}` },
    { title: "Used", cell: (row) => <Share of={used(row)} /> },
    ...parts.map((part) => ({
      title: part.title,
      class: "day",
      cell: (row: StatsRow) => <Share of={part.used(row)} />,
    })),
    ...LENGTHS.map(([title, which, rank]) => ({ title, cell: (row: StatsRow) => length(row[which], rank) })),
    { title: "Expired", cell: ({ expired }) => count(expired) },
    { title: "Forced", cell: ({ forced }) => count(forced) },
    { title: "Vanished", cell: ({ abandoned }) => count(abandoned) },
  ];
  return (
    <>
      <p class="quiet">
        {begin === undefined ? null : (
          <>
            Counted from <At at={begin} /> on: nothing is known of what was before.{" "}
          </>
        )}
        Waits are of those who were served.{" "}
        {waits.length === 0
          ? "Nobody waits now."
          : `Now ${waits.length === 1 ? "1 waits" : `${waits.length} wait`}, the longest for ${spell(now.value - Math.min(...waits))}.`}
      </p>
      <List class="figures" of={rows.slice(0, MOST)} fields={fields} id={({ key }) => key} />
      {rows.length > MOST ? (
        <p class="quiet">
          The {MOST} that are used most, of {rows.length}; the CSV file has all.
        </p>
      ) : null}
    </>
  );
}

/** Lengths of a row, by how many took no longer. */
const LENGTHS = [
  ["Half waited within", "wait", "p50"],
  ["95 % waited within", "wait", "p95"],
  ["Half held within", "hold", "p50"],
  ["95 % held within", "hold", "p95"],
] as const;

/** A share as a figure, with a bar beneath that is as long. */
function Share({ of }: { readonly of: number | undefined }) {
  if (of === undefined) return <span title="Not known">–</span>;
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

function asCsv({ rows, parts, used }: Figures): string {
  const share = (of: number | undefined) => of?.toFixed(4) ?? "";
  const date = (at: number) => new Date(at - new Date(at).getTimezoneOffset() * MINUTE).toISOString().slice(0, 10);
  return csv([
    [
      ...["Name", "Grants", "Used", ...parts.map(({ from }) => `Used ${date(from)}`)],
      ...LENGTHS.map(([title]) => `${title} (s)`),
      ...["Expired", "Forced", "Vanished"],
    ],
    ...rows.map((row) => [
      row.key,
      `${row.grants}`,
      share(used(row)),
      ...parts.map((part) => share(part.used(row))),
      ...LENGTHS.map(([, which, rank]) => inSeconds(maybe(row[which]?.[rank]))),
      `${row.expired}`,
      `${row.forced}`,
      `${row.abandoned}`,
    ]),
  ]);
}
