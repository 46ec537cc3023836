/** The environments that a selector can have, one after the other and no more than are asked for: what labels.ts keeps in order. */
import { byUse, postingOf, rarestOf, useOf } from "../model/labels.ts";
import type { SelectorWant, Want } from "../model/lease.ts";
import { namesOf, selectorsOf } from "../model/needs.ts";
import { sitesPermitted } from "../model/permitted.ts";
import type { Pool, Site } from "../model/pool.ts";
import { siteOf, wouldDo } from "../model/site.ts";
import { ascending, type Compare } from "../model/sorted.ts";

/** Those with a free slot, that first whose latest grant is the oldest. */
export function* freeFor(pool: Pool, want: SelectorWant): Generator<Site, void, undefined> {
  const postings = rarestOf(pool.labels, want.selector).map((label) => postingOf(pool, label).free);
  const few = fewFor(pool, want)?.filter((site) => postings.some((free) => free.has(useOf(site))));
  if (few !== undefined) return yield* few.sort((a, b) => byUse(useOf(a), useOf(b)));
  const free = postings.map((posting) => posting.keys());
  for (const { environment } of merged(free, byUse)) yield* suitable(pool, want, environment);
}

/** Those in service, by name. */
export function* servingFor(pool: Pool, want: SelectorWant): Generator<Site, void, undefined> {
  const postings = rarestOf(pool.labels, want.selector).map((label) => postingOf(pool, label).serving);
  const few = fewFor(pool, want);
  if (few !== undefined) return yield* few.filter((site) => postings.some((serving) => serving.has(site.environment.config.name)));
  const serving = postings.map((posting) => posting.keys());
  for (const name of merged(serving, ascending)) yield* suitable(pool, want, name);
}

/** All, whatever their state, by name. */
export function* allFor(pool: Pool, want: SelectorWant): Generator<Site, void, undefined> {
  const few = fewFor(pool, want);
  if (few !== undefined) return yield* few;
  const names = rarestOf(pool.labels, want.selector).flatMap((label) => pool.labels.names.get(label)?.keys() ?? []);
  for (const name of merged(names, ascending)) yield* suitable(pool, want, name);
}

/** All of them, where whoever asks may use fewer environments than there are with the label. */
function fewFor(pool: Pool, want: SelectorWant): Site[] | undefined {
  if (want.only === undefined) return undefined;
  const labelled = rarestOf(pool.labels, want.selector).reduce((sum, label) => sum + (pool.labels.names.get(label)?.size ?? 0), 0);
  return sitesPermitted(pool, want.only, labelled)?.filter((site) => wouldDo(want, site));
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
