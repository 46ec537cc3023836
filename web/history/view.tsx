import { useSignal } from "@preact/signals";
import type { TargetedEvent } from "preact";
import type { Event } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { by, EventList, heldFor, what } from "../parts/events.tsx";
import { textIn } from "../parts/fields.tsx";
import { Older } from "../parts/gathered.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { At } from "../parts/times.tsx";
import { UseList } from "../parts/uses.tsx";
import { serverTime } from "../state/clock.ts";
import { choose, route } from "../state/route.ts";
import { allRows, complete, statusOf } from "../state/rows.ts";
import { csv, inSeconds } from "../words/csv.ts";
import { maybe } from "../words/time.ts";
import { nameOf } from "../words/who.ts";
import { File } from "./file.tsx";
import { instant, type Sought, search, soughtIn, wrongIn } from "./search.ts";
import { Statistics } from "./statistics.tsx";

/** What happened, by what is looked for; and how much the environments are used. */
export function HistoryView() {
  const sought = soughtIn(route.value.query);
  const counts = route.value.query.get("show") === "use";
  const wrong = wrongIn(sought);
  return (
    <main>
      <div class="head">
        <h1>History</h1>
        <nav class="acts" aria-label="What to look at">
          <button type="button" aria-pressed={!counts} onClick={() => choose({ show: "" })}>
            What happened
          </button>
          <button type="button" aria-pressed={counts} onClick={() => choose({ show: "use" })}>
            How much they are used
          </button>
        </nav>
      </div>
      <Search sought={sought} fields={counts ? COUNTED : FIELDS} />
      {wrong === "" ? null : <p role="alert">{wrong}</p>}
      {wrong !== "" ? null : counts ? <Statistics sought={sought} /> : <Events key={JSON.stringify(sought)} sought={sought} />}
    </main>
  );
}

/** A file has so many times what is shown at first. */
const FILED = 50;

/** What was found of this, and of nothing that was looked for before. */
function Events({ sought }: { readonly sought: Sought }) {
  const reach = useSignal(1);
  const isAhead = (instant(sought.at) ?? 0) > serverTime();
  const { value: found, trouble } = useLoaded((signal) => search(sought, reach.value, signal), [reach.value]).value;
  const text = async () => eventsAsCsv((await search(sought, FILED, new AbortController().signal)).events);
  return (
    <>
      {trouble === "" ? null : <p role="alert">{trouble}</p>}
      {sought.at === "" || found === undefined ? null : (
        <section>
          <h2>Who had it at that time</h2>
          {found.holding.length === 0 ? (
            <p class="quiet">{isAhead ? "That time is ahead." : found.begin === undefined ? "Nobody had it." : "That is not known."}</p>
          ) : (
            <UseList of={found.holding} named />
          )}
          {found.holdingMore ? <p class="quiet">There are more: name an environment.</p> : null}
        </section>
      )}
      <section>
        <div class="above">
          <h2>{sought.at === "" ? "What happened" : "What happened half an hour around it"}</h2>
          <File name="call-me-events.csv" title="The newest 10,000 that are found" text={text} />
        </div>
        {found === undefined ? <p class="quiet">{trouble === "" ? "Reading…" : ""}</p> : <EventList events={found.events} named />}
        {found?.events.length === 0 && sought.environment !== "" && complete.value && statusOf(sought.environment) === undefined ? (
          <p class="quiet">There is no environment “{sought.environment}” now, or none that you may see.</p>
        ) : null}
        {found?.more ? (
          <Older
            onClick={() => {
              reach.value += 1;
            }}
          />
        ) : null}
        {found?.begin === undefined ? null : (
          <p class="quiet">
            The history goes back to <At at={found.begin} />.
          </p>
        )}
      </section>
    </>
  );
}

const TITLES: Readonly<Record<keyof Sought, string>> = {
  environment: "Environment",
  holder: "Holder",
  repository: "Repository",
  at: "At",
  from: "From",
  to: "Until",
};

const FIELDS = Object.keys(TITLES) as (keyof Sought)[];
/** What figures can be counted by. */
const COUNTED: readonly (keyof Sought)[] = ["environment", "holder", "from", "to"];
/** Those that are times. */
const MOMENTS: readonly string[] = ["at", "from", "to"];

/** So many are offered. */
const OFFERED = 20;

/** Names that are known now and have the text in them. */
function namesLike(field: string, text: string): readonly string[] {
  const of = ({ name, holders, next }: EnvironmentStatus) => {
    if (field === "environment") return [name];
    return [...holders, next].map((one) => one?.holder?.[field === "holder" ? "name" : "repository"] ?? "");
  };
  const found = new Set(allRows().flatMap(of));
  return [...found].filter((one) => one !== "" && one.toLowerCase().includes(text.toLowerCase())).slice(0, OFFERED);
}

function Search({ sought, fields }: { readonly sought: Sought; readonly fields: readonly (keyof Sought)[] }) {
  const known = useSignal<readonly string[]>([]);
  const offer = ({ currentTarget: { name, value } }: TargetedEvent<HTMLInputElement>) => {
    known.value = namesLike(name, value);
  };
  const send = (form: HTMLFormElement) => {
    const given = new FormData(form);
    const chosen = Object.fromEntries(fields.map((name) => [name, textIn(given, name)]));
    choose(chosen["at"] ? { ...chosen, from: "", to: "" } : chosen);
  };
  return (
    <search>
      <form
        class="search"
        key={JSON.stringify(sought)}
        onSubmit={(event) => {
          event.preventDefault();
          send(event.currentTarget);
        }}
      >
        <datalist id="known">
          {known.value.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
        {fields.map((name) => (
          <div class="field" key={name}>
            <label for={`sought-${name}`}>{TITLES[name]}</label>
            {MOMENTS.includes(name) ? (
              <input id={`sought-${name}`} name={name} type="datetime-local" defaultValue={sought[name]} />
            ) : (
              <input
                id={`sought-${name}`}
                name={name}
                defaultValue={sought[name]}
                autocomplete="off"
                spellcheck={false}
                list="known"
                onFocus={offer}
                onInput={offer}
              />
            )}
          </div>
        ))}
        <button type="submit" class="main">
          Search
        </button>
        <button type="button" onClick={() => choose(Object.fromEntries(FIELDS.map((name) => [name, ""])))}>
          Clear
        </button>
      </form>
    </search>
  );
}

function eventsAsCsv(events: readonly Event[]): string {
  const heading = ["Time (UTC)", "Environment", "What", "Whose", "Held for (s)", "By", "Reason", "Pool", "Lease", "Repository", "Run"];
  const rows = events.map((event) => {
    const { time, environment, subject, leaseId, holder, pool } = event;
    return [
      new Date(maybe(time) ?? 0).toISOString(),
      environment || subject,
      what(event),
      leaseId === "" ? "" : nameOf(event, ""),
      inSeconds(heldFor(event)),
      by(event),
      event.reason,
      pool,
      leaseId,
      holder?.repository ?? "",
      holder?.runUrl ?? "",
    ];
  });
  return csv([heading, ...rows]);
}
