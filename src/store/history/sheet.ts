/** Entries side by side in columns, as they are stored: 60 bytes each, and what they have in common once. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { EventKind } from "../../core/event.ts";
import type { EnvironmentState } from "../../core/model/environment.ts";
import type { Entry } from "./history.ts";

/** What each kind is stored as: a number that stays. */
export const KIND_CODES: Readonly<Record<EventKind, number>> = {
  ...{ QUEUED: 0, OFFERED: 1, GRANTED: 2, PASSED_OVER: 3, TAKEN_BACK: 4 },
  ...{ RELEASED: 5, EXPIRED: 6, WITHDRAWN: 7, ABANDONED: 8, TIMED_OUT: 9, FORCE_RELEASED: 10, UNSATISFIABLE: 11 },
  ...{ ENVIRONMENT_CREATED: 12, ENVIRONMENT_CHANGED: 13, ENVIRONMENT_DELETED: 14, STATE_CHANGED: 15 },
  ...{ FACTS_CHANGED: 16, RESERVED: 17, CLEANING: 18, SUPERSEDED: 19, CANCEL_REQUESTED: 20 },
  ...{ KEY_CREATED: 21, KEY_ROTATED: 22, KEY_REVOKED: 23, POOL_CHANGED: 24, REFUSED: 25, EXTENDED: 26, ACCESS_CHANGED: 27 },
};
const KINDS = new Map(Object.entries(KIND_CODES).map(([kind, code]) => [code, kind as EventKind]));
const STATES: readonly EnvironmentState[] = ["AVAILABLE", "DRAINING", "MAINTENANCE", "DIRTY", "CLEANING", "QUARANTINED"];

const TIMES = ["revision", "at", "created", "granted"] as const;
const NUMBERS = ["amount", "offset"] as const;
const REFERENCES = ["environment", "pool", "principal", "repository", "lease", "name", "holder", "by", "reason"] as const;
const CODES = ["kind", "state"] as const;

/** How many entries are in one sheet at most: what they refer to must have a number of 16 bits. */
export const LARGEST = 4_096;

/** What a sheet is stored as. */
export interface Stored {
  /** The position of its first entry, and how many there are. */
  readonly first: number;
  readonly count: number;
  /** The earliest and the latest of its times. */
  readonly since: number;
  readonly until: number;
  readonly columns: Uint8Array;
  /** JSON of pools, environments, principals and repositories. */
  readonly names: string;
  /** JSON of leases and holders' names. */
  readonly ids: string;
  /** JSON of holders, of who made it, and of reasons, deflated. */
  readonly details: Uint8Array;
}

/**
 * The columns of a sheet. `amount`: slots, or a capacity. `created` of a change of an environment: the capacity before, if that is another.
 * What is of no lease has no holder, and then `name` is its subject.
 */
export type Columns = Readonly<
  Record<(typeof TIMES)[number], Float64Array> &
    Record<(typeof NUMBERS)[number], Uint32Array> &
    Record<(typeof REFERENCES)[number], Uint16Array> &
    Record<(typeof CODES)[number], Uint8Array>
>;

/** Between a principal and its label, which are one name: in no principal. */
const LABELLED = "\0";

/** Gives each value a number, and the empty one 0. */
class Dictionary {
  readonly values: unknown[] = [""];
  readonly #numbers = new Map<unknown, number>([["", 0]]);

  /** `key`: what tells values apart. */
  add(value: unknown, key: unknown = value): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.values.length);
    return this.values.push(value) - 1;
  }

  addObject(value: object | undefined): number {
    return value === undefined ? 0 : this.add(value, JSON.stringify(value));
  }
}

/** A sheet of entries with their positions, in order; at most LARGEST, and one at least. */
export function store(entries: readonly (readonly [position: number, entry: Entry])[]): Stored {
  const count = entries.length;
  const first = entries[0]?.[0] ?? 0;
  const bytes = new Uint8Array(count * widthOf());
  const columns = columnsOf(bytes, count);
  const [names, ids, details] = [new Dictionary(), new Dictionary(), new Dictionary()];
  let [since, until] = [Number.POSITIVE_INFINITY, 0];
  for (const [row, [position, entry]] of entries.entries()) {
    since = Math.min(since, entry.at);
    until = Math.max(until, entry.at);
    columns.offset[row] = position - first;
    put(columns, row, entry);
    columns.environment[row] = names.add(entry.environment);
    columns.pool[row] = names.add(entry.pool);
    const { by, principal = "", principalLabel: label } = entry;
    columns.principal[row] = names.add(label === undefined ? principal : principal + LABELLED + label);
    // Whoever did something is found among the names.
    if (by !== undefined) names.add(by.principal);
    columns.repository[row] = names.add(entry.holder?.repository ?? "");
    columns.lease[row] = ids.add(entry.lease ?? "");
    columns.name[row] = ids.add(entry.holder?.name ?? entry.subject ?? "");
    columns.holder[row] = details.addObject(entry.holder);
    columns.by[row] = details.addObject(by);
    columns.reason[row] = details.add(entry.reason);
  }
  const text = (dictionary: Dictionary) => JSON.stringify(dictionary.values);
  const packed = deflateRawSync(text(details), { level: 1 });
  return { first, count, since, until, columns: bytes, names: text(names), ids: text(ids), details: packed };
}

