import type { EnvironmentStatus, Occupant } from "../../gen/ts/callme/v1/types_pb.ts";
import { clockTime, elapsed } from "./clock.ts";
import { toldOf } from "./facts.ts";
import { askedToStop, hindrances, isOffered, nameOf, nextOf, onBehalfOf, verdict } from "./phrases.ts";
import { reservedNext } from "./reservation.ts";
import type { Row, Table } from "./table.ts";
import { soonerEnd } from "./term.ts";

/** The server names no more holders of an environment. */
const NAMED = 10;

const HEADING = ["STATE", "ENVIRONMENT", "USED", "WAITING", "FOR", "LATEST END", "WHO"];

/**
 * Environments as an operator reads them: a row for each holder, below it its run. The environment itself is told with the first, and who comes
 * next after the last; `turns`: when it may be whose turn, by lease.
 */
export function overview(statuses: readonly EnvironmentStatus[], turns: ReadonlyMap<string, string> = new Map()): Table {
  return {
    heading: HEADING,
    rows: statuses.flatMap((status) => rows(status, turns)),
    cut: [HEADING.indexOf("ENVIRONMENT"), HEADING.indexOf("WHO")],
  };
}

function rows(status: EnvironmentStatus, turns: ReadonlyMap<string, string>): Row[] {
  const facts = [verdict(status), status.name, `${status.used}/${status.capacity}`, `${status.queueLength}`];
  const [first, ...others] = status.holders;
  const unnamed = status.holders.length === NAMED && status.used > NAMED ? `only the ${NAMED} who came first are named` : "";
  const top = {
    cells: [...facts, ...(first ? columns(first) : [])],
    details: [...(first ? details(first) : []), hindrances(status).join(", ")],
  };
  const rows = [top, ...others.map((one) => ({ cells: ["", "", "", "", ...columns(one)], details: details(one) }))];
  const next = [nextOf(status), turns.get(status.next?.leaseId ?? "") ?? ""].filter(Boolean).join(", ");
  rows.at(-1)?.details.push(unnamed, next, reservedNext(status), ...toldOf(status.facts));
  return rows.map(({ cells, details }) => ({ cells, details: details.filter(Boolean) }));
}

function columns(one: Occupant): string[] {
  const name = nameOf(one, `lease ${one.leaseId}`);
  const end = isOffered(one) ? one.until : (one.latestEnd ?? one.until);
  return [
    one.since === undefined ? "" : elapsed(one.since),
    end === undefined ? "none" : clockTime(end),
    one.cleaning ? `cleaned by ${name}` : isOffered(one) ? `offered to ${name}` : name,
  ];
}

function details(one: Occupant): string[] {
  return [onBehalfOf(one), one.reason, one.holder?.runUrl ?? "", soonerEnd(one), askedToStop(one)].filter(Boolean);
}
