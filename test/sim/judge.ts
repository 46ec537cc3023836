/** What must hold of all that happens, by the rules of docs/contract.md. Nobody who serves is asked: it has books of its own. */
import type { Refusal, Reply } from "../../src/core/command.ts";
import { checkPool } from "../../src/core/invariants.ts";
import type { Lease } from "../../src/core/model/lease.ts";
import { partsOf } from "../../src/core/model/needs.ts";
import type { Pool } from "../../src/core/model/pool.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { EngineFailure } from "../../src/engine/failure.ts";
import { type Commit, StoreFailure } from "../../src/store/store.ts";
import { serveNaively } from "../core/oracle.ts";
import { Books } from "./books.ts";
import { type Client, commandOf } from "./client.ts";
import { Facts } from "./facts.ts";
import { Life, type Waiting } from "./life.ts";
import type { Machine } from "./machine.ts";
import { Names } from "./names.ts";
import { Outages } from "./outages.ts";
import { count, expectThat, noting } from "./seen.ts";
import { Settings } from "./settings.ts";
import { checkGrace, earliestEnd, signsFrom } from "./terms.ts";
import { Wishes } from "./wishes.ts";

/** How late something may be: a timer, and the second try of a sweep that failed. */
const LATE = 2_500_000;
/** For how long an environment is kept that was made on demand. */
const IDLE = 3_600_000_000;

