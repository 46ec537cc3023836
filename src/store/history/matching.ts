import type { EndReason } from "../../core/model/lease.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Filter } from "./history.ts";
import { KIND_CODES, type Sheet } from "./sheet.ts";

const ENDS: Readonly<Record<EndReason, true>> = {
  ...({ RELEASED: true, EXPIRED: true, WITHDRAWN: true, ABANDONED: true, TIMED_OUT: true } as const),
  ...({ FORCE_RELEASED: true, UNSATISFIABLE: true, SUPERSEDED: true } as const),
};
const END_CODES: ReadonlySet<number> = new Set(Object.keys(ENDS).map((reason) => KIND_CODES[reason as EndReason]));

/** Whether a row is the end of a lease. */
export function isEnd(sheet: Sheet, row: number): boolean {
  return END_CODES.has(sheet.columns.kind[row] ?? 0);
}

/** Which rows of a sheet a filter means, but for kinds and times; undefined: none. */
export function subjectsIn(sheet: Sheet, filter: Filter): ((row: number) => boolean) | undefined {
  const { columns, names } = sheet;
  const wanted: (readonly [column: Uint16Array, number: number])[] = [];
  if (filter.environment !== undefined) wanted.push([columns.environment, names.indexOf(filter.environment)]);
  if (filter.pool !== undefined) wanted.push([columns.pool, names.indexOf(filter.pool)]);
  if (filter.principal !== undefined) wanted.push([columns.principal, names.indexOf(filter.principal)]);
  if (filter.lease !== undefined) wanted.push([columns.lease, sheet.idOf(filter.lease)]);
  if (filter.holder !== undefined) wanted.push([columns.name, sheet.idOf(filter.holder)]);
  if (wanted.some(([, number]) => number < 0)) return undefined;
  return (row) => wanted.every(([column, number]) => column[row] === number);
}

/** Which rows of a sheet a filter means; undefined: none. */
export function rowsIn(sheet: Sheet, filter: Filter): ((row: number) => boolean) | undefined {
  const subjects = subjectsIn(sheet, filter);
  if (subjects === undefined) return undefined;
  const { at, kind, granted } = sheet.columns;
  const { since = 0, until = Number.POSITIVE_INFINITY, kinds, heldAt } = filter;
  const codes = new Set(kinds.map((name) => KIND_CODES[name]));
  return (row) => {
    const time = at[row] ?? 0;
    if (time < since || time >= until || (codes.size > 0 && !codes.has(kind[row] ?? 0))) return false;
    return (heldAt === undefined || (isEnd(sheet, row) && wasHeld(granted[row] ?? 0, time, heldAt))) && subjects(row);
  };
}

function wasHeld(granted: Micros, ended: Micros, at: Micros): boolean {
  return granted > 0 && granted <= at && at < ended;
}
