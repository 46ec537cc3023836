import type { EndReason } from "../../core/model/lease.ts";
import type { Micros } from "../../core/model/units.ts";
import type { Filter } from "./history.ts";
import { seenIn } from "./seeing.ts";
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

/** Which rows of a sheet a filter means, but for kinds, times and the principal; undefined: none. */
export function subjectsIn(sheet: Sheet, filter: Filter): ((row: number) => boolean) | undefined {
  const { columns, names } = sheet;
  const wanted: (readonly [column: Uint16Array, number: number])[] = [];
  if (filter.environment !== undefined) wanted.push([columns.environment, names.indexOf(filter.environment)]);
  if (filter.pool !== undefined) wanted.push([columns.pool, names.indexOf(filter.pool)]);
  if (filter.lease !== undefined) wanted.push([columns.lease, sheet.idOf(filter.lease)]);
  if (filter.holder !== undefined) wanted.push([columns.name, sheet.idOf(filter.holder)]);
  if (filter.subject !== undefined) wanted.push([columns.name, sheet.idOf(filter.subject)], [columns.holder, 0]);
  if (wanted.some(([, number]) => number < 0)) return undefined;
  const isHolders = filter.holder === undefined ? () => true : (row: number) => columns.holder[row] !== 0;
  const isSeen = filter.seen === undefined ? () => true : seenIn(sheet, filter.seen);
  return (row) => wanted.every(([column, number]) => column[row] === number) && isHolders(row) && isSeen(row);
}

/** Which rows are about leases of a principal; undefined: none. */
export function rowsOf(sheet: Sheet, principal: string | undefined): ((row: number) => boolean) | undefined {
  if (principal === undefined) return () => true;
  const numbers = sheet.principalsOf(principal);
  const { principal: column } = sheet.columns;
  return numbers.size === 0 ? undefined : (row) => numbers.has(column[row] ?? 0);
}

/** Which rows are about leases of a principal, or what it did; undefined: none. */
function doingsOf(sheet: Sheet, principal: string | undefined): ((row: number) => boolean) | undefined {
  if (principal === undefined) return () => true;
  const numbers = sheet.principalsOf(principal);
  if (numbers.size === 0) return undefined;
  const { principal: column, by } = sheet.columns;
  let deeds: ReadonlySet<number> | undefined;
  // Who did it is unpacked for a row that all else fits.
  const didIt = (number: number) => {
    if (number === 0) return false;
    deeds ??= sheet.deedsOf(principal);
    return deeds.has(number);
  };
  return (row) => numbers.has(column[row] ?? 0) || didIt(by[row] ?? 0);
}

/** Which rows of a sheet a filter means; undefined: none. */
export function rowsIn(sheet: Sheet, filter: Filter): ((row: number) => boolean) | undefined {
  const [subjects, doings] = [subjectsIn(sheet, filter), doingsOf(sheet, filter.principal)];
  if (subjects === undefined || doings === undefined) return undefined;
  const { at, kind, granted } = sheet.columns;
  const { since = 0, until = Number.POSITIVE_INFINITY, kinds, heldAt } = filter;
  const codes = new Set(kinds.map((name) => KIND_CODES[name]));
  return (row) => {
    const time = at[row] ?? 0;
    if (time < since || time >= until || (codes.size > 0 && !codes.has(kind[row] ?? 0))) return false;
    return (heldAt === undefined || (isEnd(sheet, row) && wasHeld(granted[row] ?? 0, time, heldAt))) && subjects(row) && doings(row);
  };
}

function wasHeld(granted: Micros, ended: Micros, at: Micros): boolean {
  return granted > 0 && granted <= at && at < ended;
}
