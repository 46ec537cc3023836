/** Newer requests in place of older ones, by the events and by what clients have asked for (docs/contract.md, "Superseding"). */
import type { Event } from "../../src/core/event.ts";
import type { CancelRequest, Lease } from "../../src/core/model/lease.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { Micros } from "../../src/core/model/units.ts";
import { type Client, commandOf } from "./client.ts";
import { count, expectThat } from "./seen.ts";

/** How long a holder has that is asked to stop, at most. */
const GRACE: Micros = 60_000_000;

/** A live lease that has a key. */
interface Keyed {
  readonly key: string;
  state: Lease["state"];
  /** Who has asked its holder to stop. */
  asked: CancelRequest | undefined;
  /** Beyond which no Renew goes, since it was asked. */
  bound: Micros | undefined;
}

export class Superseding {
  readonly #clients: ReadonlyMap<string, Client>;
  readonly #keyed = new Map<string, Keyed>();
  /** What must happen to whom in the commit that is being entered, by the newcomer. */
  readonly #due = new Map<string, string>();

  /** Those that were superseded, with what their holders were asked. */
  readonly #ends = new Map<string, CancelRequest | undefined>();
  /** Those that a start has found, or an event has told of, and those of these that were gone at a start without a word. */
  readonly #known = new Set<string>();
  readonly #lost = new Set<string>();
  #starts = 0;

  constructor(clients: ReadonlyMap<string, Client>) {
    this.#clients = clients;
  }

  /** What was committed while the server died was no event for anybody: it holds of what is there. */
  started(pools: readonly Pool[]): void {
    const live = pools.flatMap((pool) => [...pool.leases.values()]).sort((a, b) => a.sequence - b.sequence);
    const before = new Map(this.#keyed);
    this.#starts += 1;
    this.#keyed.clear();
    this.#due.clear();
    for (const id of before.keys()) this.#lost.add(id);
    for (const lease of live) {
      const key = this.#keyOf(lease.id);
      if (key === undefined) continue;
      const asked = lease.cancelRequested;
      const known = before.get(lease.id)?.asked;
      expectThat(known === undefined || same(known, asked), `${lease.id} was asked to stop, and a start has changed that`);
      this.#lost.delete(lease.id);
      this.#known.add(lease.id);
      this.#keyed.set(lease.id, { key, state: lease.state, asked, bound: before.get(lease.id)?.bound });
    }
    for (const { id } of live)
      if (this.#clients.get(commandOf(id))?.command.supersede === "HELD")
        for (const [older, { state, asked }] of this.#olderThan(id))
          expectThat(state === "HELD" && asked !== undefined, `${older} is ${state}, and was to give way to ${id} before the start`);
  }

  enter(event: Event): void {
    const { cause, kind } = event;
    const id = cause?.leaseId ?? "";
    const key = this.#keyOf(id);
    if (cause === undefined || key === undefined) return;
    const before = this.#keyed.get(id);
    if (kind === "CANCEL_REQUESTED") this.#ask(event, before);
    else if (cause.state === "ENDED") {
      if (kind === "SUPERSEDED") this.#checkEnd(event, before);
      this.#keyed.delete(id);
    } else if (before !== undefined) before.state = cause.state;
    else this.#arrive(id, key, cause.state);
  }

  /** Whether its time to stop, of one that ends now, was over. */
  isOver(id: string, at: Micros): boolean {
    return at >= (this.#ends.get(id)?.deadline ?? 0);
  }

  /** Whether it was superseded; or may have been when nobody heard of it, because the server died with that commit. */
  hasEnded(id: string): boolean {
    const unheard = this.#starts > 1 && this.#keyOf(id) !== undefined && !this.#known.has(id);
    return unheard || this.#lost.has(id) || this.#ends.has(id);
  }

  /** A commit is about to be entered; the one before must have done what was due. */
  begin(): void {
    const [left] = this.#due;
    this.#due.clear();
    expectThat(left === undefined, `${left?.[0]} should have given way to ${left?.[1]}`);
  }

  /** What is written of a lease whose holder was asked to stop. */
  checkRow({ id, state, deadline = 0, graced, cancelRequested }: Lease): void {
    const known = this.#keyed.get(id);
    if (known === undefined || state !== "HELD") return;
    expectThat(same(known.asked, cancelRequested), `what ${id} is asked has changed without a word`);
    if (cancelRequested === undefined) return;
    known.bound ??= graced ? undefined : Math.max(deadline, cancelRequested.deadline);
    const { bound = deadline } = known;
    expectThat(graced || deadline <= bound, `${id} was asked to stop, and lives ${deadline - bound} µs longer`);
  }

  #arrive(id: string, key: string, state: Lease["state"]): void {
    this.#known.add(id);
    this.#keyed.set(id, { key, state, asked: undefined, bound: undefined });
    const which = this.#clients.get(commandOf(id))?.command.supersede;
    if (which === undefined) return;
    for (const [older, { state: now, asked }] of this.#olderThan(id))
      if (now !== "HELD" || (which === "HELD" && asked === undefined)) this.#due.set(older, id);
  }

  #ask({ at, cause, by, environments }: Event, known: Keyed | undefined): void {
    const id = cause?.leaseId ?? "";
    count("asked to stop");
    expectThat(known?.state === "HELD" && known.asked === undefined, `${id} is ${known?.state}, and asked to stop`);
    expectThat(this.#due.get(id) === by?.lease, `${id} is asked to stop by ${by?.lease}, who may not`);
    this.#due.delete(id);
    const asked = environments.flatMap(({ holders }) => holders).find(({ leaseId }) => leaseId === id)?.cancelRequested;
    const { deadline = 0 } = asked ?? {};
    expectThat(deadline <= at + GRACE, `${id} has more than its time to stop`);
    if (known !== undefined) known.asked = asked;
  }

  #checkEnd({ at, cause, by }: Event, known: Keyed | undefined): void {
    const id = cause?.leaseId ?? "";
    const heir = by?.lease ?? "";
    const held = known?.state === "HELD";
    this.#ends.set(id, known?.asked);
    if (held) count(this.isOver(id, at) ? "stopped" : "asked, and lost");
    const entitled = held ? known.asked?.by.lease : this.#due.get(id);
    expectThat(entitled === heir, `${id} is superseded by ${heir}, who may not`);
    this.#due.delete(id);
  }

  #olderThan(id: string): [string, Keyed][] {
    const own = this.#keyed.get(id);
    const ids = [...this.#keyed.keys()];
    return [...this.#keyed].slice(0, ids.indexOf(id)).filter(([, { key }]) => key === own?.key);
  }

  /** Of principal, pool and supersede_key; undefined without one. */
  #keyOf(id: string): string | undefined {
    const client = this.#clients.get(commandOf(id));
    const { supersedeKey, by } = client?.command ?? {};
    return supersedeKey && JSON.stringify([by?.principal, client?.pool, supersedeKey]);
  }
}

function same(a: CancelRequest | undefined, b: CancelRequest | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
