// The columns of the table: what stands in each, and what it is sorted by.
import type { ComponentChildren } from "preact";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { Sign } from "../parts/sign.tsx";
import { At, Since, Until } from "../parts/times.tsx";
import { Who } from "../parts/who.tsx";
import { now } from "../state/clock.ts";
import { addressOf, choose, route } from "../state/route.ts";
import { firstToEnd, isOffered, latest } from "../words/ends.ts";
import { factsOf, labelsOf } from "../words/labels.ts";
import { because, VERDICTS, verdict } from "../words/state.ts";
import { maybe, spell } from "../words/time.ts";
import { estimateOf } from "../words/usual.ts";
import { nameOf } from "../words/who.ts";

/** A column: undefined sorts last, whichever way. */
export interface Column {
  readonly id: string;
  readonly title: string;
  /** In the table's own units, of the width that there is. */
  readonly width: number;
  /** Stands there unless somebody takes it away. */
  readonly usual: boolean;
  readonly sort: (status: EnvironmentStatus) => string | number | undefined;
  readonly cell: (status: EnvironmentStatus) => ComponentChildren;
}

/** Two lines of a cell, the second one quieter. */
function Two({
  children,
  below,
  title,
}: {
  readonly children: ComponentChildren;
  readonly below?: ComponentChildren;
  readonly title?: string;
}) {
  return (
    <>
      <span class="one" title={title}>
        {children}
      </span>
      <span class="two" title={typeof below === "string" && below !== "" ? below : undefined}>
        {below || null}
      </span>
    </>
  );
}

/** Shows only those with this label, too. */
function narrow(label: string): void {
  const others = route.value.query.getAll("label").filter((one) => one !== label);
  choose({ label: [...others, label] });
}

/** So many labels stand in a row; all are in its title, and in the environment's view. */
const SOME = 2;

function Labels(status: EnvironmentStatus) {
  const all = labelsOf(status);
  return (
    <span class="one" title={all.join("\n")}>
      {all.slice(0, SOME).map((label) => (
        <button type="button" class="label" key={label} title={`Show only ${label}`} onClick={() => narrow(label)}>
          {label}
        </button>
      ))}
      {all.length > SOME ? <a href={addressOf(status.name)}>+{all.length - SOME}</a> : null}
    </span>
  );
}

function Holder(status: EnvironmentStatus) {
  const [first] = status.holders;
  if (first === undefined) return <Two below={status.resting > 0 ? <Until at={status.rest?.until} /> : null}>{null}</Two>;
  const others = status.used > 1 && status.holders.length > 1 ? ` +${status.holders.length - 1}` : "";
  const role = first.cleaning ? "cleaned by " : isOffered(first) ? "offered to " : "";
  return (
    <Two below={first.reason}>
      {role}
      <Who one={first} />
      {others}
    </Two>
  );
}

function Facts(status: EnvironmentStatus) {
  const [first, ...others] = factsOf(status);
  return <Two below={others.join(", ")}>{first}</Two>;
}

function Next(status: EnvironmentStatus) {
  const { next, nextReservation } = status;
  if (next !== undefined)
    return (
      <Two
        below={
          <>
            waits <Since at={next.since} />
          </>
        }
      >
        <Who one={next} />
      </Two>
    );
  if (nextReservation === undefined) return null;
  return (
    <Two
      below={
        <>
          reserved, <At at={nextReservation.at} />
        </>
      }
    >
      <Who one={nextReservation} />
    </Two>
  );
}

function Latest(status: EnvironmentStatus) {
  const end = latestOf(status);
  if (end === undefined) return firstToEnd(status) && <Two>no limit</Two>;
  return (
    <Two below={<Until at={end} />}>
      <At at={end} />
    </Two>
  );
}

function latestOf(status: EnvironmentStatus) {
  const first = firstToEnd(status);
  return first === undefined ? undefined : latest(first);
}

export const COLUMNS: readonly Column[] = [
  {
    id: "environment",
    title: "Environment",
    width: 16,
    usual: true,
    sort: ({ name }) => name,
    cell: ({ name, pool }) => (
      <Two below={pool}>
        <a href={addressOf(name)} class="name" title={name}>
          {name}
        </a>
      </Two>
    ),
  },
  { id: "pool", title: "Pool", width: 9, usual: false, sort: ({ pool }) => pool, cell: ({ pool }) => <Two>{pool}</Two> },
  {
    id: "labels",
    title: "Labels",
    width: 14,
    usual: true,
    sort: (status) => labelsOf(status).join() || undefined,
    cell: Labels,
  },
  {
    id: "state",
    title: "State",
    width: 13,
    usual: true,
    sort: (status) => VERDICTS.indexOf(verdict(status)),
    cell: (status) => {
      const why = because(status);
      const until = status.stateUntil && (
        <>
          until <At at={status.stateUntil} />
          {why && `, ${why}`}
        </>
      );
      return (
        <Two below={until ?? why} title={why}>
          <Sign verdict={verdict(status)} />
        </Two>
      );
    },
  },
  {
    id: "holder",
    title: "Holder",
    width: 18,
    usual: true,
    sort: ({ holders: [first] }) => (first === undefined ? undefined : nameOf(first, "")),
    cell: Holder,
  },
  {
    id: "since",
    title: "Since",
    width: 8,
    usual: true,
    sort: ({ holders: [first] }) => maybe(first?.since),
    cell: ({ holders: [first] }) =>
      first?.since && (
        <Two below={<At at={first.since} />}>
          <Since at={first.since} />
        </Two>
      ),
  },
  {
    id: "until",
    title: "Latest end",
    width: 9,
    usual: true,
    sort: (status) => maybe(latestOf(status)),
    cell: Latest,
  },
  {
    id: "reason",
    title: "Reason",
    width: 14,
    usual: false,
    sort: ({ holders: [first] }) => first?.reason || undefined,
    cell: ({ holders: [first] }) => <Two>{first?.reason}</Two>,
  },
  { id: "facts", title: "Deployed", width: 12, usual: true, sort: (status) => factsOf(status)[0], cell: Facts },
  {
    id: "next",
    title: "Next",
    width: 12,
    usual: true,
    sort: ({ next, nextReservation }) => nameOf(next ?? nextReservation, "") || undefined,
    cell: Next,
  },
  {
    id: "estimate",
    title: "Free about",
    width: 13,
    usual: true,
    sort: (status) => estimateOf(status)?.at,
    cell: (status) => {
      const estimate = estimateOf(status);
      if (estimate === undefined) return null;
      return (
        <Two
          below={estimate.isLatest ? "its latest end" : `usually ${spell(estimate.length)}`}
          title="Half of its last holds took no longer"
        >
          {estimate.at < now.value ? "longer than usual" : <At at={estimate.at} />}
        </Two>
      );
    },
  },
  {
    id: "line",
    title: "Line",
    width: 5,
    usual: true,
    sort: ({ queueLength }) => queueLength || undefined,
    cell: ({ queueLength }) => <Two>{queueLength || null}</Two>,
  },
];
