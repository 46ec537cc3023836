/** What operators set for pools: it is kept, and it bounds who comes, but nobody who is there. */
import type { Refusal } from "../../src/core/command.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { PoolConfig } from "../../src/core/model/pool-config.ts";
import type { Commit } from "../../src/store/store.ts";
import { expectThat } from "./seen.ts";

export class Settings {
  /** By pool, as last committed. */
  readonly #known = new Map<string, PoolConfig | undefined>();
  /** By pool: all that was ever asked for. */
  readonly #asked = new Map<string, PoolConfig[]>();
  /** By pool: who waits. */
  readonly #waiting = new Map<string, Set<string>>();
  /** Leases that have come. */
  readonly #come = new Set<string>();
  readonly #names = new Set<string>();

  /** An operator asks for it, and may not hear of what becomes of it. */
  asking(pool: string, config: PoolConfig): void {
    this.#asked.set(pool, [...(this.#asked.get(pool) ?? []), config]);
  }

  started(pools: Iterable<Pool>): void {
    this.#names.clear();
    this.#waiting.clear();
    for (const { name, config, leases, sites } of pools) {
      const asked = [this.#known.get(name), ...(this.#asked.get(name) ?? [])].map((one) => JSON.stringify(one));
      expectThat(asked.includes(JSON.stringify(config)), `pool ${name} is set to ${JSON.stringify(config)}, which nobody has asked for`);
      expectThat(config !== undefined || this.#known.get(name) === undefined, `pool ${name} has forgotten what was set for it`);
      this.#known.set(name, config);
      const waiting = [...leases.values()].filter(({ state }) => state === "QUEUED");
      this.#waiting.set(name, new Set(waiting.map(({ id }) => id)));
      for (const id of leases.keys()) this.#come.add(id);
      for (const environment of sites.keys()) this.#names.add(environment);
    }
  }

  committed({ settings, events, environments, deleted }: Commit): void {
    const before = new Map(this.#known);
    for (const { pool, config } of settings) this.#known.set(pool, config);
    // Where it changes in the commit, what was decided before that followed what was set by then.
    const inForce = (pool: string) => [before.get(pool), this.#known.get(pool)];
    // Who comes may take the place of an older one, however long the line is.
    const heirs = new Set(events.flatMap(({ cause, by }) => (cause?.endReason === "SUPERSEDED" ? [by?.lease] : [])));
    for (const { pool, cause } of events) {
      if (cause === undefined) continue;
      const waiting = this.#waiting.get(pool) ?? new Set();
      this.#waiting.set(pool, waiting);
      const most = Math.max(...inForce(pool).map((config) => config?.maxQueue ?? Number.POSITIVE_INFINITY));
      const comes = cause.state === "QUEUED" && !this.#come.has(cause.leaseId);
      const others = waiting.size;
      const mayCome = others < most || heirs.has(cause.leaseId);
      expectThat(!comes || mayCome, `${cause.leaseId} waits beside ${others} others, and max_queue is ${most}`);
      this.#come.add(cause.leaseId);
      if (cause.state === "QUEUED") waiting.add(cause.leaseId);
      else waiting.delete(cause.leaseId);
    }
    for (const { config, onDemand } of environments) {
      const made = onDemand === true && !this.#names.has(config.name);
      const refused = inForce(config.pool).every((setting) => setting?.autoCreate === false);
      expectThat(!made || !refused, `${config.name} was made, and auto_create of its pool is off`);
      this.#names.add(config.name);
    }
    for (const name of deleted) this.#names.delete(name);
  }

  /** A request was refused; `stored`: it has a lease that has not ended. */
  refused(pool: string, { reason, message, metadata = {} }: Refusal, stored: boolean): void {
    const asked = this.#asked.get(pool) ?? [];
    if (reason === "QUEUE_FULL") {
      expectThat(!stored, `a retry is refused: ${message}`);
      const { max_queue: most, waiting } = metadata;
      expectThat(Number(waiting) >= Number(most), `refused although the line is not full: ${message}`);
      const known = asked.some(({ maxQueue }) => String(maxQueue) === most);
      expectThat(known, `refused for a max_queue that nobody has set: ${message}`);
    } else if (reason === "ENVIRONMENT_NOT_FOUND") {
      const off = asked.some(({ autoCreate }) => autoCreate === false);
      expectThat(off, `refused, and nobody has said that names are not made: ${message}`);
    }
  }
}
