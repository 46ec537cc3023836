/** Counts what a window of time has of grants, waits and holds: one look at each end in it. */
import { limits } from "../../core/limits.ts";
import type { Micros } from "../../core/model/units.ts";
import type { GroupBy, Hold, StatsQuery, StatsRow } from "./history.ts";
import { isEnd, rowsOf, subjectsIn } from "./matching.ts";
import { seenIn } from "./seeing.ts";
import { KIND_CODES, type Sheet } from "./sheet.ts";
import { Tally } from "./tally.ts";

const { ENVIRONMENT_CREATED, ENVIRONMENT_CHANGED, ENVIRONMENT_DELETED, EXPIRED, FORCE_RELEASED, ABANDONED } = KIND_CODES;

/** A change of an environment's capacity. Of one that was made there was none before, and none is left of one that was deleted. */
interface Turn {
  readonly at: Micros;
  readonly before: number;
  readonly after: number;
}

type Times = Pick<Hold, "createdAt" | "grantedAt" | "slots">;

/** An environment that has, or had, slots in the window. */
interface Place {
  readonly pool: string;
  /** As it is now; 0 where it is gone. */
  readonly capacity: number;
  readonly turns: Turn[];
}

export class Stats {
  readonly #query: StatsQuery;
  readonly #from: Micros;
  readonly #tallies = new Map<string, Tally>();
  /** Of all keys beyond those that are told of: that there is one says enough. */
  readonly #beyond = new Tally();
  readonly #places = new Map<string, Place>();
  readonly #labels: ReadonlyMap<string, string>;
  readonly #held: ReadonlyMap<string, Hold>;
  /** Of the held ones, which have ended since. */
  readonly #ended = new Set<string>();
  /** Time of slots held on environments that are not of the fleet, by key. */
  readonly #strays = new Map<string, Map<Tally, number>>();

  /** `begin`: before this the history has nothing. */
  constructor(query: StatsQuery, begin: Micros) {
    this.#query = query;
    this.#from = Math.max(query.from, begin);
    this.#labels = new Map(query.fleet.map(({ environment, label }) => [environment, label]));
    this.#held = new Map(query.holds.map((hold) => [`${hold.lease} ${hold.environment}`, hold]));
    for (const { environment, pool, capacity } of query.fleet) this.#places.set(environment, { pool, capacity, turns: [] });
  }

