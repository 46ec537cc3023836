import type { Event } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EventKindSchema } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { by, EventList, held } from "../parts/events.tsx";
import { textIn } from "../parts/fields.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { serverTime } from "../state/clock.ts";
import { choose, route } from "../state/route.ts";
import { spoken } from "../words/enums.ts";
import { maybe } from "../words/time.ts";
import { nameOf } from "../words/who.ts";
import { csv, download } from "./csv.ts";
import { FIELDS, type Sought, search, soughtIn } from "./search.ts";
import { Statistics } from "./statistics.tsx";

/** What happened, by what is looked for; and how much the environments are used. */
export function HistoryView() {
  const sought = soughtIn(route.value.query);
  const counts = route.value.query.get("show") === "use";
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
      <Search sought={sought} />
      {counts ? <Statistics environment={sought.environment} /> : <Events sought={sought} />}
    </main>
  );
}

/** What was found. */
function Events({ sought }: { readonly sought: Sought }) {
  const { value: found, trouble } = useLoaded((signal) => search(sought, signal), Object.values(sought)).value;
  return (
    <>
      {trouble === "" ? null : <p role="alert">{trouble}</p>}
      {sought.at === "" || found === undefined ? null : (
        <section>
          <h2>Who had it at that time</h2>
          <p class="quiet">Leases that have ended since; who still holds stands with the environment.</p>
          <EventList events={found.holding} named />
        </section>
      )}
      <section>
        <div class="above">
          <h2>{sought.at === "" ? "What happened" : "What happened half an hour around it"}</h2>
          <button
            type="button"
            disabled={found === undefined}
            onClick={() => download("call-me-events.csv", eventsAsCsv(found?.events ?? []))}
          >
            CSV
          </button>
        </div>
        {found === undefined ? <p class="quiet">Reading…</p> : <EventList events={found.events} named />}
        {found?.more ? <p class="quiet">There is more, further back: choose an earlier end.</p> : null}
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

/** Those that are times. */
const MOMENTS: readonly string[] = ["at", "from", "to"];

function Search({ sought }: { readonly sought: Sought }) {
  const send = (form: HTMLFormElement) => {
    const given = new FormData(form);
    choose(Object.fromEntries(FIELDS.map((name) => [name, textIn(given, name)])));
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
        {FIELDS.map((name) => (
          <div class="field" key={name}>
            <label for={`sought-${name}`}>{TITLES[name]}</label>
            {MOMENTS.includes(name) ? (
              <input id={`sought-${name}`} name={name} type="datetime-local" defaultValue={sought[name]} />
            ) : (
              <input id={`sought-${name}`} name={name} defaultValue={sought[name]} autocomplete="off" spellcheck={false} />
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
  const heading = ["time", "kind", "pool", "environment", "lease", "holder", "repository", "run", "held", "by", "reason"];
  const rows = events.map((event) => [
    new Date(maybe(event.time) ?? serverTime()).toISOString(),
    spoken(EventKindSchema, event.kind),
    event.pool,
    event.environment,
    event.leaseId,
    nameOf(event, ""),
    event.holder?.repository ?? "",
    event.holder?.runUrl ?? "",
    held(event),
    by(event),
    event.reason,
  ]);
  return csv([heading, ...rows]);
}
