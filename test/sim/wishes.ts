/** What is asked for by selector, and what rule 1 says of it, by labels that the events have told. */
import type { Event } from "../../src/core/event.ts";
import type { Labels } from "../../src/core/model/environment.ts";
import type { Lease, SelectorWant } from "../../src/core/model/lease.ts";
import { isSelecting, partsOf, selectorsOf } from "../../src/core/model/needs.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import { textOf } from "../../src/core/model/selector-text.ts";
import type { Commit } from "../../src/store/store.ts";
import { count, expectThat } from "./seen.ts";

/** Labels that operators give. */
export const LABELS: readonly Labels[] = [{}, { tier: "uat" }, { tier: "uat", gpu: "" }, { tier: "dev" }];

/** Selectors by their text, and what each means. */
const MEANINGS: Readonly<Record<string, (labels: Labels) => boolean>> = {
  "tier=uat": ({ tier }) => tier === "uat",
  gpu: ({ gpu }) => gpu !== undefined,
  "!gpu": ({ gpu }) => gpu === undefined,
  "tier in (uat,dev)": ({ tier }) => tier === "uat" || tier === "dev",
  "tier!=uat,!gpu": ({ tier, gpu }) => tier !== "uat" && gpu === undefined,
};

export const SELECTORS: readonly SelectorWant["selector"][] = [
  [{ key: "tier", operator: "IN", values: ["uat"] }],
  [{ key: "gpu", operator: "EXISTS", values: [] }],
  [{ key: "gpu", operator: "ABSENT", values: [] }],
  [{ key: "tier", operator: "IN", values: ["uat", "dev"] }],
  [
    { key: "tier", operator: "NOT_IN", values: ["uat"] },
    { key: "gpu", operator: "ABSENT", values: [] },
  ],
];

/** What those may use who may not use everything, and what each means. */
export const ONLY: readonly (readonly string[])[] = [["a", "b"], ["?"], ["c*"], ["none"]];
const ALLOWED: Readonly<Record<string, (name: string) => boolean>> = {
  "a,b": (name) => name === "a" || name === "b",
  "?": (name) => name.length === 1,
  "c*": (name) => name.startsWith("c"),
  none: () => false,
};

/** An environment as far as selectors see it; without labels nobody has configured it. */
interface Known {
  readonly labels: Labels | undefined;
  readonly capacity: number;
}

export class Wishes {
  /** By pool and name. */
  readonly #known = new Map<string, Map<string, Known>>();
  /** How often anything of it has changed. */
  changes = 0;

  started(pools: Iterable<Pool>): void {
    this.changes++;
    this.#known.clear();
    for (const pool of pools) this.#known.set(pool.name, environmentsOf(pool));
  }

  /** `pool`: as it is after the event's commit. */
  entered({ pool: name, environments, cause, revision }: Event, pool: Pool, { leases, events }: Commit): void {
    const known = this.#known.get(name) ?? new Map<string, Known>();
    this.#known.set(name, known);
    for (const { name: environment, deleted, labels, capacity } of environments) {
      const before = known.get(environment);
      if (deleted === true || JSON.stringify(labels) !== JSON.stringify(before?.labels) || capacity !== before?.capacity) this.changes++;
      if (deleted) known.delete(environment);
      else known.set(environment, { labels, capacity });
    }
    const lease = pool.leases.get(cause?.leaseId ?? "");
    // What has moved on in the same commit does not say any more what this event gave it.
    if (lease?.fencingToken === revision && isSelecting(lease)) this.#checkChosen(lease, known);
    const row = cause?.endReason === "UNSATISFIABLE" ? leases.find(({ id }) => id === cause.leaseId) : undefined;
    // Who waits for what is deleted is told before that itself is.
    const going = events.flatMap((event) => event.environments.filter(({ deleted }) => deleted).map((environment) => environment.name));
    const left = new Map([...known].filter(([environment]) => !going.includes(environment)));
    if (row !== undefined && isSelecting(row)) this.#checkTurnedAway(row, left);
    checkWaiting(pool);
  }

  /** An Acquire was answered with what can never be granted; `changes`: how many there had been when it was sent. */
  answered(lease: Lease, changes: number): void {
    if (!isSelecting(lease) || changes !== this.changes) return;
    count("never to be had");
    const had = canHave(lease, this.#known.get(lease.pool) ?? new Map());
    expectThat(!had, `${lease.id} was answered that it can never be granted: ${lease.endNote}`);
  }

  #checkTurnedAway(lease: Lease, known: ReadonlyMap<string, Known>): void {
    count("turned away by labels");
    expectThat(!canHave(lease, known), `${lease.id} was told that it can never be served, and could be`);
  }

  /** Each selector has as many different environments as it wants, all with its labels, and so many slots of each. */
  #checkChosen(lease: Lease, known: ReadonlyMap<string, Known>): void {
    count(lease.state === "OFFERED" ? "chosen for who waited" : "chosen at once");
    const names = partsOf(lease).map(({ environment }) => environment);
    expectThat(new Set(names).size === names.length, `${lease.id} has ${names}: one of them twice`);
    for (const need of lease.needs) {
      if (!("selector" in need)) continue;
      expectThat(need.chosen.length === need.count, `${lease.id} has ${need.chosen.length} of ${need.count} for ${textOf(need.selector)}`);
      for (const { environment, indexes } of need.chosen) {
        const one = known.get(environment);
        expectThat(one !== undefined && wouldDo(need, environment, one), `${lease.id} has ${environment} for ${textOf(need.selector)}`);
        expectThat(indexes.length === need.slots, `${lease.id} has ${indexes.length} of ${need.slots} slots of ${environment}`);
      }
    }
  }
}

/** Nobody waits for what the configuration cannot give. */
function checkWaiting(pool: Pool): void {
  const known = environmentsOf(pool);
  for (const lease of pool.leases.values())
    if (lease.state === "QUEUED" && isSelecting(lease)) expectThat(canHave(lease, known), `${lease.id} waits for what there is not`);
}

function environmentsOf({ sites }: Pool): Map<string, Known> {
  return new Map(
    [...sites.entries()].map(([name, { environment }]) => {
      const { labels, capacity } = environment.config;
      return [name, { labels: environment.onDemand === true ? undefined : labels, capacity }];
    }),
  );
}

function wouldDo({ selector, slots, only }: SelectorWant, name: string, { labels, capacity }: Known): boolean {
  if (only !== undefined && ALLOWED[only.join()]?.(name) !== true) return false;
  return labels !== undefined && capacity >= slots && MEANINGS[textOf(selector)]?.(labels) === true;
}

/** Whether there is any way to give it all that it wants, were all of it free: by trying each. */
function canHave(lease: Lease, known: ReadonlyMap<string, Known>): boolean {
  const named = new Set(lease.needs.flatMap((need) => ("environment" in need ? [need.environment] : [])));
  for (const need of lease.needs) if ("environment" in need && (known.get(need.environment)?.capacity ?? 0) < need.slots) return false;
  const wants = selectorsOf(lease).flatMap((want) => Array.from({ length: want.count }, () => want));
  const others = [...known].filter(([name]) => !named.has(name));
  const give = (index: number, taken: ReadonlySet<string>): boolean => {
    const want = wants[index];
    if (want === undefined) return true;
    return others.some(([name, one]) => !taken.has(name) && wouldDo(want, name, one) && give(index + 1, new Set([...taken, name])));
  };
  return give(0, named);
}
