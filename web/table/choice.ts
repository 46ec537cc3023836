// Which rows the table shows, and in which order; all that is chosen stands in the address.
import { computed, signal } from "@preact/signals";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { isMine } from "../state/person.ts";
import { choose, route } from "../state/route.ts";
import { allRows } from "../state/rows.ts";
import { factsOf, labelsOf } from "../words/labels.ts";
import { verdict } from "../words/state.ts";
import { nameOf } from "../words/who.ts";
import { COLUMNS, type Column } from "./columns.tsx";

const query = computed(() => (route.value.view === "table" ? route.value.query : new URLSearchParams()));
const chosen = (name: string) => computed(() => query.value.get(name) ?? "");

export const words = chosen("q");
export const label = chosen("label");
export const states = chosen("state");
export const onlyMine = chosen("mine");
const sorting = chosen("sort");
const columns = chosen("columns");

/** By which column, and whether backwards. */
export const order = computed(() => {
  const backwards = sorting.value.startsWith("-");
  return { by: backwards ? sorting.value.slice(1) : sorting.value || "environment", backwards };
});

/** Sorts by this column; once more: the other way round. */
export function sortBy({ id }: Column): void {
  const { by, backwards } = order.value;
  again.value += 1;
  choose({ sort: by === id && !backwards ? `-${id}` : id === "environment" ? "" : id });
}

/** The columns that stand there. */
export const standing = computed(() => {
  const wanted = columns.value.split(",");
  return columns.value === ""
    ? COLUMNS.filter(({ usual }) => usual)
    : COLUMNS.filter(({ id }) => id === "environment" || wanted.includes(id));
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

function bears({ labels }: EnvironmentStatus, wanted: string): boolean {
  const at = wanted.indexOf("=");
  return at < 0 ? wanted in labels : labels[wanted.slice(0, at)] === wanted.slice(at + 1);
}

function filter(): (status: EnvironmentStatus) => boolean {
  const parts = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const labels = label.value.split(",").filter(Boolean);
  const wanted = states.value.split(",").filter(Boolean);
  const mine = onlyMine.value !== "";
  return (status) =>
    parts.every((part) => textOf(status).includes(part)) &&
    labels.every((one) => bears(status, one)) &&
    (wanted.length === 0 || wanted.includes(verdict(status))) &&
    (!mine || status.holders.some(isMine) || (status.next !== undefined && isMine(status.next)));
}

const natural = new Intl.Collator("en", { numeric: true }).compare;

interface Keyed {
  readonly name: string;
  readonly key: string | number | undefined;
}

/** In which order two rows stand: what is not known comes last, whichever way. */
function compare(a: Keyed, b: Keyed): number {
  if (a.key === undefined || b.key === undefined)
    return Number(a.key === undefined) - Number(b.key === undefined) || natural(a.name, b.name);
  const compared = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : natural(String(a.key), String(b.key));
  return (order.value.backwards ? -compared : compared) || natural(a.name, b.name);
}

/** Rises when somebody wants the order anew. */
export const again = signal(0);

let chosenBefore = "";
let before = { names: [] as readonly string[], of: 0, stale: false };

/**
 * The names to show, in their order. A row that changes stays where it is: what it is sorted by may be another now, but nothing jumps under
 * the pointer; `stale` says so. New ones stand at the end. All are sorted only when somebody chooses; a change costs a look at each.
 */
export const shown = computed(() => {
  const all = allRows();
  const column = COLUMNS.find(({ id }) => id === order.value.by) ?? COLUMNS[0];
  const wanted = new Map(all.filter(filter()).map((status) => [status.name, { name: status.name, key: column?.sort(status) }]));
  const now = `${query.value} ${again.value}`;
  const old = now === chosenBefore ? before.names.flatMap((name) => wanted.get(name) ?? []) : [];
  for (const { name } of old) wanted.delete(name);
  const added = [...wanted.values()].sort(compare);
  const rows = [...old, ...added];
  // A name never changes: a new one finds its place.
  if (order.value.by === "environment" && old.length > 0 && added.length > 0) rows.sort(compare);
  chosenBefore = now;
  const next = { names: rows.map(({ name }) => name), of: all.length, stale: false };
  next.stale = rows.some((row, index) => index > 0 && compare(rows[index - 1] ?? row, row) > 0);
  const isSame = next.of === before.of && next.stale === before.stale && `${next.names}` === `${before.names}`;
  if (!isSame) before = next;
  return before;
});
