/**
 * The environments of a pool by their labels: what a selector looks at. It reads the environments of its rarest label alone, in order, and
 * stops as soon as it has enough; so it costs by what matches, not by the size of the pool. Written by ledger.ts.
 */
import type { Environment } from "./environment.ts";
import type { Labels, LastGrant, Names, Pool, Posting, Site } from "./pool.ts";
import type { Requirement, Selector } from "./selector.ts";
import { freeSlots, isOutOfService, siteOf } from "./site.ts";
import { ascending, Sorted } from "./sorted.ts";

const NONE: Labels = { names: Sorted.empty(ascending), postings: Sorted.empty(ascending) };
const NO_NAMES: Names = Sorted.empty<string, true>(ascending);

/** The order of use. */
export function byUse(a: LastGrant, b: LastGrant): number {
  return a.fence - b.fence || ascending(a.environment, b.environment);
}

/** Where a site stands in it. */
export function useOf({ environment }: Site): LastGrant {
  return { fence: environment.fence, environment: environment.config.name };
}

/** The labels of many sites. */
export function labelsOfSites(sites: Iterable<Site>): Labels {
  const names = new Map<string, [string, true][]>();
  for (const { environment } of sites)
    for (const label of labelsOf(environment)) {
      const known = names.get(label) ?? [];
      names.set(label, known);
      known.push([environment.config.name, true]);
    }
  return { ...NONE, names: NONE.names.fill([...names].map(([label, list]) => [label, NO_NAMES.fill(list)])) };
}

/** What an environment is found by. One that was made on demand is whatever somebody once named: nobody gets it without naming it. */
export function labelsOf({ config, onDemand }: Environment): string[] {
  if (onDemand === true) return [];
  return ["", ...Object.entries(config.labels).flatMap(([key, value]) => [key, `${key}=${value}`])];
}

/** The labels of which all that a selector matches has exactly one, whichever environments there are. */
export function anchorsOf(selector: Selector): readonly string[] {
  const first = selector.find(({ operator }) => operator === "IN") ?? selector.find(({ operator }) => operator === "EXISTS");
  return (first && labelsMeeting(first)) ?? [""];
}

/** The same, of those that the fewest environments have. */
export function rarestOf({ names }: Labels, selector: Selector): readonly string[] {
  let [rarest, fewest]: [readonly string[], number] = [[""], Number.POSITIVE_INFINITY];
  for (const requirement of selector) {
    const labels = labelsMeeting(requirement);
    const count = labels?.reduce((sum, label) => sum + (names.get(label)?.size ?? 0), 0);
    if (labels !== undefined && count !== undefined && count < fewest) [rarest, fewest] = [labels, count];
  }
  return rarest;
}

/** The labels of which what meets a requirement has one; undefined where having none can meet it. */
function labelsMeeting({ key, operator, values }: Requirement): readonly string[] | undefined {
  if (operator === "IN") return [...new Set(values)].map((value) => `${key}=${value}`);
  return operator === "EXISTS" ? [key] : undefined;
}

/** The labels with `after` in place of `before`. */
export function relabelled(labels: Labels, before: Site | undefined, after: Site | undefined): Labels {
  // As it mostly is: nothing but who is on it has changed.
  if (labels.postings.size === 0 && before?.environment === after?.environment) return labels;
  const same = before !== undefined && after !== undefined && isLabelledAs(before, after);
  if (same && (labels.postings.size === 0 || isPostedAs(before, after))) return labels;
  const [old, now] = [before === undefined ? [] : labelsOf(before.environment), after === undefined ? [] : labelsOf(after.environment)];
  let { names, postings } = labels;
  if (!same) {
    for (const label of old) names = renamed(names, label, (known) => known.delete(before?.environment.config.name ?? ""));
    for (const label of now) names = renamed(names, label, (known) => known.set(after?.environment.config.name ?? "", true));
  }
  for (const label of new Set([...old, ...now])) {
    const posting = postings.get(label);
    if (posting === undefined) continue;
    const less = before === undefined ? posting : withoutSite(posting, before);
    postings = postings.set(label, after !== undefined && now.includes(label) ? withSite(less, after) : less);
  }
  return { names, postings };
}

/** The labels without a site among those with a free slot. */
export function withoutFree(labels: Labels, site: Site): Labels {
  let { postings } = labels;
  for (const label of labelsOf(site.environment)) {
    const posting = postings.get(label);
    if (posting !== undefined) postings = postings.set(label, { ...posting, free: posting.free.delete(useOf(site)) });
  }
  return { ...labels, postings };
}

/** The pool with a posting of each label that a selector reads. */
export function withPostings(pool: Pool, selector: Selector): Pool {
  let { postings } = pool.labels;
  for (const label of rarestOf(pool.labels, selector))
    if (!postings.has(label) && pool.labels.names.has(label)) postings = postings.set(label, postingOf(pool, label));
  return postings === pool.labels.postings ? pool : { ...pool, labels: { ...pool.labels, postings } };
}

/** The environments of a label that could be chosen at present. */
export function postingOf(pool: Pool, label: string): Posting {
  const known = pool.labels.postings.get(label);
  if (known !== undefined) return known;
  const sites = [...(pool.labels.names.get(label)?.keys() ?? [])].map((name) => siteOf(pool, name));
  return {
    serving: NO_NAMES.fill(sites.filter(isServing).map((site) => [site.environment.config.name, true])),
    free: Sorted.empty<LastGrant, true>(byUse).fill(sites.filter(isFree).map((site) => [useOf(site), true])),
  };
}

function isServing({ environment }: Site): boolean {
  return !isOutOfService(environment);
}

function isFree(site: Site): boolean {
  return freeSlots(site) > 0;
}

function isLabelledAs({ environment: a }: Site, { environment: b }: Site): boolean {
  return a.config.labels === b.config.labels && a.onDemand === b.onDemand;
}

function isPostedAs(a: Site, b: Site): boolean {
  return a.environment.fence === b.environment.fence && isServing(a) === isServing(b) && isFree(a) === isFree(b);
}

function withSite({ serving, free }: Posting, site: Site): Posting {
  return {
    serving: isServing(site) ? serving.set(site.environment.config.name, true) : serving,
    free: isFree(site) ? free.set(useOf(site), true) : free,
  };
}

function withoutSite({ serving, free }: Posting, site: Site): Posting {
  return { serving: isServing(site) ? serving.delete(site.environment.config.name) : serving, free: free.delete(useOf(site)) };
}

/** A label that nobody has any more is none. */
function renamed(names: Labels["names"], label: string, change: (known: Names) => Names): Labels["names"] {
  const after = change(names.get(label) ?? NO_NAMES);
  return after.size === 0 ? names.delete(label) : names.set(label, after);
}
