import type { ComponentChildren } from "preact";
import { type Event, EventKind, type Notice } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { type EnvironmentStatus, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { EventList } from "../parts/events.tsx";
import { useGathered } from "../parts/gathered.tsx";
import { type Field, List } from "../parts/list.tsx";
import { useLoaded, usePaced } from "../parts/loaded.ts";
import { Sign } from "../parts/sign.tsx";
import { At, Since, Until } from "../parts/times.tsx";
import { Who } from "../parts/who.tsx";
import { environments, insight } from "../state/calls.ts";
import { minute, serverTime, today } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { changes, complete } from "../state/rows.ts";
import { isAdmin } from "../state/session.ts";
import { because, verdict } from "../words/state.ts";
import { maybe, spanOf } from "../words/time.ts";
import { ending, isConcern, type Meant, outOfOrder, quarantined, stuck } from "./concerns.ts";

/** How long after a change what is not told by itself is read again, in ms. */
const PACE = 10_000;

/** What somebody should look at now. */
export function Attention() {
  const since = useLoaded(
    async (signal) => {
      const { events } = await insight.listEvents({ filter: { kinds: [EventKind.STATE_CHANGED] }, pageSize: 1_000 }, { signal });
      return new Map(events.toReversed().map((event) => [event.environment, event]));
    },
    [usePaced(changes.value, PACE)],
  ).value.value;
  return (
    <main>
      <h1>Attention</h1>
      <Environments since={since} title="Quarantined" none="Nothing is put aside." all={quarantined.value} />
      <Environments since={since} title="Out of order" none="Nothing is." all={outOfOrder.value} />
      <Environments since={since} title="Cleaning is stuck" none="Nothing waits for a cleaner." all={stuck.value} />
      <Part
        title="Ends soon"
        none="Nobody's time is over within 15 minutes."
        of={told(ending.value)}
        draw={(all) => <List class="even" of={all} fields={ENDS} id={({ name, who }) => `${name} ${who.leaseId}`} />}
      />
      <Waits />
      <Happened title="Forced today" none="Nobody's lease was ended by somebody else." kind={EventKind.FORCE_RELEASED} />
      {isAdmin.value ? <Undelivered /> : null}
      <Happened title="Waiters that vanished today" none="Nobody who waited has vanished." kind={EventKind.ABANDONED} />
    </main>
  );
}

/** What the watch tells, once it has told all. */
function told<T>(all: readonly T[]): readonly T[] | undefined {
  return complete.value ? all : undefined;
}

interface Shown<T> {
  readonly title: string;
  readonly none: string;
  /** Undefined: not known yet. */
  readonly of: readonly T[] | undefined;
  readonly trouble?: string;
  /** Goes on where the list ends; undefined: the list is whole. */
  readonly older?: ComponentChildren;
  /** So many of them count at the top. */
  readonly counted?: number;
  readonly draw: (all: readonly T[]) => ComponentChildren;
}

/** So many are drawn of a list that is whole. */
const MOST = 100;

function Part<T>({ title, none, of, trouble = "", older, counted = 0, draw }: Shown<T>) {
  const count = of?.length ?? 0;
  const isCut = older === undefined && count > MOST;
  return (
    <section>
      <h2>
        {title} {counted === 0 ? null : <b class="concerned">{counted}</b>}{" "}
        {count === counted ? null : <span class="quiet">{counted === 0 ? count : `of ${count}`}</span>}
      </h2>
      {trouble === "" ? null : <p role="alert">{trouble}</p>}
      {of === undefined && trouble === "" ? <p class="quiet">Reading…</p> : null}
      {count === 0 ? of && <p class="quiet">{none}</p> : draw(of?.slice(0, isCut ? MOST : count) ?? [])}
      {isCut ? <p class="quiet">These are the first {MOST}.</p> : older}
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

function fields(since: Changes | undefined): readonly Field<EnvironmentStatus>[] {
  return [
    { title: "Environment", cell: ({ name }) => named(name) },
    { title: "State", cell: (status) => <Sign verdict={verdict(status)} /> },
    {
      title: "Since",
      cell: ({ name, state }) => {
        const event = since?.get(name);
        return <At at={event?.state === state ? event.time : undefined} />;
      },
    },
    { title: "Until", cell: ({ stateUntil }) => <At at={stateUntil} /> },
    { title: "Line", cell: ({ queueLength }) => (queueLength === 0 ? "" : `${queueLength} in line`) },
    { title: "Why", class: "words", cell: because },
  ];
}

/** The last change of each environment's state, of the newest thousand. */
type Changes = ReadonlyMap<string, Event>;

interface Out extends Pick<Shown<unknown>, "title" | "none"> {
  readonly all: readonly EnvironmentStatus[];
  readonly since: Changes | undefined;
}

function Environments({ title, none, all, since }: Out) {
  return (
    <Part
      title={title}
      none={none}
      of={told(all)}
      counted={all.filter(isConcern).length}
      draw={(all) => <List class="even" of={all} fields={fields(since)} id={({ name }) => name} />}
    />
  );
}

const ENDS: readonly Field<Meant>[] = [
  { title: "Environment", cell: ({ name }) => named(name) },
  { title: "Who", cell: ({ who }) => <Who one={who} /> },
  {
    title: "Ends",
    cell: ({ at }) => (
      <>
        <Until at={at} />, at <At at={at} />
      </>
    ),
  },
  { title: "Reason", class: "words", cell: ({ who }) => who.reason },
];

const WAITS: readonly Field<Lease>[] = [
  {
    title: "Environment",
    class: "words",
    cell: ({ environments, needs }) => [
      ...environments.map(({ name }) => <div key={name}>{named(name)}</div>),
      ...needs.map(({ selector }) => selector),
    ],
  },
  { title: "Who", cell: (lease) => <Who one={lease} /> },
  {
    title: "Waits",
    cell: ({ createdAt, position }) => (
      <>
        <Since at={createdAt} />, place {position}
      </>
    ),
  },
  { title: "Reason", class: "words", cell: ({ reason }) => reason },
];

/** So many of the longest waits. */
const LONGEST = 10;

/** What a lease waits for. */
function wanted({ environments, needs }: Lease): string {
  return [...environments.map(({ name }) => name), ...needs.map(({ selector }) => selector)].join("\n");
}

/** Of each environment who has waited for longest, wherever in line. */
function Waits() {
  const { value, trouble } = useLoaded(
    async (signal) => {
      const filter = { states: [LeaseState.QUEUED] };
      const { leases } = await environments.listLeases({ filter, pageSize: 1_000 }, { signal });
      const waiting = leases.filter(({ notBefore }) => (maybe(notBefore) ?? 0) <= serverTime());
      return [...Map.groupBy(waiting, wanted).values()].flatMap(([first]) => first ?? []).slice(0, LONGEST);
    },
    [usePaced(changes.value, PACE)],
  ).value;
  return (
    <Part
      title="Longest waits"
      none="Nobody waits."
      of={value}
      trouble={trouble}
      draw={(all) => <List class="even" of={all} fields={WAITS} id={({ id }) => id} />}
    />
  );
}

/** What happened today of a kind. */
function Happened({ title, none, kind }: Pick<Shown<unknown>, "title" | "none"> & { readonly kind: EventKind }) {
  const since = today.value;
  const { found, trouble, older } = useGathered(
    async (turn, signal) => {
      const { events, nextPageToken } = await insight.listEvents({ filter: { kinds: [kind], since: spanOf(since) }, ...turn }, { signal });
      return [events, nextPageToken];
    },
    [usePaced(changes.value, PACE), since],
  );
  return <Part title={title} none={none} of={found} trouble={trouble} older={older} draw={(all) => <EventList events={all} named />} />;
}

const LETTER: readonly Field<Notice>[] = [
  { title: "Given up", cell: ({ givenUpAt }) => <At at={givenUpAt} /> },
  { title: "Notice", cell: ({ type, environments }) => `${type} ${environments.join(", ")}` },
  { title: "For", cell: ({ rule, origin }) => `${rule} ${origin}` },
  { title: "Why", class: "words", cell: ({ why }) => why },
];

/** Notices that their receivers have not taken. */
function Undelivered() {
  const { found, trouble, older } = useGathered(
    async (turn, signal) => {
      const { notices, nextPageToken } = await insight.listNotices(turn, { signal });
      return [notices, nextPageToken];
    },
    [minute.value],
  );
  if (trouble === "" && !found?.length) return null;
  return (
    <Part
      title="Notices that did not arrive"
      none=""
      of={found}
      trouble={trouble}
      older={older}
      draw={(all) => <List of={all} fields={LETTER} id={({ id }) => id} />}
    />
  );
}
