/** The environments that a selector can have, one after the other and no more than are asked for: what labels.ts keeps in order. */
import { byUse, postingOf, rarestOf } from "../model/labels.ts";
import type { SelectorWant, Want } from "../model/lease.ts";
import { namesOf, selectorsOf } from "../model/needs.ts";
import type { Pool, Site } from "../model/pool.ts";
import { siteOf, wouldDo } from "../model/site.ts";
import { ascending, type Compare } from "../model/sorted.ts";

/** Those with a free slot, that first whose latest grant is the oldest. */
export function* freeFor(pool: Pool, want: SelectorWant): Generator<Site, void, undefined> {
  const free = rarestOf(pool.labels, want.selector).map((label) => postingOf(pool, label).free.keys());
  for (const { environment } of merged(free, byUse)) yield* suitable(pool, want, environment);
}

/** Those in service, by name. */
export function* servingFor(pool: Pool, want: SelectorWant): Generator<Site, void, undefined> {
  const serving = rarestOf(pool.labels, want.selector).map((label) => postingOf(pool, label).serving.keys());
  for (const name of merged(serving, ascending)) yield* suitable(pool, want, name);
}

/** All, whatever their state, by name. */
export function* allFor(pool: Pool, want: SelectorWant): Generator<Site, void, undefined> {
  const names = rarestOf(pool.labels, want.selector).flatMap((label) => pool.labels.names.get(label)?.keys() ?? []);
  for (const name of merged(names, ascending)) yield* suitable(pool, want, name);
}

/** Of all that `source` has for the selectors of a request, so many at most, each once, and none that the request names. */
export function someFor(
  request: { readonly needs: readonly Want[] },
  source: (want: SelectorWant) => Iterable<Site>,
  most: number,
): Set<Site> {
  const named = new Set(namesOf(request));
  const found = new Set<Site>();
  for (const want of selectorsOf(request))
    for (const site of source(want)) {
      if (found.size >= most) return found;
      if (!named.has(site.environment.config.name)) found.add(site);
    }
  return found;
}

function suitable(pool: Pool, want: SelectorWant, name: string): Site[] {
  const site = siteOf(pool, name);
  return wouldDo(want, site) ? [site] : [];
}

/** What several bring in order, in order. */
function merged<T>(several: readonly IteratorObject<T, void>[], compare: Compare<T>): Iterable<T> {
  const [only, ...others] = several;
  return only !== undefined && others.length === 0 ? only : interleaved(several, compare);
}

function* interleaved<T>(several: readonly IteratorObject<T, void>[], compare: Compare<T>): Generator<T, void, undefined> {
  const heads = several.flatMap((of) => {
    const first = of.next();
    return first.done === true ? [] : [{ of, value: first.value }];
  });
  for (;;) {
    const [first, ...others] = heads;
    if (first === undefined) return;
    const least = others.reduce((a, b) => (compare(b.value, a.value) < 0 ? b : a), first);
    yield least.value;
    const next = least.of.next();
    if (next.done === true) heads.splice(heads.indexOf(least), 1);
    else least.value = next.value;
  }
}
