import type { ComponentChildren } from "preact";
import { EventKind, type Notice } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { EventList } from "../parts/events.tsx";
import { type Field, List } from "../parts/list.tsx";
import { useLoaded, usePaced } from "../parts/loaded.ts";
import { Sign } from "../parts/sign.tsx";
import { At, Since, Until } from "../parts/times.tsx";
import { Who } from "../parts/who.tsx";
import { insight } from "../state/calls.ts";
import { serverTime } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { changes } from "../state/rows.ts";
import { isAdmin } from "../state/session.ts";
import { because, verdict } from "../words/state.ts";
import { midnight, spanOf } from "../words/time.ts";
import { broken, ending, type Meant, quarantined, stuck, waiting } from "./concerns.ts";

/** How long after a change the events are read again, in ms. */
const PACE = 10_000;

const ENDS: Field<Meant> = {
  title: "Ends",
  cell: ({ who }) => (
    <>
      <Until at={who.latestEnd} />, at <At at={who.latestEnd} />
    </>
  ),
};
const WAITS: Field<Meant> = {
  title: "Waits",
  cell: ({ who, status }) => (
    <>
      <Since at={who.since} />, {status.queueLength} in line
    </>
  ),
};

const LETTER: readonly Field<Notice>[] = [
  { title: "Given up", cell: ({ givenUpAt }) => <At at={givenUpAt} /> },
  { title: "Notice", cell: ({ type, environments }) => `${type} ${environments.join(", ")}` },
  { title: "For", cell: ({ rule, origin }) => `${rule} ${origin}` },
  { title: "Why", class: "words", cell: ({ why }) => why },
];

/** Notices that their receivers have not taken. */
function Undelivered() {
  const letters = useLoaded((signal) => insight.listNotices({}, { signal }), []).value.value?.notices ?? [];
  if (letters.length === 0) return null;
  return (
    <Part title="Notices that did not arrive" none="" count={letters.length}>
      <List of={letters} fields={LETTER} id={({ id }) => id} />
    </Part>
  );
}

/** What somebody should look at now. */
export function Attention() {
  const paced = usePaced(changes.value, PACE);
  const asked = { kinds: [EventKind.FORCE_RELEASED, EventKind.ABANDONED], since: spanOf(midnight(serverTime())) };
  const { value, trouble } = useLoaded((signal) => insight.listEvents({ filter: asked, pageSize: 200 }, { signal }), [paced]).value;
  const events = (kind: EventKind) => value?.events.filter((event) => event.kind === kind) ?? [];
  return (
    <main>
      <h1>Attention</h1>
      {trouble === "" ? null : <p role="alert">{trouble}</p>}
      <Environments title="Quarantined" none="Nothing is put aside." all={quarantined.value} />
      <Environments title="Broken, or out of service without an end" none="Nothing is." all={broken.value} />
      <Environments title="Cleaning is stuck" none="Nothing waits for a cleaner." all={stuck.value} />
      <People title="Ends soon" none="Nobody's time is over within 15 minutes." all={ending.value} when={ENDS} />
      <People title="Longest waits" none="Nobody waits." all={waiting.value} when={WAITS} />
      <Part title="Forced today" none="Nobody's lease was ended by somebody else." count={events(EventKind.FORCE_RELEASED).length}>
        <EventList events={events(EventKind.FORCE_RELEASED)} named />
      </Part>
      {isAdmin.value ? <Undelivered /> : null}
      <Part title="Waiters that vanished today" none="Nobody who waited has vanished." count={events(EventKind.ABANDONED).length}>
        <EventList events={events(EventKind.ABANDONED)} named />
      </Part>
    </main>
  );
}

interface Titled {
  readonly title: string;
  readonly none: string;
}

function Part({ title, none, count, children }: Titled & { readonly count: number; readonly children: ComponentChildren }) {
  return (
    <section>
      <h2>
        {title} {count === 0 ? null : <b class="concerned">{count}</b>}
      </h2>
      {count === 0 ? <p class="quiet">{none}</p> : children}
    </section>
  );
}

/** Its name, and the way to it. */
function named(name: string) {
  return (
    <a href={addressOf(name)} class="name">
      {name}
    </a>
  );
}

const ENVIRONMENT: readonly Field<EnvironmentStatus>[] = [
  { title: "Environment", cell: ({ name }) => named(name) },
  { title: "State", cell: (status) => <Sign verdict={verdict(status)} /> },
  { title: "Line", cell: ({ queueLength }) => (queueLength === 0 ? "" : `${queueLength} in line`) },
  { title: "Why", class: "words", cell: because },
];

function Environments({ title, none, all }: Titled & { readonly all: readonly EnvironmentStatus[] }) {
  return (
    <Part title={title} none={none} count={all.length}>
      <List class="even" of={all} fields={ENVIRONMENT} id={({ name }) => name} />
    </Part>
  );
}

function People({ title, none, all, when }: Titled & { readonly all: readonly Meant[]; readonly when: Field<Meant> }) {
  const fields: Field<Meant>[] = [
    { title: "Environment", cell: ({ status }) => named(status.name) },
    { title: "Who", cell: ({ who }) => <Who one={who} /> },
    when,
    { title: "Reason", class: "words", cell: ({ who }) => who.reason },
  ];
  return (
    <Part title={title} none={none} count={all.length}>
      <List class="even" of={all} fields={fields} id={({ status }) => status.name} />
    </Part>
  );
}
