import { useSignal } from "@preact/signals";
import { EventKindSchema } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentStateSchema, type Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { hard } from "../parts/events.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { At } from "../parts/times.tsx";
import { type Outage, present, type Use, UseList } from "../parts/uses.tsx";
import { minute, today } from "../state/clock.ts";
import { choose, route } from "../state/route.ts";
import { spoken } from "../words/enums.ts";
import { clockTime, DAY, dateOf, HOUR, midnight, spell } from "../words/time.ts";
import { nameOf } from "../words/who.ts";
import { lanes, pastOf } from "./timeline-data.ts";

interface Given {
  readonly environment: string;
  readonly capacity: number;
  readonly holding: readonly Lease[];
  /** Asked anew when it is another. */
  readonly by: number;
}

const HEIGHT = 16;
const LANES = 8;
/** What begins further to the right, in percent of the width, has no words: a small screen would cut them. */
const CUT = 88;
/** A bar is no narrower, in percent of the width. */
const LEAST = 0.25;

/** Who had it in the last day or week: drawn, and the same as a table beneath. */
export function Timeline(given: Given) {
  const week = route.value.query.get("span") === "7d";
  const back = week ? 7 * DAY : DAY;
  return (
    <section>
      <div class="above">
        <h2>Timeline</h2>
        <button type="button" aria-pressed={!week} onClick={() => choose({ span: "" })}>
          24 h
        </button>
        <button type="button" aria-pressed={week} onClick={() => choose({ span: "7d" })}>
          7 d
        </button>
      </div>
      <Shown key={back} back={back} {...given} />
    </section>
  );
}

/** Of another span nothing is shown: what was read of it is not of this one. */
function Shown({ environment, capacity, holding, by, back }: Given & { readonly back: number }) {
  const { value: past, trouble } = useLoaded((signal) => pastOf(environment, back, signal), [by]).value;
  const open = useSignal(false);
  if (past === undefined) return trouble === "" ? <p class="quiet">Reading…</p> : <p role="alert">{trouble}</p>;
  const { outages, missing } = past;
  const uses = [...present(holding, environment), ...past.uses];
  return (
    <>
      <Drawing uses={uses} outages={outages} missing={missing} back={back} capacity={capacity} />
      <p class="quiet">
        {missing === undefined ? null : (
          <>
            Hatched: what was before <At at={missing} /> is not known, or is too much to show.{" "}
          </>
        )}
        {uses.some(isHard) ? "Red: expired or force-released. " : ""}
        {outages.length === 0 ? "" : "Dashed: out of service."}
      </p>
      <details
        class="beneath"
        onToggle={({ currentTarget }) => {
          open.value = currentTarget.open;
        }}
      >
        <summary>The same as a table</summary>
        {open.value ? <UseList of={[...uses, ...outages].sort((a, b) => b.from - a.from)} /> : null}
      </details>
    </>
  );
}

interface Drawn {
  readonly uses: readonly Use[];
  readonly outages: readonly Outage[];
  readonly missing: number | undefined;
  readonly back: number;
  readonly capacity: number;
}

function Drawing({ uses, outages, missing, back, capacity }: Drawn) {
  const until = minute.value;
  const since = until - back;
  const x = (at: number) => Math.min(100, Math.max(0, (100 * (at - since)) / back));
  const drawn = lanes(
    uses.filter(({ to }) => (to ?? until) > since),
    Math.min(LANES, Math.max(1, capacity)),
  );
  const rows = 1 + Math.max(0, ...drawn.map(({ lane }) => lane));
  const height = rows * HEIGHT;
  const held = uses.length === 1 ? "1 lease" : `${uses.length} leases`;
  const place = (from: number, to: number | undefined) => {
    const width = Math.max(LEAST, x(to ?? until) - x(from));
    return { x: `${Math.min(100 - width, x(from))}%`, width: `${width}%` };
  };
  return (
    <svg
      class="timeline"
      width="100%"
      height={height + 18}
      role="img"
      aria-label={`${held} in the last ${spell(back)}; the table beneath has them`}
    >
      {ticks(since, until).map(({ at, words }) => (
        <g key={at}>
          <line x1={`${x(at)}%`} x2={`${x(at)}%`} y1="0" y2={height + 3} />
          {x(at) > CUT ? null : (
            <text x={`${x(at)}%`} y={height + 14} dx="3">
              {words}
            </text>
          )}
        </g>
      ))}
      {missing === undefined ? null : (
        <>
          <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">
            <path d="M0 6L6 0" />
          </pattern>
          <rect class="unknown" width={`${x(missing)}%`} height={height} />
        </>
      )}
      {outages.map((outage) => (
        <rect key={outage.from} class="outage" y="0" height={height} {...place(outage.from, outage.to)}>
          <title>{`${spoken(EnvironmentStateSchema, outage.state)}, ${outage.reason}\n${term(outage)}`}</title>
        </rect>
      ))}
      {drawn.map(({ use, lane }) => (
        <rect
          key={use.lease}
          class={`use ${isHard(use) ? "hard" : ""}`}
          y={lane * HEIGHT + 2}
          height={HEIGHT - 4}
          {...place(use.from, use.to)}
        >
          <title>{`${nameOf(use.who, "somebody unnamed")}\n${term(use)}${use.to === undefined ? "" : `, ${spoken(EventKindSchema, use.end)}`}`}</title>
        </rect>
      ))}
    </svg>
  );
}

function isHard({ end, who: { holder } }: Use): boolean {
  return hard({ kind: end, holder });
}

function term({ from, to }: Pick<Use, "from" | "to">): string {
  const end = to === undefined ? "now" : clockTime(to, today.value);
  return `${clockTime(from, today.value)} to ${end}, ${spell((to ?? minute.value) - from)}`;
}

/** Midnights, and within one day every three hours. */
function ticks(since: number, until: number): { readonly at: number; readonly words: string }[] {
  const step = until - since > DAY ? DAY : 3 * HOUR;
  const found = [];
  for (let at = midnight(since); at < until; at += step) {
    const words = step === DAY ? dateOf(at).replace(/ \D+$/, "") : clockTime(at, at);
    if (at > since) found.push({ at, words });
  }
  return found;
}