function put(columns: Columns, row: number, { revision, at, kind, ...entry }: Entry): void {
  columns.revision[row] = revision;
  columns.at[row] = at;
  columns.created[row] = entry.createdAt ?? entry.capacityBefore ?? 0;
  columns.granted[row] = entry.grantedAt ?? 0;
  columns.amount[row] = entry.slots ?? entry.capacity ?? 0;
  columns.kind[row] = KIND_CODES[kind];
  columns.state[row] = entry.state === undefined ? 0 : 1 + STATES.indexOf(entry.state);
}

/** A sheet to read: what is looked up is parsed when it is first needed. */
export class Sheet {
  readonly first: number;
  readonly count: number;
  readonly columns: Columns;
  readonly #stored: Pick<Stored, "names" | "ids" | "details">;
  #names: string[] | undefined;
  #ids: string[] | undefined;
  #details: unknown[] | undefined;

  constructor(stored: Omit<Stored, "since" | "until">) {
    this.first = stored.first;
    this.count = stored.count;
    const { columns } = stored;
    // Numbers of eight bytes can be read in place only where they begin at a multiple of eight.
    this.columns = columnsOf(columns.byteOffset % 8 === 0 ? columns : Uint8Array.from(columns), stored.count);
    this.#stored = stored;
  }

  get names(): readonly string[] {
    this.#names ??= JSON.parse(this.#stored.names) as string[];
    return this.#names;
  }

  /** The number of a lease or a holder's name; -1: it is not in this sheet. */
  idOf(value: string): number {
    if (!this.#stored.ids.includes(JSON.stringify(value))) return -1;
    return this.ids.indexOf(value);
  }

  /** The numbers of a principal, with each label that it has had: none, if it asked for nothing in this sheet and did nothing. */
  principalsOf(principal: string): ReadonlySet<number> {
    const isMeant = (name: string) => name === principal || name.startsWith(principal + LABELLED);
    return new Set(this.names.flatMap((name, number) => (isMeant(name) ? [number] : [])));
  }

  /** What the column `by` has of this principal. */
  deedsOf(principal: string): ReadonlySet<number> {
    const isDoer = (detail: unknown) =>
      typeof detail === "object" && detail !== null && "principal" in detail && detail.principal === principal;
    return new Set(this.#read().flatMap((detail, number) => (isDoer(detail) ? [number] : [])));
  }

  #read(): readonly unknown[] {
    this.#details ??= JSON.parse(inflateRawSync(this.#stored.details).toString()) as unknown[];
    return this.#details;
  }

  get ids(): readonly string[] {
    this.#ids ??= JSON.parse(this.#stored.ids) as string[];
    return this.#ids;
  }

  position(row: number): number {
    return this.first + (this.columns.offset[row] ?? 0);
  }

  entry(row: number): Entry {
    const { columns: of, names, ids } = this;
    const details = this.#read();
    const detail = (column: Uint16Array) => details[column[row] ?? 0];
    const [amount, created, granted] = [of.amount[row] ?? 0, of.created[row] ?? 0, of.granted[row] ?? 0];
    const [lease, holder, by] = [ids[of.lease[row] ?? 0], detail(of.holder), detail(of.by)];
    const state = STATES[(of.state[row] ?? 0) - 1];
    return {
      ...{ revision: of.revision[row] ?? 0, at: of.at[row] ?? 0, kind: KINDS.get(of.kind[row] ?? 0) ?? "QUEUED" },
      ...{ pool: names[of.pool[row] ?? 0] ?? "", environment: names[of.environment[row] ?? 0] ?? "" },
      ...(lease ? { lease } : {}),
      ...ownerOrSubject(holder !== "", names[of.principal[row] ?? 0] ?? "", ids[of.name[row] ?? 0] ?? ""),
      ...(lease && amount > 0 ? { slots: amount } : {}),
      ...(lease && created > 0 ? { createdAt: created } : {}),
      ...(granted > 0 && { grantedAt: granted }),
      ...(holder !== "" && { holder: holder as NonNullable<Entry["holder"]> }),
      ...(by !== "" && { by: by as NonNullable<Entry["by"]> }),
      ...(state && { state, capacity: amount, ...(created > 0 && { capacityBefore: created }) }),
      reason: String(detail(of.reason)),
    };
  }
}

function ownerOrSubject(isOfLease: boolean, owner: string, name: string): Pick<Entry, "principal" | "principalLabel" | "subject"> {
  if (!isOfLease) return name === "" ? {} : { subject: name };
  const [principal = "", label] = owner.split(LABELLED);
  return label === undefined ? { principal } : { principal, principalLabel: label };
}

function widthOf(): number {
  return 8 * TIMES.length + 4 * NUMBERS.length + 2 * REFERENCES.length + CODES.length;
}

/** The columns lie one behind the other, the widest first. */
function columnsOf({ buffer, byteOffset }: Uint8Array, count: number): Columns {
  let at = byteOffset;
  const next = <T>(make: new (buffer: ArrayBufferLike, at: number, count: number) => T, width: number): T => {
    const column = new make(buffer, at, count);
    at += width * count;
    return column;
  };
  const wide = TIMES.map((name) => [name, next(Float64Array, 8)]);
  const numbers = NUMBERS.map((name) => [name, next(Uint32Array, 4)]);
  const references = REFERENCES.map((name) => [name, next(Uint16Array, 2)]);
  const codes = CODES.map((name) => [name, next(Uint8Array, 1)]);
  return Object.fromEntries([...wide, ...numbers, ...references, ...codes]) as Columns;
}
