import { type Event, EventKind, EventKindSchema } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import { EnvironmentStateSchema, HolderKind } from "../../gen/ts/callme/v1/types_pb.ts";
import { today } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { spoken } from "../words/enums.ts";
import { inWords } from "../words/reason.ts";
import { maybe, spell } from "../words/time.ts";
import { nameOf } from "../words/who.ts";
import { type Field, List } from "./list.tsx";
import { At } from "./times.tsx";
import { Who } from "./who.tsx";

const ENVIRONMENT: Field<Event> = {
  title: "Environment",
  cell: ({ environment, subject }) => (environment === "" ? subject : <a href={addressOf(environment)}>{environment}</a>),
};

const FIELDS: readonly Field<Event>[] = [
  { title: "Time", cell: ({ time }) => <At at={time} exact /> },
  ENVIRONMENT,
  { title: "What", class: (event) => (hard(event) ? "hard" : ""), cell: what },
  { title: "Whose", cell: (event) => (event.leaseId === "" ? "" : <Who one={event} />) },
  { title: "Held for", cell: held },
  { title: "By", cell: by },
  { title: "Reason", class: "words", cell: ({ reason }) => inWords(reason, today.value) },
];
const UNNAMED = FIELDS.filter((field) => field !== ENVIRONMENT);

/** What happened, newest first; `named`: to which environment, too. */
export function EventList({ events, named }: { readonly events: readonly Event[]; readonly named: boolean }) {
  if (events.length === 0) return <p class="quiet">Nothing is known to have happened.</p>;
  return (
    <List
      of={events}
      fields={named ? FIELDS : UNNAMED}
      id={({ revision, environment, leaseId, subject, kind }) => [revision, environment, leaseId, subject, kind].join(" ")}
    />
  );
}

/** Something went another way than its holder had meant. A person's time simply is over. */
export function hard({ kind, holder }: Pick<Event, "kind" | "holder">): boolean {
  if (kind === EventKind.EXPIRED) return holder?.kind !== HolderKind.HUMAN;
  return kind === EventKind.FORCE_RELEASED || kind === EventKind.ABANDONED;
}

/** "granted", "now maintenance". */
export function what({ kind, state }: Event): string {
  return kind === EventKind.STATE_CHANGED ? `now ${spoken(EnvironmentStateSchema, state)}` : spoken(EventKindSchema, kind);
}

/** Who did it, where that is somebody else than who had asked for the lease. */
export function by({ by: who, leaseId, principal }: Event): string {
  const self = leaseId !== "" && (who?.leaseId === leaseId || who?.principal === principal);
  return who === undefined || self ? "" : nameOf(who, "");
}

/** For how long it was held, once it has ended, in ms. */
export function heldFor({ kind, time, grantedAt }: Event): number | undefined {
  const [from, to] = [maybe(grantedAt), maybe(time)];
  return from === undefined || to === undefined || kind === EventKind.GRANTED || to <= from ? undefined : to - from;
}

function held(event: Event): string {
  const length = heldFor(event);
  return length === undefined ? "" : spell(length);
}