  /** Takes a sheet in; in any order, each once. */
  add(sheet: Sheet): void {
    const [fits, isOwn] = [subjectsIn(sheet, this.#query.filter), rowsOf(sheet, this.#query.filter.principal)];
    this.#addTurns(sheet);
    if (fits === undefined || isOwn === undefined) return;
    const keys = keysOf(sheet, this.#query.groupBy, this.#labels);
    const ofEnvironments = this.#query.groupBy === "ENVIRONMENT" || this.#query.groupBy === "LABEL";
    const known: (Tally | undefined)[] = [];
    for (let row = 0; row < sheet.count; row++) {
      if (!isEnd(sheet, row) || !fits(row) || !isOwn(row)) continue;
      // Who waited by selector, and was never given any, is of no environment.
      if (ofEnvironments && sheet.columns.environment[row] === 0) continue;
      const number = keys.column[row] ?? 0;
      known[number] ??= this.#tally(keys.key(number));
      this.#addEnd(known[number], sheet, row);
    }
  }

  #addEnd(tally: Tally, sheet: Sheet, row: number): void {
    const { columns } = sheet;
    const [at, granted, created] = [columns.at[row] ?? 0, columns.granted[row] ?? 0, columns.created[row] ?? 0];
    const isIn = at >= this.#from && at < this.#query.to;
    if (isIn) {
      const kind = columns.kind[row];
      if (kind === EXPIRED) tally.expired++;
      else if (kind === FORCE_RELEASED) tally.forced++;
      else if (kind === ABANDONED) tally.abandoned++;
    }
    if (granted === 0) return;
    if (isIn) tally.holds.push(at - granted);
    const environment = sheet.names[columns.environment[row] ?? 0] ?? "";
    this.#addHold(tally, environment, { createdAt: created, grantedAt: granted, slots: columns.amount[row] ?? 1 }, at);
    if (at < this.#query.asOf || this.#held.size === 0) return;
    const hold = `${sheet.ids[columns.lease[row] ?? 0]} ${environment}`;
    if (this.#held.has(hold)) this.#ended.add(hold);
  }

  /** What a hold is in the window, up to `until`. */
  #addHold(tally: Tally, environment: string, { createdAt, grantedAt, slots }: Times, until: Micros): void {
    const { to } = this.#query;
    const held = slots * Math.max(0, Math.min(until, to) - Math.max(grantedAt, this.#from));
    tally.held += held;
    if (held > 0 && !this.#labels.has(environment)) this.#addStray(environment, tally, held);
    if (grantedAt < this.#from || grantedAt >= to) return;
    tally.grants++;
    tally.waits.push(grantedAt - createdAt);
  }

  #addStray(environment: string, tally: Tally, held: number): void {
    const strays = this.#strays.get(environment) ?? new Map<Tally, number>();
    if (strays.size === 0) this.#strays.set(environment, strays);
    strays.set(tally, (strays.get(tally) ?? 0) + held);
  }

  #addTurns(sheet: Sheet): void {
    const { columns, names } = sheet;
    const { filter } = this.#query;
    const isSeen = filter.seen && seenIn(sheet, filter.seen);
    for (let row = 0; row < sheet.count; row++) {
      const [kind, at] = [columns.kind[row], columns.at[row] ?? 0];
      const isTurn = kind === ENVIRONMENT_CREATED || kind === ENVIRONMENT_CHANGED || kind === ENVIRONMENT_DELETED;
      if (!isTurn || at < this.#from || isSeen?.(row) === false) continue;
      const [name, pool] = [names[columns.environment[row] ?? 0] ?? "", names[columns.pool[row] ?? 0] ?? ""];
      if ((filter.environment ?? name) !== name || (filter.pool ?? pool) !== pool) continue;
      const place = this.#places.get(name) ?? { pool, capacity: 0, turns: [] };
      this.#places.set(name, place);
      const [capacity, before] = [columns.amount[row] ?? 0, columns.created[row] ?? 0];
      if (kind === ENVIRONMENT_CREATED) place.turns.push({ at, before: 0, after: capacity });
      else if (kind === ENVIRONMENT_DELETED) place.turns.push({ at, before: capacity, after: 0 });
      else if (before > 0) place.turns.push({ at, before, after: capacity });
    }
  }

  /** What was counted, by key; one more than limits.statsRows: there are too many to tell of. */
  rows(): readonly StatsRow[] {
    const { groupBy } = this.#query;
    for (const [key, hold] of this.#held)
      if (!this.#ended.has(key)) this.#addHold(this.#tally(this.#keyOf(hold)), hold.environment, hold, Number.POSITIVE_INFINITY);
    const all = this.#addCapacities();
    if (groupBy === "REPOSITORY") for (const tally of this.#tallies.values()) tally.capacity = all;
    return [...this.#tallies].map(([key, tally]) => tally.row(key, this.#from)).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** Adds to each key what there was, and tells it of all. What was made on demand and is forgotten was there while it was held. */
  #addCapacities(): number {
    const { groupBy, to } = this.#query;
    let all = 0;
    for (const [environment, place] of this.#places) {
      const capacity = capacityOf(place, this.#from, to);
      all += capacity;
      if (groupBy === "REPOSITORY") continue;
      const tally = this.#tally(this.#keyOf({ environment, pool: place.pool, repository: "" }));
      tally.capacity += capacity;
      const [first] = place.turns;
      if (groupBy === "ENVIRONMENT" && first?.before === 0) tally.begun = first.at;
    }
    for (const [environment, strays] of this.#strays) {
      if (this.#places.has(environment)) continue;
      for (const [tally, held] of strays) {
        all += held;
        tally.capacity += held;
      }
    }
    return all;
  }

  #keyOf(of: Pick<Hold, "environment" | "pool" | "repository">): string {
    const { groupBy } = this.#query;
    if (groupBy === "POOL") return of.pool;
    if (groupBy === "REPOSITORY") return of.repository;
    return groupBy === "LABEL" ? (this.#labels.get(of.environment) ?? "") : of.environment;
  }

  #tally(key: string): Tally {
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    if (this.#tallies.size > limits.statsRows) return this.#beyond;
    const made = new Tally();
    this.#tallies.set(key, made);
    return made;
  }
}

/** The time of slots that an environment had. */
function capacityOf({ capacity, turns }: Place, from: Micros, to: Micros): number {
  turns.sort((a, b) => a.at - b.at);
  let [sum, since] = [0, from];
  let current = turns[0]?.before ?? capacity;
  for (const { at, after } of turns) {
    const until = Math.min(at, to);
    sum += current * Math.max(0, until - since);
    since = Math.max(since, until);
    current = after;
  }
  return sum + current * Math.max(0, to - since);
}

/** By which column of a sheet its rows are grouped, and the key of each number in it. */
function keysOf(sheet: Sheet, groupBy: GroupBy, labels: ReadonlyMap<string, string>) {
  const { environment, pool, repository } = sheet.columns;
  const column = groupBy === "POOL" ? pool : groupBy === "REPOSITORY" ? repository : environment;
  const key = (number: number) => {
    const name = sheet.names[number] ?? "";
    return groupBy === "LABEL" ? (labels.get(name) ?? "") : name;
  };
  return { column, key };
}
