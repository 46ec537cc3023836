/** What holders have told of their environments: it is kept, it is theirs, and whoever watches knows it. */
import type { Facts as Told } from "../../src/core/model/environment.ts";
import type { NamedNeed } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Commit } from "../../src/store/store.ts";
import { count, expectThat } from "./seen.ts";

/** A few names for all, so that they replace each other's. */
const NAMES = 3;

export class Facts {
  /** By their values, each of which is told once: by which lease. */
  readonly #sent = new Map<string, string>();
  /** By environment and name: when the last one was told that was acknowledged. */
  readonly #kept = new Map<string, Map<string, Micros>>();
  /** By environment: when there was none of that name last. */
  readonly #gone = new Map<string, Micros>();
  /** By environment: what whoever watches it knows. */
  readonly #watched = new Map<string, string>();

  /** What a lease tells next. */
  next(lease: string): Record<string, string> {
    const value = `v${this.#sent.size}`;
    this.#sent.set(value, lease);
    return { [`f${this.#sent.size % NAMES}`]: value };
  }

  /** A call that told them was answered: the lease was HELD at that time. */
  acknowledged(told: Readonly<Record<string, string>>, parts: readonly NamedNeed[], at: Micros): void {
    count("facts told");
    for (const { environment } of parts) {
      // Deleted since, maybe in the very commit.
      if (at <= (this.#gone.get(environment) ?? 0)) continue;
      const kept = this.#kept.get(environment) ?? new Map<string, Micros>();
      for (const name of Object.keys(told)) kept.set(name, at);
      this.#kept.set(environment, kept);
    }
  }

  /** Somebody wants it deleted or forgotten, and may succeed. */
  doomed(environment: string, at: Micros): void {
    this.#gone.set(environment, at);
    this.#kept.delete(environment);
  }

  started(pools: Iterable<Pool>): void {
    this.#watched.clear();
    for (const pool of pools)
      for (const [name, { environment }] of pool.sites.entries()) this.#watched.set(name, JSON.stringify(environment.facts));
  }

  committed({ pools, events, deleted }: Commit): void {
    // With an environment its facts go.
    const gone = (name: string, at: Micros) => {
      this.doomed(name, at);
      this.#watched.delete(name);
    };
    for (const name of deleted) gone(name, Math.max(...pools.map(({ at }) => at)));
    for (const { environments, at, kind } of events)
      for (const { name, facts, deleted: ended } of environments) {
        // Created anew in the commit in which it was forgotten: that is no event.
        if (ended === true || kind === "ENVIRONMENT_CREATED") gone(name, at);
        if (ended !== true) this.#watched.set(name, JSON.stringify(facts));
      }
    for (const pool of pools)
      for (const [name, { environment }] of pool.sites.entries())
        expectThat(
          this.#watched.get(name) === JSON.stringify(environment.facts),
          `facts of ${name} have changed, and nobody who watches knows`,
        );
  }

  check(pool: Pool, wasHeld: (lease: string) => boolean): void {
    for (const [name, { environment }] of pool.sites.entries()) {
      const { facts = {} } = environment;
      this.#checkTold(name, facts, wasHeld);
      for (const [fact, at] of this.#kept.get(name) ?? [])
        expectThat((facts[fact]?.at ?? 0) >= at, `what was told of ${name} as ${fact} was acknowledged, and is lost`);
    }
  }

  #checkTold(environment: string, facts: Told, wasHeld: (lease: string) => boolean): void {
    for (const { value, leaseId } of Object.values(facts))
      expectThat(
        this.#sent.get(value) === leaseId && wasHeld(leaseId),
        `${leaseId} has told ${value} of ${environment}, and never held it`,
      );
  }
}
