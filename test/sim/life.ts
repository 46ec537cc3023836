/** The life of the environments, by the events alone: nobody is on what is dirty, and what is dirty is cleaned (docs/contract.md). */
import type { Clean } from "../../src/core/command.ts";
import type { Cause, Event } from "../../src/core/event.ts";
import type { EnvironmentConfig } from "../../src/core/model/environment.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import { isCleanable } from "../../src/core/model/site.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Commit } from "../../src/store/store.ts";
import { count, expectThat } from "./seen.ts";

/** Somebody who waits for something to clean. */
export interface Waiting {
  readonly pool: string;
  readonly command: Clean;
}

export class Life {
  /** Live leases that are on their environments, and whether they are HELD. */
  #on = new Map<string, "HELD" | "OFFERED">();
  /** What must be cleaned before anybody is served there. */
  readonly #unclean = new Set<string>();
  /** What cleaners have, by their leases. */
  readonly #cleaning = new Map<string, readonly string[]>();
  /** Leases of cleaners who say, as they give them back, that they have not cleaned. */
  readonly failed = new Set<string>();
  /** As they were before the commit that is being entered. */
  readonly #configs = new Map<string, EnvironmentConfig>();
  /** Those that it configures anew: nobody can tell by which configuration a use was judged. */
  #changing: ReadonlySet<string> = new Set();

  /** What was committed while the server died was no event for anybody. */
  started(pools: Iterable<Pool>): void {
    this.#on = new Map();
    for (const pool of pools) {
      for (const lease of pool.leases.values())
        if (lease.state === "HELD" || lease.state === "OFFERED") this.#on.set(lease.id, lease.state);
      for (const [name, { environment }] of pool.sites.entries()) if (environment.state === "AVAILABLE") this.#unclean.delete(name);
    }
    // Who has gone meanwhile may have said that it is clean.
    for (const [id, names] of this.#cleaning) if (!this.#on.has(id)) this.#finish(id, names);
    // A name that was deleted meanwhile begins anew.
    const all = [...pools].flatMap((pool) => [...pool.sites.keys()]);
    for (const name of this.#unclean) if (!all.includes(name)) this.#unclean.delete(name);
    this.#note(pools);
  }

  committed({ events, pools, leases }: Commit): void {
    const configured = events.filter(({ kind }) => kind?.startsWith("ENVIRONMENT_") === true);
    this.#changing = new Set(configured.flatMap(({ environments }) => environments.map(({ name }) => name)));
    const planned = new Set(leases.filter(hasEndedAsPlanned).map(({ id }) => id));
    for (const event of events) this.#enter(event, planned);
    this.#note(pools);
  }

  #note(pools: Iterable<Pool>): void {
    for (const pool of pools) for (const [name, { environment }] of pool.sites.entries()) this.#configs.set(name, environment.config);
  }

  #enter(event: Event, planned: ReadonlySet<string>): void {
    const { cause, kind, by, environments } = event;
    for (const { name, state, deleted } of environments) {
      // By hand, or by whoever has cleaned it: by itself only what is clean becomes available.
      if (deleted === true || (kind === "STATE_CHANGED" && state === "AVAILABLE" && by !== undefined)) this.#unclean.delete(name);
      if (kind === "STATE_CHANGED") count(state);
    }
    if (cause === undefined) return;
    const before = this.#on.get(cause.leaseId);
    const granted = cause.state === "HELD" || cause.state === "OFFERED";
    if (granted && before === undefined) this.#checkGrant(event);
    if (cause.state === "HELD" || cause.state === "OFFERED") this.#on.set(cause.leaseId, cause.state);
    else this.#on.delete(cause.leaseId);
    const wasUsed = cause.state === "ENDED" && before === "HELD" && kind !== "WITHDRAWN";
    if (wasUsed && !isCleaner(cause)) this.#soil(event, planned.has(cause.leaseId));
    if (!isCleaner(cause)) return;
    const names = environments.map(({ name }) => name);
    if (granted) this.#cleaning.set(cause.leaseId, names);
    else if (cause.endReason === "RELEASED") this.#finish(cause.leaseId, names);
    else this.#cleaning.delete(cause.leaseId);
  }

  /** A cleaner is done: unless it has said otherwise it is clean, also where an operator has put it out of service meanwhile. */
  #finish(lease: string, names: readonly string[]): void {
    this.#cleaning.delete(lease);
    if (!this.failed.has(lease)) for (const name of names) this.#unclean.delete(name);
  }

  #checkGrant({ environments, cause }: Event): void {
    for (const { name, state, used, holders } of environments) {
      const cleans = holders.some(({ leaseId, cleaning }) => leaseId === cause?.leaseId && cleaning === true);
      expectThat(state === (cleans ? "CLEANING" : "AVAILABLE"), `${cause?.leaseId} is granted ${name}, which is ${state}`);
      expectThat(!cleans || used === 1, `${cause?.leaseId} is to clean ${name}, and is not alone there`);
      expectThat(cleans || !this.#unclean.has(name), `${cause?.leaseId} is granted ${name}, which nobody has cleaned`);
    }
  }

  /** A use has ended; `planned`: a reservation, at its own end. */
  #soil({ environments, cause }: Event, planned: boolean): void {
    const lost = ["EXPIRED", "FORCE_RELEASED", "SUPERSEDED"].includes(cause?.endReason ?? "");
    for (const { name, state } of environments) {
      const config = this.#changing.has(name) ? undefined : this.#configs.get(name);
      const kept = config?.onExpiry === "HOLD" && cause?.endReason === "EXPIRED" && !planned;
      expectThat(!kept || state === "QUARANTINED", `${name} is ${state}, and was to be kept as ${cause?.leaseId} left it`);
      if (config?.cleaning?.required !== true && !(config?.onExpiry === "CLEAN" && lost)) continue;
      expectThat(state !== "AVAILABLE", `${name} is AVAILABLE after ${cause?.leaseId}, and was to be cleaned`);
      this.#unclean.add(name);
    }
  }

  /** After each step: who waits for something to clean has it, and what is to be clean by now is clean, or put aside. */
  check(pools: Iterable<Pool>, waiting: readonly Waiting[], now: Micros, late: Micros): void {
    for (const pool of pools)
      for (const [name, site] of pool.sites.entries()) {
        const { state, cleanBy = now } = site.environment;
        expectThat(state !== "DIRTY" || now - cleanBy <= late, `${name} should have been clean ${now - cleanBy} µs ago`);
        if (!isCleanable(site)) continue;
        const idle = waiting.find(({ pool: of, command }) => of === pool.name && (command.environment ?? name) === name);
        expectThat(idle === undefined, `${name} is dirty, and ${idle?.command.id} waits for something to clean`);
      }
  }
}

function isCleaner({ leaseId }: Cause): boolean {
  return leaseId.startsWith("k");
}

function hasEndedAsPlanned({ autoClaim, ttl, notAfter, endedAt = 0 }: Lease): boolean {
  return autoClaim === true && notAfter !== undefined && (ttl === undefined || endedAt >= notAfter);
}
