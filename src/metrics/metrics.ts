/** What a monitoring system reads of the server. */
import type { Sight } from "../core/access/sight.ts";
import type { Event } from "../core/event.ts";
import type { Pool, Site } from "../core/model/pool.ts";
import type { Micros } from "../core/model/units.ts";
import type { Batch, Called, Ended, Observer, Stranger } from "../engine/observer.ts";
import { Slice } from "../engine/slice.ts";
import type { Views } from "../engine/views.ts";
import type { Commit, StoreFailure } from "../store/store.ts";
import type { Purpose } from "./counts.ts";
import { type Figures, figuresOf, NO_FIGURES, together } from "./figures.ts";
import { FAMILIES } from "./lines.ts";
import type { NoticeFigures } from "./notices.ts";
import { Roster } from "./roster.ts";
import type { Place, Series } from "./series.ts";
import { type Present, ServerFigures } from "./server.ts";

/** Characters of a piece of the text. */
const PIECE = 64 * 1024;
const SECOND = 1_000_000;
const PURPOSES: Readonly<Partial<Record<NonNullable<Event["kind"]>, Purpose>>> = { GRANTED: "use", CLEANING: "cleaning" };

/** What it reads when it is asked. */
export interface Sources extends Present {
  readonly views: Views;
}

/** An environment, as a scrape has come across it. */
interface Found {
  readonly pool: Pool;
  readonly name: string;
  readonly site: Site;
  readonly onDemand: boolean;
  readonly now: Micros;
}

/** Counts what it is told of, and tells it in the text format of Prometheus. No label is a lease or a person. */
export class Metrics implements Observer {
  readonly #server: ServerFigures;
  readonly #roster: Roster;
  #sources: Sources | undefined;
  /** What the start itself has done, before it is known which environments there are. */
  #early: Event[] | undefined = [];
  readonly #underWay = new Map<Sight | undefined, Promise<readonly Buffer[]>>();

  /** `most`: how many environments have series of their own. */
  constructor(most: number, version: string) {
    this.#server = new ServerFigures(version);
    this.#roster = new Roster(most);
  }

  /** The server has started. What is configured comes before what was made on demand, if there is not room for all. */
  begin(sources: Sources): void {
    this.#sources = sources;
    this.#server.present = sources;
    for (const made of [false, true])
      for (const { name, sites } of sources.views.pools())
        for (const [environment, site] of sites.entries())
          if ((site.environment.onDemand ?? false) === made) this.#roster.find(name, environment, made);
    for (const event of this.#early ?? []) this.#count(event);
    this.#early = undefined;
  }

  /** What becomes of notices. */
  get notices(): NoticeFigures {
    return this.#server.notices;
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
    for (const name of deleted) if (!present.has(name)) this.#roster.remove(name);
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
    const all = [...(await this.#walk(slice))];
    const seen = sight === undefined ? all : all.filter(([{ place }]) => sees(sight, place));
    for (const { head, lines } of FAMILIES) {
      let text = head;
      for (const [series, figures] of seen) {
        text += lines(series, figures);
        if (text.length >= PIECE) {
          pieces.push(Buffer.from(text));
          text = "";
        }
        const turn = slice.next();
        if (turn !== undefined) await turn;
      }
      pieces.push(Buffer.from(text));
    }
    return pieces;
  }

  /** All series, with what there is at the moment. */
  async #walk(slice: Slice): Promise<ReadonlyMap<Series, Figures>> {
    const roster = this.#roster;
    // Some came to be without anything happening to them, and some make room for others.
    for await (const { pool, name, onDemand } of this.#sites(slice)) {
      roster.find(pool.name, name, onDemand);
      // It takes over what is counted until the environment is forgotten, which shows as a change only where there was a zero before.
      if (onDemand) roster.rest(pool.name);
    }
    const found = new Map<Series, Figures>();
    for await (const { pool, name, site, now } of this.#sites(slice)) {
      const series = roster.own(pool.name, name) ?? roster.rest(pool.name);
      const figures = figuresOf(pool, site, now);
      const before = found.get(series);
      found.set(series, before === undefined ? figures : together(before, figures));
    }
    for (const series of roster.rests(this.#pools())) if (!found.has(series)) found.set(series, NO_FIGURES);
    for (const series of found.keys()) series.tell();
    return found;
  }

  /** Environments come and go meanwhile, and a pool that is walked through stays as it was: what is gone is left out. */
  async *#sites(slice: Slice): AsyncGenerator<Found, void, undefined> {
    const { views } = this.#sources ?? {};
    for (const pool of [...(views?.pools() ?? [])])
      for (const [name, site] of pool.sites.entries()) {
        const now = views?.now() ?? 0;
        if (views?.ownerOf(name) === pool.name) yield { pool, name, site, now, onDemand: site.environment.onDemand ?? false };
        const turn = slice.next();
        if (turn !== undefined) await turn;
      }
  }

  #pools(): ReadonlySet<string> {
    return new Set([...(this.#sources?.views.pools() ?? [])].map(({ name }) => name));
  }

  /** Where something is counted that has happened on an environment; on none yet, or on one that is no more: with its pool. */
  #seriesOf(pool: string, environment: string): Series {
    const { views } = this.#sources ?? {};
    const known = this.#roster.own(pool, environment);
    if (known !== undefined) return known;
    if (environment === "" || views?.ownerOf(environment) !== pool) return this.#roster.rest(pool);
    return this.#roster.find(pool, environment, views.pool(pool).sites.get(environment)?.environment.onDemand ?? false);
  }

  #count({ kind, cause, at, pool, environments }: Event): void {
    if (kind === undefined || cause === undefined) return;
    const purpose = PURPOSES[kind];
    if (purpose === undefined && cause.endReason === undefined) return;
    const held = cause.grantedAt === undefined ? undefined : (at - cause.grantedAt) / SECOND;
    const names = environments.length === 0 ? [""] : environments.map(({ name }) => name);
    for (const name of names) {
      const series = this.#seriesOf(pool, name);
      if (cause.endReason !== undefined) series.ended(cause.endReason, held);
      else if (purpose !== undefined) series.granted(purpose, (at - (cause.createdAt ?? at)) / SECOND);
    }
  }
}

/** Of what has no series of its own it sees nothing, unless it sees all of the pool. */
function sees(sight: Sight, { pool, environment }: Place): boolean {
  return environment === "" ? pool !== "" && sight.within(pool) === undefined : sight.has(pool, environment);
}
