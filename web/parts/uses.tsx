// Who had an environment from when to when: of the history and of what is held now.
import { type Event, EventKind, EventKindSchema } from "../../gen/ts/callme/v1/insight_service_pb.ts";
import type { EnvironmentState } from "../../gen/ts/callme/v1/types_pb.ts";
import { EnvironmentStateSchema, type Lease } from "../../gen/ts/callme/v1/types_pb.ts";
import { today } from "../state/clock.ts";
import { addressOf } from "../state/route.ts";
import { spoken } from "../words/enums.ts";
import { inWords } from "../words/reason.ts";
import { maybe, spell } from "../words/time.ts";
import type { Known } from "../words/who.ts";
import { hard } from "./events.tsx";
import { type Field, List } from "./list.tsx";
import { At, Since } from "./times.tsx";
import { Who } from "./who.tsx";

/** Somebody had it. */
export interface Use {
  readonly from: number;
  /** Undefined: has it now. */
  readonly to: number | undefined;
  readonly environment: string;
  readonly who: Known;
  readonly end: EventKind;
  readonly reason: string;
  readonly lease: string;
}

/** It was out of service. */
export interface Outage {
  readonly from: number;
  readonly to: number | undefined;
  readonly state: EnvironmentState;
  readonly reason: string;
}

/** What was held, by the events of its end. */
export function past(ends: readonly Event[]): Use[] {
  return ends.flatMap((event) => {
    const { kind: end, grantedAt, time, environment, reason, leaseId: lease } = event;
    const from = maybe(grantedAt);
    return from === undefined ? [] : [{ from, to: maybe(time), environment, who: event, end, reason, lease }];
  });
}

/** What is held now; `only`: of this environment, unless it is empty. */
export function present(leases: readonly Lease[], only: string): Use[] {
  return leases.flatMap((lease) => {
    const from = maybe(lease.grantedAt);
    if (from === undefined) return [];
    const names = lease.environments.map(({ name }) => name).filter((name) => only === "" || name === only);
    return names.map((environment) => {
      const { id, reason } = lease;
      return { from, to: undefined, environment, who: lease, end: EventKind.GRANTED, reason, lease: id };
    });
  });
}

const ENVIRONMENT: Field<Use | Outage> = {
  title: "Environment",
  cell: (one) => ("who" in one ? <a href={addressOf(one.environment)}>{one.environment}</a> : null),
};

function whose(one: Use | Outage) {
  return "who" in one ? <Who one={one.who} /> : spoken(EnvironmentStateSchema, one.state);
}

const FIELDS: readonly Field<Use | Outage>[] = [
  { title: "From", cell: ({ from }) => <At at={from} /> },
  { title: "To", cell: ({ to }) => (to === undefined ? "now" : <At at={to} />) },
  { title: "For", cell: ({ from, to }) => (to === undefined ? <Since at={from} /> : spell(to - from)) },
  { title: "Who, or which state", cell: whose },
  {
    title: "End",
    class: (one) => ("who" in one && hard({ kind: one.end, holder: one.who.holder }) ? "hard" : ""),
    cell: (one) => ("who" in one && one.to !== undefined ? spoken(EventKindSchema, one.end) : ""),
  },
  { title: "Reason", class: "words", cell: ({ reason }) => inWords(reason, today.value) },
];

const NAMED = [ENVIRONMENT, ...FIELDS.map((field) => (field.cell === whose ? { ...field, title: "Who" } : field))];

/** What it was used for, and when it was out of service; `named`: which environment, too. */
export function UseList({ of, named = false }: { readonly of: readonly (Use | Outage)[]; readonly named?: boolean }) {
  return (
    <List
      of={of}
      fields={named ? NAMED : FIELDS}
      id={(one) => `${one.from} ${"who" in one ? `${one.lease} ${one.environment}` : one.state}`}
    />
  );
}
