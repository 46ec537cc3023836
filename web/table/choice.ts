// Which rows the table shows, and in which order; all that is chosen stands in the address.
import { computed, signal } from "@preact/signals";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { isMine } from "../state/person.ts";
import { choose, route } from "../state/route.ts";
import { allRows, complete } from "../state/rows.ts";
import { factsOf, labelsOf } from "../words/labels.ts";
import { VERDICTS, verdict } from "../words/state.ts";
import { nameOf } from "../words/who.ts";
import { COLUMNS, type Column } from "./columns.tsx";
import { mine } from "./mine.ts";

const query = computed(() => (route.value.view === "table" ? route.value.query : new URLSearchParams()));
const chosen = (name: string) => computed(() => query.value.get(name) ?? "");

export const words = chosen("q");
export const labels = computed(() => query.value.getAll("label"));
const inAddress = chosen("state");
/** Of those that there are. */
export const states = computed(() => VERDICTS.filter((one) => inAddress.value.split(",").includes(one)));
export const onlyMine = chosen("mine");
const sorting = chosen("sort");
const columns = chosen("columns");

/** By which column, and whether backwards. */
export const order = computed(() => {
  const backwards = sorting.value.startsWith("-");
  const wanted = sorting.value.slice(backwards ? 1 : 0);
  return { column: COLUMNS.find(({ id }) => id === wanted) ?? FIRST, backwards };
});

const [FIRST] = COLUMNS as [Column];

/** Sorts by this column. */
export function sortBy({ id }: Column, backwards: boolean): void {
  again.value += 1;
  choose({ sort: backwards ? `-${id}` : id === FIRST.id ? "" : id });
}

/** The columns that stand there; the usual ones, unless others that there are were chosen. */
export const standing = computed(() => {
  const wanted = columns.value.split(",");
  const found = COLUMNS.filter((one) => one === FIRST || wanted.includes(one.id));
  return found.length > 1 || wanted.includes(FIRST.id) ? found : COLUMNS.filter(({ usual }) => usual);
});

/** Takes a column away, or puts it back. */
export function toggle(column: Column): void {
  const ids = COLUMNS.filter((one) => standing.value.includes(one) !== (one === column)).map(({ id }) => id);
  const usual = COLUMNS.filter(({ usual }) => usual).map(({ id }) => id);
  choose({ columns: ids.join() === usual.join() ? "" : ids.join() });
}

const texts = new WeakMap<EnvironmentStatus, string>();

/** All the words of a row, as they are searched. */
function textOf(status: EnvironmentStatus): string {
  const known = texts.get(status);
  if (known !== undefined) return known;
  const { name, pool, stateReason, holders, next } = status;
  const people = [...holders, ...(next === undefined ? [] : [next])];
  const text = [
    name,
    pool,
    verdict(status),
    stateReason,
    ...labelsOf(status),
    ...people.flatMap((one) => [nameOf(one, ""), one.principalLabel, one.reason, one.holder?.repository ?? ""]),
    ...factsOf(status),
  ]
    .join("\n")
    .toLowerCase();
  texts.set(status, text);
  return text;
}

/** A label alone is borne with whatever value. */
function bears({ labels }: EnvironmentStatus, wanted: string): boolean {
  const at = wanted.indexOf("=");
  const key = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(labels, key) && (at < 0 || labels[key] === wanted.slice(at + 1));
}

function filter(): (status: EnvironmentStatus) => boolean {
  const parts = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const ours = onlyMine.value === "" ? undefined : mine.value;
  return (status) =>
    parts.every((part) => textOf(status).includes(part)) &&
    labels.value.every((one) => bears(status, one)) &&
    (states.value.length === 0 || states.value.includes(verdict(status))) &&
    (ours === undefined || ours.has(status.name) || status.holders.some(isMine));
}

const natural = new Intl.Collator("en", { numeric: true }).compare;

interface Placed {
  readonly name: string;
  status: EnvironmentStatus;
  key: string | number | undefined;
}

/** In which order two rows stand: what is not known comes last, whichever way. */
function compare(a: Placed, b: Placed): number {
  if (a.key === undefined || b.key === undefined)
    return Number(a.key === undefined) - Number(b.key === undefined) || natural(a.name, b.name);
  const compared = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : natural(String(a.key), String(b.key));
  return (order.value.backwards ? -compared : compared) || natural(a.name, b.name);
}

/** Puts a row among those that are sorted. */
function insert(rows: Placed[], row: Placed): void {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compare(rows[middle] ?? row, row) > 0) high = middle;
    else low = middle + 1;
  }
  rows.splice(low, 0, row);
}

/** Rises when somebody wants the order anew. */
export const again = signal(0);

let before = "";
let places = new Map<string, Placed>();
let rows: Placed[] = [];
let last = { names: [] as readonly string[], of: 0, stale: false };

/**
 * The names to show, in their order. A row that changes stays where it is: what it is sorted by may be another now, but nothing jumps under
 * the pointer; `stale` says so. New ones stand at the end. All are sorted only when somebody chooses, or when all have been told; a change costs
 * a look at each.
 */
export const shown = computed(() => {
  const all = allRows();
  const fits = filter();
  const { column, backwards } = order.value;
  const now = [words.value, ...labels.value, ...states.value, onlyMine.value, column.id, backwards, again.value, complete.value].join("\n");
  const isNew = now !== before;
  if (isNew) places = new Map();
  before = now;
  const added: Placed[] = [];
  let [moved, count] = [isNew, 0];
  for (const status of all) {
    const { name } = status;
    const place = places.get(name);
    if (place?.status !== status || onlyMine.value !== "") {
      if (!fits(status)) continue;
      const key = column.sort(status);
      if (place === undefined) added.push({ name, status, key });
      else {
        moved ||= place.key !== key;
        Object.assign(place, { status, key });
      }
    }
    if (place !== undefined) count += 1;
  }
  const isLess = count < places.size;
  if (isLess) {
    const fitting = new Set(all.filter(fits).map(({ name }) => name));
    for (const name of places.keys()) if (!fitting.has(name)) places.delete(name);
  }
  if (isNew) rows = added.sort(compare);
  else if (isLess) rows = rows.filter(({ name }) => places.has(name));
  for (const row of added) {
    places.set(row.name, row);
    if (isNew) continue;
    // A name never changes: a new one finds its place.
    if (column === FIRST || !complete.value) insert(rows, row);
    else rows.push(row);
  }
  const isSame = !isNew && !isLess && added.length === 0;
  const stale =
    !isNew && (last.stale || ((moved || added.length > 0) && rows.some((row, at) => at > 0 && compare(rows[at - 1] ?? row, row) > 0)));
  if (!isSame || last.of !== all.length || last.stale !== stale)
    last = { names: isSame ? last.names : rows.map(({ name }) => name), of: all.length, stale };
  return last;
});