export class Judge {
  readonly #machine: Machine;
  /** By the id of what they asked for. */
  readonly clients = new Map<string, Client>();
  /** Commits so far. */
  commits = 0;
  readonly books: Books;
  readonly names = new Names();
  readonly outages: Outages;
  readonly facts = new Facts();
  readonly settings = new Settings();
  readonly wishes = new Wishes();
  readonly life = new Life();
  /** Who waits for something to clean. */
  cleaners: { readonly waiting: readonly Waiting[] } = { waiting: [] };
  #broken: Error | undefined;
  readonly #byRequest = new Map<string, string>();
  /** Leases that nobody can come back for, or that were given back, and in which life that was. */
  readonly #over = new Map<string, number>();
  #started: Micros = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.outages = new Outages(machine);
    this.books = new Books(this.clients, () => machine.time.now);
  }

  /** Runs something in which a rule may turn out to be broken: where nobody would hear of it, the next check fails. */
  noting(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#broken ??= error as Error;
    }
  }

  /** The answer; undefined where a call fails as it may on a full disk, or when its caller is gone. */
  async forgive<T>(answer: Promise<T>): Promise<T | undefined> {
    try {
      return noting(await answer);
    } catch (error) {
      const { reason } = error as { reason?: string };
      if (reason === "STORAGE_FULL" || reason === "CALLER_GONE") count(reason === "STORAGE_FULL" ? "disk full" : "caller gone");
      else this.noting(() => expectThat(false, String(error)));
      return undefined;
    }
  }

  /** The answer to an Acquire: who has no request_id cannot come back where it fails. */
  async asked<T>(client: Client, answer: Promise<T>): Promise<T> {
    try {
      return noting(await answer);
    } catch (error) {
      if (client.command.requestId === undefined && client.lease === undefined) for (const id of this.leasesOf(client)) this.orphaned(id);
      throw error;
    }
  }

  /** The answer to what gives back or keeps: even on a full disk that is written as long as the reserve lasts. */
  async kept<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.noting(() => this.#checkRefused(error as { reason?: string }));
      throw error;
    }
  }

  /** The answer to a Release of a lease: whether or not somebody waits for it, the lease ends. */
  async givenBack<T>(lease: string, answer: Promise<T>): Promise<T> {
    this.orphaned(lease);
    try {
      return await this.kept(answer);
    } catch (error) {
      if ((error as { reason?: string }).reason === "STORAGE_FULL") this.#over.delete(lease);
      throw error;
    }
  }

  /** The answer to a call that tells facts: those of a lease that was HELD then are known from now on. */
  async telling<T extends Reply | undefined>(facts: Readonly<Record<string, string>>, answer: Promise<T>): Promise<T> {
    const reply = await answer;
    if (reply?.ok !== true || reply.alreadyEnded === true || reply.lease === undefined) return reply;
    const { lease, pool } = reply;
    // A release of what was offered tells nothing, and its answer does not say whether it was held.
    const held = lease.state === "HELD" || (lease.endReason === "RELEASED" && lease.heldAt !== undefined);
    if (held) this.facts.acknowledged(facts, partsOf(lease), lease.state === "HELD" ? pool.at : (lease.endedAt ?? 0));
    return reply;
  }

  /** The engine met an error that nobody waits for. */
  trouble(error: unknown): void {
    if (error instanceof EngineFailure && error.reason === "POOL_BROKEN") count("a damaged pool");
    else if (error instanceof StoreFailure) this.noting(() => this.#checkRefused(error));
    else this.#broken ??= error as Error;
  }

  /** What gives back or keeps is refused only once the reserve is used up. */
  #checkRefused(error: { reason?: string }): void {
    const early = error.reason === "STORAGE_FULL" && this.#machine.reserve > 0;
    expectThat(!early, "what gives back or keeps was refused while there was a reserve");
  }

  /** The live leases that a client has asked for, whether or not it knows. */
  leasesOf({ pool, command }: Client): string[] {
    return [...this.#machine.engine.views.pool(pool).leases.keys()].filter((id) => commandOf(id) === command.id);
  }

  /** A client's Acquire was answered with this lease. */
  answered({ command }: Client, lease: string | undefined): void {
    if (command.requestId === undefined || lease === undefined) return;
    const before = this.#byRequest.get(command.requestId);
    const answers = before === undefined ? undefined : this.books.answersFor(before, this.#machine.engine.views.now());
    expectThat(answers !== true || before === lease, `${command.requestId} has two leases: ${before} and ${lease}`);
    expectThat(answers !== false || before !== lease, `${command.requestId} answers for ${lease} for ever`);
    if (answers === false) count("a day");
    this.#byRequest.set(command.requestId, lease);
  }

  /** A client's Acquire was refused. */
  refused(client: Client, refusal: Refusal): void {
    const lease = this.#byRequest.get(client.command.requestId ?? "");
    this.settings.refused(client.pool, refusal, lease !== undefined && !this.books.hasEnded(lease));
  }

  /** A client that asks with FAIL was told that its lease has ended. */
  ended(client: Client, lease: string): void {
    // Without a ttl there is no grace: its whole life may have passed unseen while the server died and started.
    const unseen = !this.books.knows(lease) && client.command.ttl === undefined && this.#machine.deaths > 0;
    expectThat(unseen || this.books.wasKept(lease), `${lease} was never held, and has used up its request_id`);
    this.answered(client, lease);
  }

  /** A client was told of its lease. */
  told(client: Client, lease: Lease): void {
    if (lease.revision === 0) return;
    // Its request_id answers for the earlier one no more.
    if (client.lease !== undefined && client.lease !== lease.id) Object.assign(client, { token: undefined, promised: 0 });
    client.lease = lease.id;
    if (lease.state === "HELD") {
      // A machine that died may have passed it over without telling us.
      const passed = this.books.wasPassedOver(lease.id) || this.#machine.deaths > 0;
      expectThat(client.token === undefined || passed || lease.fencingToken === client.token, `${lease.id} changed its token`);
      client.token = lease.fencingToken;
      const { deadline = 0, ttl } = lease;
      client.promised = ttl === undefined ? Math.min(deadline, earliestEnd(client, lease.id)) : Math.max(client.promised, deadline);
    }
    if (lease.state === "ENDED") client.ended = true;
  }

  /** A client's connections are dead. `commit`: the first one that came too late for it. */
  lost(client: Client, how: { readonly commit: number; readonly silently: boolean }): void {
    const at = this.#machine.engine.views.now();
    // A command that waits for the disk may act for it later.
    const commit = this.outages.wereLately(at) ? Number.POSITIVE_INFINITY : how.commit;
    // What is silent may still be answered for a while, whatever breaks after it.
    const silently = how.silently || client.gone?.silently === true;
    client.gone = { commit, silently, signs: client.signs };
  }

  /** Nobody can come back for it. */
  orphaned(lease: string): void {
    this.#over.set(lease, this.#machine.deaths);
  }

  committed(commit: Commit, told: () => void): void {
    this.commits++;
    for (const pool of commit.pools) this.noting(() => this.#checkPool(pool));
    this.noting(() => this.books.begin(commit.events));
    for (const event of commit.events) {
      const pool = commit.pools.find((one) => one.name === event.pool);
      if (pool !== undefined) this.noting(() => this.books.enter(event, pool, this.commits));
      if (pool !== undefined) this.noting(() => this.wishes.entered(event, pool, commit));
    }
    for (const book of [this.names, this.facts, this.settings, this.life]) this.noting(() => book.committed(commit));
    for (const row of commit.leases) this.noting(() => this.books.checkRow(row));
    this.noting(() => this.outages.checkStandstill());
    if (this.#machine.short) count("written to the reserve");
    told();
  }

  /** After a start. */
  started(engine: Engine): void {
    if (this.#machine.deaths > 0) count("died");
    this.#started = engine.views.now();
    this.names.started(engine.views.environments());
    for (const book of [this.facts, this.wishes]) book.started(engine.views.pools());
    this.noting(() => this.settings.started(engine.views.pools()));
    this.life.started([...engine.views.pools()]);
    this.noting(() => this.books.restarted(this.#started, [...engine.views.pools()]));
    for (const pool of engine.views.pools()) {
      this.noting(() => this.#checkPool(pool));
      for (const lease of pool.leases.values()) {
        this.noting(() => checkGrace(lease, pool.at, engine.views.now()));
      }
    }
  }

  /** After each step: nothing is broken, and what was acknowledged is there. */
  async check(): Promise<void> {
    if (this.#broken !== undefined) throw this.#broken;
    this.outages.checkTime();
    this.outages.checkStandstill();
    const { views } = this.#machine.engine;
    for (const pool of views.pools()) {
      this.#checkPool(pool);
      // A machine that died may have granted a lease, and ended it, without telling us.
      this.facts.check(pool, (lease) => this.books.wasHeld(lease) || this.#machine.deaths > 0);
      for (const lease of pool.leases.values()) this.#checkLease(lease);
    }
    const lately = this.outages.wereLately(views.now());
    if (!lately) this.life.check(views.pools(), this.cleaners.waiting, views.now(), LATE);
    for (const [lease, life] of this.#over) {
      const here = life === this.#machine.deaths;
      if (here && this.outages.wereLately(views.now())) continue;
      expectThat(!here || views.live(lease) === undefined, `${lease} is alive although it was given back, or nobody can come back for it`);
      this.#over.delete(lease);
    }
    this.names.check();
    for (const client of this.clients.values()) await this.#checkKnown(client);
  }

  /** Nobody waits who could be served: by the invariants, and by a walk over everybody. */
  #checkPool(pool: Pool): void {
    checkPool(pool);
    const forgotten = Math.min(...[...pool.sites.values()].map((site) => site.idleSince ?? pool.at));
    expectThat(pool.at - forgotten <= IDLE, `an environment of ${pool.name} that nobody uses is kept`);
    const [unserved] = serveNaively(pool);
    expectThat(unserved === undefined, `${unserved} waits although its slots are free`);
  }

  #checkLease(lease: Lease): void {
    const client = this.clients.get(commandOf(lease.id));
    const now = this.#machine.engine.views.now();
    if (client === undefined || this.outages.wereLately(now)) return;
    expectThat(now - (lease.deadline ?? now) <= LATE, `${lease.id} is ${lease.state} for too long`);
    const back = lease.passedOver === true && client.lease === lease.id && this.books.isBack(lease.id, client);
    expectThat(!back || client.isAway, `${lease.id} has given a sign of life, and counts as passed over`);
    // One that is passed over may have been silent for long.
    const due = Math.max(
      client.signed + client.command.ticketTtl,
      this.#started + client.command.ticketTtl,
      this.books.since(lease.id),
      signsFrom(client) + client.command.ticketTtl,
    );
    const waits = lease.state === "QUEUED" && client.open.size === 0;
    expectThat(!waits || now <= due + LATE, `${lease.id} waits ${now - client.signed} µs after its last sign of life`);
    const fails = client.command.ifBusy === "FAIL" && lease.state === "QUEUED";
    expectThat(!fails || client.open.size > 0, `${lease.id} waits with FAIL, and no call is open for it`);
    // The dead hold nothing once that is noticed, unless the server has died itself. A later call counts as the arrival of what was written.
    const { gone } = client;
    const named = (this.books.written.get(lease.id) ?? client.signs) < client.signs;
    const dead = gone !== undefined && client.isAway && client.unnoticed === 0 && client.deaths === this.#machine.deaths;
    const unaware = client.token === undefined && !named && lease.state === "HELD" && lease.autoClaim !== true;
    expectThat(!dead || !unaware, `${lease.id} is held for one who is dead and never knew`);
  }

  async #checkKnown(client: Client): Promise<void> {
    const { engine, rows } = this.#machine;
    const { lease: id } = client;
    if (id === undefined || engine.views.live(id) !== undefined) return;
    const { requestId } = client.command;
    const key = JSON.stringify([client.command.by.principal, client.pool, requestId]);
    const found = await rows.find({ leases: [id], requests: requestId === undefined ? [] : [key] });
    // A full history keeps of an ended lease its request_id alone.
    const known =
      found.some((lease) => lease.id === id) ||
      this.books.answersFor(id, engine.views.now()) !== true ||
      (requestId === undefined && this.books.hasEnded(id));
    expectThat(known || client.command.ifBusy === "FAIL", `${id} was acknowledged, and is lost`);
  }
}
