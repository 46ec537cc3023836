// Which rows the table shows, and in which order; all that is chosen stands in the address.
import { computed, signal } from "@preact/signals";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";
import { isMine } from "../state/person.ts";
import { choose, route } from "../state/route.ts";
import { allRows, changes } from "../state/rows.ts";
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
  const { name, pool, labels, stateReason, holders, facts, next } = status;
  const people = [...holders, ...(next === undefined ? [] : [next])];
  const text = [
    name,
    pool,
    verdict(status),
    stateReason,
    ...Object.entries(labels).map((pair) => pair.join("=")),
    ...people.flatMap((one) => [nameOf(one, ""), one.principalLabel, one.reason, one.holder?.repository ?? ""]),
    ...Object.entries(facts).map(([fact, { value }]) => `${fact} ${value}`),
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

function sorted(statuses: readonly EnvironmentStatus[]): string[] {
  const { by, backwards } = order.value;
  const column = COLUMNS.find(({ id }) => id === by) ?? COLUMNS[0];
  const keyed = statuses.map((status) => ({ name: status.name, key: column?.sort(status) }));
  const way = backwards ? -1 : 1;
  keyed.sort((a, b) => {
    if (a.key === undefined || b.key === undefined)
      return Number(a.key === undefined) - Number(b.key === undefined) || natural(a.name, b.name);
    const compared = typeof a.key === "number" && typeof b.key === "number" ? a.key - b.key : natural(String(a.key), String(b.key));
    return compared * way || natural(a.name, b.name);
  });
  return keyed.map(({ name }) => name);
}

/** Rises when somebody wants the order anew. */
export const again = signal(0);

let before = { chosen: "", names: [] as readonly string[] };

/**
 * The names to show, in their order. A row that changes stays where it is: what it is sorted by may be another now, but nothing jumps under
 * the pointer; `stale` says so. New ones stand at the end.
 */
export const shown = computed(() => {
  const all = changes.value >= 0 ? allRows() : [];
  const fresh = sorted(all.filter(filter()));
  const now = `${query.value} ${again.value}`;
  if (before.chosen === now && before.names.length > 0 && order.value.by !== "environment") {
    const left = new Set(fresh);
    const kept = before.names.filter((name) => left.has(name));
    const known = new Set(kept);
    before = { chosen: now, names: [...kept, ...fresh.filter((name) => !known.has(name))] };
  } else before = { chosen: now, names: fresh };
  return { names: before.names, of: all.length, stale: before.names.some((name, index) => fresh[index] !== name) };
});
