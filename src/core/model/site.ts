/** One environment as the line sees it: which slots are free, who waits. Pure reads of one site. */

import { fitsAny } from "../access/pattern.ts";
import { limits } from "../limits.ts";
import type { Environment, StoredEnvironment } from "./environment.ts";
import type { SelectorWant } from "./lease.ts";
import type { Deadline, Pool, Site } from "./pool.ts";
import { matches } from "./selector.ts";
import type { Micros } from "./units.ts";

/** The site of an environment that a live lease names. */
export function siteOf(pool: Pool, name: string): Site {
  const site = pool.sites.get(name);
  if (site === undefined) throw new Error(`invariant: pool ${pool.name} has no environment ${name}`);
  return site;
}

/** Whether an environment is out of service for an unknown time, so that who waits for it must not keep others waiting (rule 1). */
export function isOutOfService({ state }: Environment): boolean {
  return state !== "AVAILABLE" && state !== "CLEANING";
}

/**
 * Whether an environment could serve a selector, were it free. One that was made on demand is whatever somebody once named: nobody gets it
 * without naming it.
 */
export function wouldDo({ selector, slots, only }: SelectorWant, { environment }: Site): boolean {
  const { name, capacity, labels } = environment.config;
  if (environment.onDemand === true || capacity < slots || !matches(selector, labels)) return false;
  return only === undefined || fitsAny(only, name);
}

/** How many slots are held or offered. */
export function usedSlots(site: Site): number {
  return site.slots.weight;
}

/** How many slots rest. One beyond the capacity keeps nobody waiting, so it does not count. */
export function restingSlots(site: Site): number {
  const { capacity } = site.environment.config;
  return site.slots.rank(capacity) - site.slots.weightBefore(capacity);
}

/** Slots that could be granted now, before claims. Holders who outlived a reduction of the capacity count against it. */
export function freeSlots(site: Site): number {
  const { state, config } = site.environment;
  return state === "AVAILABLE" ? Math.max(0, config.capacity - usedSlots(site) - restingSlots(site)) : 0;
}

/** The lowest `count` slots that nobody has and that don't rest. */
export function pickSlots(site: Site, count: number): number[] {
  const picked: number[] = [];
  for (let nth = 0; nth < count; nth++) {
    // Of the slots below an entry, as many are free as its index is higher than the number of entries before it.
    const index = nth + site.slots.count((taken, before) => taken - before <= nth);
    if (index >= site.environment.config.capacity) throw new Error(`invariant: ${site.environment.config.name} has no ${count} free slots`);
    picked.push(index);
  }
  return picked;
}

/** How many leases stand in line for it, those included that were passed over. */
export function queueLength(site: Site): number {
  return site.line.size + site.passed.size;
}

/** The ids of all who wait for it, those included who have reserved it for later. */
export function waitersOf(site: Site): string[] {
  return [...site.line.values(), ...site.passed.values(), ...site.calendar.values()];
}

/** The row that is stored. */
export function storedEnvironment(site: Site): StoredEnvironment {
  return { ...site.environment, rests: [...site.rests.keys()] };
}

/** All of an environment but what each grant changes. */
const LASTING: Readonly<Record<Exclude<keyof Environment, "fence" | "revision">, true>> = {
  config: true,
  onDemand: true,
  state: true,
  stateReason: true,
  stateUntil: true,
  dirtySince: true,
  cleanBy: true,
  uncleaned: true,
  failures: true,
  facts: true,
};
const LASTING_KEYS = Object.keys(LASTING) as (keyof typeof LASTING)[];

/** Whether the row that is stored differs from that of an earlier version by its fence and revision alone, as after a grant. */
export function differsByFence(before: Site, after: Site): boolean {
  return before.rests === after.rests && LASTING_KEYS.every((key) => before.environment[key] === after.environment[key]);
}

/** Whether nothing would be lost with it: made on demand, and nobody is on it, was so just now, or waits. */
export function isIdle(site: Site): boolean {
  const { onDemand, state } = site.environment;
  return onDemand === true && state === "AVAILABLE" && site.slots.size === 0 && queueLength(site) + site.calendar.size === 0;
}

/** Since when an environment that has nobody on it since `at` counts as idle: what was told of it, people want to read for longer. */
export function idleFrom({ environment }: Site, at: Micros): Micros {
  return environment.facts === undefined ? at : at + limits.idleWithFacts;
}

/** Whether a cleaner can have it: DIRTY, with nobody on any of its slots, and none that rests. */
export function isCleanable({ environment, slots }: Site): boolean {
  return environment.state === "DIRTY" && slots.size === 0;
}

/** When a rest or the state ends by itself, whichever is earlier. While it is being cleaned that is the cleaner's lease's to do. */
export function deadlineOf({ environment, rests }: Site): Deadline | undefined {
  const { state, stateUntil = Number.POSITIVE_INFINITY, cleanBy = Number.POSITIVE_INFINITY } = environment;
  const until = rests.first()?.[0].until ?? Number.POSITIVE_INFINITY;
  const at = Math.min(until, stateUntil, state === "DIRTY" ? cleanBy : Number.POSITIVE_INFINITY);
  return at === Number.POSITIVE_INFINITY ? undefined : { at, environment: environment.config.name };
}
