/** What a caller sees of what a request does not name: every list, stream and figure is filtered by this. */
import type { Identity } from "../access/identity.ts";
import { includes } from "../core/access/grant.ts";
import type { Rights } from "../core/access/rights.ts";
import { type Names, Sight } from "../core/access/sight.ts";
import { allFor } from "../core/line/candidates.ts";
import type { Lease, SelectorWant } from "../core/model/lease.ts";
import { namesOf, selectorsOf } from "../core/model/needs.ts";
import type { Pool } from "../core/model/pool.ts";
import { wantKey } from "../core/model/seekers.ts";
import { Slice } from "../engine/slice.ts";

const sights = new WeakMap<Rights, Sight>();

/** What a caller may see; undefined: everything. What the bearer of a lease_token may look at was asked at the gate. */
export function sightOf({ rights, kind }: Identity): Sight | undefined {
  if (rights.mayAll("VIEW") || kind === "LEASE_TOKEN") return undefined;
  const known = sights.get(rights);
  if (known !== undefined) return known;
  const patterns = rights.grants.filter(({ role }) => includes(role, "VIEW")).flatMap((grant) => grant.patterns);
  const sight = new Sight([...new Set(patterns)].sort());
  sights.set(rights, sight);
  return sight;
}

/** Whether a caller sees a pool: all of it, something that is in it, or one that its rights are given for by name. */
export function seesPool(sight: Sight | undefined, pool: Pool): boolean {
  const names = sight?.within(pool.name);
  if (sight === undefined || names === undefined) return true;
  return !names.isEmpty && (sight.names(pool.name) || pool.sites.keys().some((name) => names.has(name)));
}

/** Whether a caller sees a lease of a pool: its own, or one that is on something that it sees or, by selector, would take it. */
export function seesLease(caller: Identity, lease: Lease, pool: Pool): boolean {
  const names = hiding(caller, lease);
  if (names === undefined) return true;
  const open = selectorsOf(lease).filter(({ chosen }) => chosen.length === 0);
  return namesOf(lease).some((name) => names.has(name)) || open.some((want) => wouldTake(pool, want, names));
}

/** The names that a caller sees, of the pool of a lease, or of what happened to one, where not all of it must be told to it. */
export function hiding(caller: Identity, { principal, pool }: { readonly principal?: string; readonly pool: string }): Names | undefined {
  return principal === caller.principal ? undefined : sightOf(caller)?.within(pool);
}

function wouldTake(pool: Pool, want: SelectorWant, names: Names): boolean {
  return allFor(pool, want).some(({ environment }) => names.has(environment.config.name));
}

/** Who waits by selector, or has reserved something for later, for what a caller sees of a pool. */
export async function seekersOf(pool: Pool, names: Names | undefined, slice: Slice): Promise<string[]> {
  if (names === undefined || names.isEmpty) return [];
  const ids: string[] = [];
  // Many want the same.
  const judged = new Map<string, boolean>();
  const isSought = (want: SelectorWant): boolean => {
    const key = wantKey(want);
    const known = judged.get(key) ?? wouldTake(pool, want, names);
    judged.set(key, known);
    return known;
  };
  for (const id of [...pool.selecting.values().map(({ lease }) => lease), ...pool.calendar.values()]) {
    const lease = pool.leases.get(id);
    if (lease !== undefined && selectorsOf(lease).some(isSought)) ids.push(id);
    const turn = slice.next();
    if (turn !== undefined) await turn;
  }
  return ids;
}

/** Judges the names of a pool that have not been judged before, in slices, so that what asks for them next takes no longer than for others. */
export async function learn(names: Names | undefined, { sites }: Pool, slice = new Slice()): Promise<void> {
  if (names?.isCostly !== true) return;
  for (const name of sites.keys()) {
    names.has(name);
    const turn = slice.next();
    if (turn !== undefined) await turn;
  }
}
