/** Which slots must rest, by the events alone (rule 6). */
import type { Event } from "../../src/core/event.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import { partsOf } from "../../src/core/model/needs.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { Micros } from "../../src/core/model/units.ts";
import { expectThat } from "./seen.ts";

/** How long the slots of a lease rest that ended without its holder. */
const LOCK_DELAY: Micros = 10_000_000;

/** A slot, as a lease has it. */
export type Slot = readonly [environment: string, index: number];

/** The slots that a lease has. */
export function slotsOf(lease: Lease): readonly Slot[] {
  return partsOf(lease).flatMap(({ environment, indexes }) => indexes.map((index): Slot => [environment, index]));
}

export class Rests {
  readonly #until = new Map<string, Micros>();

  /** A lease gave these slots up without its holder. */
  begin(slots: readonly Slot[], at: Micros): void {
    for (const slot of slots) this.#until.set(slot.join(":"), at + LOCK_DELAY);
  }

  /** They are granted. */
  checkGrant(lease: Lease, at: Micros): void {
    for (const slot of slotsOf(lease)) {
      const until = this.#until.get(slot.join(":")) ?? 0;
      expectThat(until <= at, `${lease.id} is granted slot ${slot[1]} of ${slot[0]}, which should rest for ${until - at} µs more`);
    }
  }

  /** What an environment was is gone with it. */
  deleted({ environments }: Event): void {
    for (const { name, deleted } of environments) if (deleted) this.#drop((environment) => environment === name);
  }

  /** What was deleted while the server died was no event for anybody. */
  restarted(pools: readonly Pool[]): void {
    this.#drop((environment) => !pools.some((pool) => pool.sites.has(environment)));
  }

  #drop(isGone: (environment: string) => boolean): void {
    for (const slot of [...this.#until.keys()]) if (isGone(slot.slice(0, slot.lastIndexOf(":")))) this.#until.delete(slot);
  }
}
