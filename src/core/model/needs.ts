/** What a request wants, or a lease has: the one room that knows how a need means its environments, by name or by selector. */
import type { NamedNeed, NamedWant, Need, SelectorNeed, SelectorWant, Want } from "./lease.ts";
import type { Pool, Site } from "./pool.ts";
import { siteOf } from "./site.ts";

/** A lease, or a request that may become one. */
export interface Wanting {
  readonly needs: readonly (Want | Need)[];
}

/** So many slots of an environment. */
export interface Part {
  readonly name: string;
  readonly site: Site;
  readonly slots: number;
}

/** The need of a lease that has not been granted yet. */
export function needOf(want: Want): Need {
  return "selector" in want ? { ...want, chosen: [] } : { ...want, indexes: [] };
}

/** What a lease has of environments, or wants of those that it names, in the order of the request. */
export function partsOf({ needs }: { readonly needs: readonly Need[] }): readonly NamedNeed[] {
  if (needs.every(isNamed)) return needs;
  return needs.flatMap((need) => ("selector" in need ? need.chosen : [need]));
}

/** The needs with each part changed. */
export function mapParts(needs: readonly Need[], change: (part: NamedNeed) => NamedNeed): Need[] {
  return needs.map((need) => ("selector" in need ? { ...need, chosen: need.chosen.map(change) } : change(need)));
}

/** The needs without what they were granted. */
export function bare(needs: readonly Need[]): Need[] {
  return needs.map(needOf);
}

/** The wants by selector, in the order of the request. */
export function selectorsOf<W extends Want>({ needs }: { readonly needs: readonly W[] }): Extract<W, SelectorWant>[] {
  return needs.filter((need): need is Extract<W, SelectorWant> => "selector" in need);
}

/** The needs with what was chosen for their selectors, in the same order. */
export function withChosen(needs: readonly (Want | Need)[], chosen: readonly (readonly NamedWant[])[]): Need[] {
  let next = 0;
  return needs.map((need): Need => {
    if (!("selector" in need)) return needOf(need);
    const found = chosen[next++] ?? [];
    const filled: SelectorNeed = { ...need, chosen: found.map((part) => ({ ...part, indexes: [] })) };
    return filled;
  });
}

/** Whether anything is wanted by selector. */
export function isSelecting({ needs }: Wanting): boolean {
  return needs.some((need) => "selector" in need);
}

/** Whether more than one environment is wanted. */
export function isJoint(wanting: Wanting): boolean {
  return wanting.needs.length > 1 || isSelecting(wanting);
}

/** The names of the environments that are named or, once granted, were chosen. */
export function namesOf({ needs }: Wanting): string[] {
  return settledOf(needs).map((part) => part.environment);
}

/** Whether an environment is one of them. */
export function isOn({ needs }: Wanting, environment: string): boolean {
  return settledOf(needs).some((part) => part.environment === environment);
}

/** Each of them with its site, which the pool must have. */
export function sitesOf(pool: Pool, { needs }: Wanting): Part[] {
  return settledOf(needs).map(({ environment, slots }) => ({ name: environment, site: siteOf(pool, environment), slots }));
}

function settledOf(needs: readonly (Want | Need)[]): readonly NamedWant[] {
  if (needs.every(isNamed)) return needs;
  return needs.flatMap((need): readonly NamedWant[] => ("chosen" in need ? need.chosen : "selector" in need ? [] : [need]));
}

function isNamed<N extends Want | Need>(need: N): need is Exclude<N, SelectorWant> {
  return "environment" in need;
}
