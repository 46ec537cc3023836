/** What a monitoring system reads of the server. */
import type { Sight } from "../core/access/sight.ts";
import type { Event } from "../core/event.ts";
import type { Pool, Site } from "../core/model/pool.ts";
import type { Batch, Called, Ended, Observer, Stranger } from "../engine/observer.ts";
import { Slice } from "../engine/slice.ts";
import type { Views } from "../engine/views.ts";
import type { Commit, StoreFailure } from "../store/store.ts";
import { type Figures, figuresOf, together } from "./figures.ts";
import { linesOf } from "./lines.ts";
import { ServerFigures } from "./server.ts";
import type { Place, Purpose } from "./shelf.ts";
import { Shelves } from "./shelves.ts";

const SECOND = 1_000_000;
const PURPOSES: Readonly<Partial<Record<NonNullable<Event["kind"]>, Purpose>>> = { GRANTED: "use", CLEANING: "cleaning" };

/** What it reads when it is asked. */
export interface Sources {
  readonly views: Views;
  /** Whether new work is welcome. */
  readonly ready: () => boolean;
}

/** Counts what it is told of, and tells it in the text format of Prometheus. No label is a lease or a person. */
export class Metrics implements Observer {
  readonly #server = new ServerFigures();
  readonly #shelves: Shelves;
  #sources: Sources | undefined;
  /** What the start itself has done, before it is known which environments there are. */
  #early: Event[] | undefined = [];
  /** Of those environments that have no series of their own, by pool. */
  #rest = new Map<string, Figures>();
  readonly #underWay = new Map<Sight | undefined, Promise<readonly Buffer[]>>();

  /** `most`: how many environments have series of their own. */
  constructor(most: number) {
    this.#shelves = new Shelves(most, { environment: (place) => this.#look(place), rest: (pool) => this.#rest.get(pool) });
  }

  /** The server has started. What is configured comes before what was made on demand, if there is not room for all. */
  begin(sources: Sources): void {
    this.#sources = sources;
    this.#server.present = sources;
    for (const made of [false, true])
      for (const { name, sites } of sources.views.pools())
        for (const [environment, site] of sites.entries())
          if ((site.environment.onDemand ?? false) === made) this.#shelves.find(name, environment);
    for (const event of this.#early ?? []) this.#count(event);
    this.#early = undefined;
  }

  called(call: Called): Ended {
    return this.#server.called(call);
  }

  decided(batch: Batch): void {
    this.#server.decided(batch);
  }

  failed(failure: StoreFailure): void {
    this.#server.failed(failure);
  }

  refused(): void {
    this.#server.refused();
  }

  unknown(call: Stranger): void {
    this.#server.unknown(call);
  }

  committed({ events, environments, deleted }: Commit): void {
    if (this.#early !== undefined) {
      this.#early.push(...events);
      return;
    }
    for (const event of events) this.#count(event);
    const present = new Set(deleted.length === 0 ? [] : environments.map(({ config }) => config.name));
    for (const name of deleted) if (!present.has(name)) this.#shelves.remove(name);
  }

  /** The clock stood still for so many seconds. */
  stood(seconds: number): void {
    this.#server.stood(seconds);
  }

  /** The text, in pieces; of environments and pools, what `sight` sees, or all. It is made in slices, once for all who ask meanwhile. */
  async text(sight: Sight | undefined): Promise<readonly Buffer[]> {
    const underWay = this.#underWay.get(sight);
    if (underWay !== undefined) return await underWay;
    const making = this.#make(sight).finally(() => this.#underWay.delete(sight));
    this.#underWay.set(sight, making);
    return await making;
  }

  async #make(sight: Sight | undefined): Promise<readonly Buffer[]> {
    const slice = new Slice();
    const pieces = [Buffer.from(await this.#server.text())];
    await this.#lookAtRest(slice);
    const shown = sight === undefined ? undefined : ({ pool, environment }: Place) => sees(sight, pool, environment);
    const shelves = this.#shelves.all();
    for (const name of shelves[0]?.names ?? []) {
      for (const [index, shelf] of shelves.entries()) {
        pieces.push(Buffer.from(linesOf(await shelf.read(name), index === 0, shown)));
        const turn = slice.next();
        if (turn !== undefined) await turn;
      }
    }
    return pieces;
  }

  /** Walks through all environments: those that came to be without anything happening to them get their series here. */
  async #lookAtRest(slice: Slice): Promise<void> {
    const rest = new Map<string, Figures>();
    const { views } = this.#sources ?? {};
    for (const pool of views?.pools() ?? []) {
      for (const [name, site] of pool.sites.entries()) {
        const { place } = this.#shelves.find(pool.name, name);
        if (place.environment === "") {
          const before = rest.get(place.pool);
          const own = figuresOf(pool, site, views?.now() ?? 0);
          rest.set(place.pool, before === undefined ? own : together(before, own));
        }
        const turn = slice.next();
        if (turn !== undefined) await turn;
      }
    }
    this.#rest = rest;
  }

  #look({ pool: name, environment }: Place): Figures | undefined {
    const found = this.#found(name, environment);
    return found && figuresOf(found.pool, found.site, this.#sources?.views.now() ?? 0);
  }

  /** Nothing of a pool that is damaged. */
  #found(name: string, environment: string): { readonly pool: Pool; readonly site: Site } | undefined {
    const { views } = this.#sources ?? {};
    if (views?.ownerOf(environment) !== name) return undefined;
    try {
      const pool = views.pool(name);
      const site = pool.sites.get(environment);
      return site && { pool, site };
    } catch {
      return undefined;
    }
  }

  #count({ kind, cause, at, pool, environments }: Event): void {
    if (kind === undefined || cause === undefined) return;
    const purpose = PURPOSES[kind];
    if (purpose === undefined && cause.endReason === undefined) return;
    const held = cause.grantedAt === undefined ? undefined : (at - cause.grantedAt) / SECOND;
    const names = environments.length === 0 ? [""] : environments.map(({ name }) => name);
    for (const name of names) {
      const { shelf, place } = this.#shelves.find(pool, name);
      if (cause.endReason !== undefined) shelf.ended(place, cause.endReason, held);
      else if (purpose !== undefined) shelf.granted(place, purpose, (at - (cause.createdAt ?? at)) / SECOND);
    }
  }
}

/** Of what has no series of its own it sees nothing, unless it sees all of the pool. */
function sees(sight: Sight, pool: string, environment: string): boolean {
  return environment === "" ? pool !== "" && sight.within(pool) === undefined : sight.has(pool, environment);
}
