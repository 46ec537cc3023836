import type { Acquire, Command, Reply } from "../core/command.ts";
import { limits } from "../core/limits.ts";
import { type Lease, requestKey } from "../core/model.ts";
import { type Commit, type Store, StoreFailure } from "../store/store.ts";
import { Hub } from "./hub.ts";
import { type Asker, Lane, type Unit } from "./lane.ts";
import type { Observer } from "./observer.ts";
import { Past } from "./past.ts";
import { Pools } from "./pools.ts";
import { Presence } from "./presence.ts";
import { Reaper } from "./reaper.ts";
import { realTimers, type Timers } from "./timers.ts";
import { type LeaseView, Views } from "./views.ts";

/** What is done also for a caller who has gone: they have said all there is to say, and others wait for what they give back. */
const GIVES_BACK: ReadonlySet<Command["type"]> = new Set(["release", "releaseByEnvironment", "releaseLegacy", "forceRelease"]);
/** How often history is trimmed, in milliseconds. */
const TRIM_EVERY = 60_000;
/** How soon a withdrawal that the store could not take is tried again, in milliseconds. */
const HANG_UP_AGAIN = 1_000;
/** How soon after a failed write the store is tried again, in milliseconds. */
const PROBE_AFTER = 1_000;

/** A call as the engine sees it. */
export interface EngineCall {
  /** Aborts when the caller is gone, or its deadline has passed. */
  readonly signal: AbortSignal;
}

/** The service without a transport: commands in, replies and wake-ups out. */
export class Engine {
  /** What is committed, to look at. */
  readonly views: Views;
  readonly hub: Hub;
  readonly past: Past;
  readonly presence: Presence;
  readonly #store: Store;
  readonly #pools: Pools;
  readonly #lane: Lane;
  readonly #reaper: Reaper;
  readonly #timers: Timers;
  readonly #observer: Observer;
  readonly #draining = new AbortController();
  #cancelTrim: (() => void) | undefined;
  #probing = false;

  private constructor(store: Store, timers: Timers, observer: Observer) {
    this.#store = store;
    this.#timers = timers;
    this.#observer = observer;
    this.#pools = new Pools(() => store.now());
    this.views = new Views(store, this.#pools);
    this.hub = new Hub(timers);
    this.past = new Past(this.views, this.hub.recent);
    this.presence = new Presence(
      () => store.now(),
      () => this.#reaper.arm(),
      (lease) => this.#pools.poolOfLease(lease) !== undefined,
    );
    this.#lane = new Lane(store, () => this.#abandonments());
    const pulse = (parts: Unit["parts"]) => this.#lane.submit({ parts });
    // Pool by pool, so that a broken one does not keep the others; with none due, a batch of nothing lets abandoned waiters go.
    const sweep = async (pools: readonly string[]) => {
      const swept = await Promise.allSettled([pulse([]), ...pools.map((pool) => pulse([{ pool, command: { type: "pulse" } }]))]);
      for (const result of swept) if (result.status === "rejected") throw result.reason;
    };
    this.#reaper = new Reaper(
      timers,
      () => store.now(),
      sweep,
      () => this.presence.next(),
    );
    store.onCondition(() => this.#probeLater());
    this.#probeLater();
  }

  /** Takes up what the store has: every waiter gets its full ticket again, live leases and offers their grace. Rejects with a StoreFailure. */
  static async start(store: Store, timers: Timers = realTimers, observer: Observer = {}): Promise<Engine> {
    const engine = new Engine(store, timers, observer);
    await store.fill(engine.#pools);
    for (const [pool, error] of engine.#pools.refused()) engine.#trouble(error, `load pool ${JSON.stringify(pool)}`);
    engine.#pools.onCommit((commit) => engine.#committed(commit));
    const pools = [...engine.#pools.all()].map((pool) => pool.name);
    await Promise.all(pools.map((pool) => engine.#recover(pool)));
    for (const pool of engine.#pools.all()) {
      engine.#reaper.note(pool);
      for (const lease of pool.leases.values()) if (lease.state === "QUEUED") engine.presence.expect(lease.id, lease.ticketTtl);
    }
    engine.#reaper.arm();
    engine.#trimLater();
    return engine;
  }

  /** One pool that cannot be taken up does not keep the others from it. */
  async #recover(pool: string): Promise<void> {
    try {
      await this.submit(pool, { type: "recover" });
    } catch (error) {
      if (error instanceof StoreFailure) throw error;
      this.#pools.refuse(pool, error);
      this.#trouble(error, `take up pool ${JSON.stringify(pool)}`);
    }
  }

  /** Aborts when the server is about to stop: waits and streams end, leases and places in line stay. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Decides one command, of the call if there is one; the reply is on disk. Rejects with a StoreFailure or an EngineFailure. */
  async submit(pool: string, command: Command, call?: EngineCall): Promise<Reply> {
    const [reply] = await this.submitAll({ parts: [{ pool, command }] }, call);
    if (reply === undefined) throw new Error("invariant: a unit of one part has one reply");
    return reply;
  }

  /** Decides several commands, all or none. */
  async submitAll(unit: Omit<Unit, "asker">, call?: EngineCall): Promise<readonly Reply[]> {
    // A damaged pool is refused here: in the lane it would cost its whole batch a second try.
    for (const { pool } of unit.parts) this.#pools.pool(pool);
    return await this.#lane.submit(call === undefined ? unit : { ...unit, asker: this.#asker(unit, call) });
  }

  /** Decides a command about a lease, wherever it is. */
  async submitFor(lease: string, command: Command, call?: EngineCall): Promise<Reply | undefined> {
    const pool = await this.views.poolOfLease(lease);
    return pool === undefined ? undefined : await this.submit(pool, command, call);
  }

  /** When the server stops, signals abort of calls that are still answered. */
  #asker({ parts }: Unit, { signal }: EngineCall): Asker {
    const stays = parts.some(({ command }) => GIVES_BACK.has(command.type));
    return { gone: () => signal.aborted && !stays && !this.draining.aborted };
  }

  /** A sign of life of a lease, given by a call: an offer becomes a hold, committed before this resolves. */
  async sign(view: LeaseView, by: object): Promise<LeaseView> {
    const { lease } = view;
    if (lease.state === "ENDED") return view;
    this.presence.sign(lease.id, by);
    if (lease.state !== "OFFERED") return view;
    const reply = await this.submit(lease.pool, { type: "claim", lease: lease.id });
    // Over before the claim came: no other event will clear its ticket away.
    if (reply.ok && reply.lease?.state === "ENDED") this.presence.forget(lease.id);
    return reply.ok && reply.lease !== undefined ? { lease: reply.lease, pool: reply.pool } : view;
  }

  /**
   * Waits until a lease no longer waits: HELD (an offer is claimed by the open wait itself) or ENDED. Resolves early, with what is,
   * when `signal` aborts. An open wait is a continuous sign of life.
   */
  async outcome(id: string, signal: AbortSignal, by: object): Promise<LeaseView | undefined> {
    const leave = this.presence.attend(id);
    try {
      for (;;) {
        const view = await this.views.lease(id);
        if (view?.lease.state === "OFFERED") return await this.sign(view, by);
        if (view?.lease.state !== "QUEUED" || signal.aborted) return view;
        await this.changed(id, signal, view.lease);
      }
    } finally {
      leave();
    }
  }

  /** Resolves when the lease is no longer as it was `seen`: its state, or its grant; or when `signal` aborts. */
  changed(id: string, signal: AbortSignal, seen: Lease): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        leave();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const leave = this.hub.follow(id, done);
      const now = this.views.live(id)?.lease;
      if (signal.aborted || now?.state !== seen.state || now.fencingToken !== seen.fencingToken) done();
      else signal.addEventListener("abort", done);
    });
  }

  /** The live lease that an Acquire's request_id stands for, if it is a retry. */
  knownAs(pool: string, command: Acquire): Lease | undefined {
    if (command.requestId === undefined) return undefined;
    const state = this.#pools.pool(pool);
    return state.leases.get(state.requests.get(requestKey(command.by.principal, pool, command.requestId)) ?? "");
  }

  /**
   * The caller of an Acquire vanished before its answer was handed over; tells whether the lease is taken back. It is not when another
   * call has shown up for it: that one has the answer. A stop of ours is not their going away.
   */
  hangUp(lease: string, by: object): boolean {
    const live = this.views.live(lease)?.lease;
    if (live === undefined || this.draining.aborted) return false;
    const unknown = this.presence.lose(lease, by);
    // Without a request_id nobody else can have the answer, whoever has looked at the lease.
    if (!unknown && live.requestId !== undefined) return false;
    this.#takeBack(live.pool, lease);
    return true;
  }

  #takeBack(pool: string, lease: string): void {
    this.#hungUp(pool, lease).catch((error) => {
      this.#trouble(error, "withdraw an unanswered lease");
      this.#timers.after(HANG_UP_AGAIN, () => this.presence.isKnown(lease) || this.#takeBack(pool, lease));
    });
  }

  async #hungUp(pool: string, lease: string): Promise<void> {
    const reply = await this.submit(pool, { type: "hangUp", lease, written: false });
    // Somebody was told of the hold while this was on its way.
    const missed = reply.ok && reply.lease?.state === "OFFERED" && this.presence.isKnown(lease);
    if (missed) await this.submit(pool, { type: "claim", lease });
  }

  /** Ends waits and streams; what was submitted is still answered. */
  drain(): void {
    this.#draining.abort();
    this.hub.drain();
  }

  /** After `drain`: waits for what is under way, and closes the store. */
  async stop(): Promise<void> {
    this.drain();
    this.#reaper.stop();
    this.#cancelTrim?.();
    await this.#lane.idle();
    await this.#store.close();
  }

  #committed(commit: Commit): void {
    this.#guarded(() => this.#observer.committed?.(commit));
    // What is on disk is done, whoever could not be told of it.
    this.#guarded(() => this.#passOn(commit));
  }

  #passOn(commit: Commit): void {
    for (const { cause, pool } of commit.events) {
      if (cause === undefined) continue;
      const { leaseId, state } = cause;
      if (state === "ENDED") this.presence.forget(leaseId);
      else if (state === "QUEUED") this.presence.expect(leaseId, this.#pools.pool(pool).leases.get(leaseId)?.ticketTtl ?? 0);
      else this.presence.granted(leaseId);
    }
    for (const pool of commit.pools) this.#reaper.note(pool);
    this.#reaper.arm();
    this.hub.publish(commit);
  }

  /** One command for each pool, ahead of every batch. */
  #abandonments(): readonly Unit[] {
    const overdue = new Map<string, string[]>();
    for (const lease of this.presence.overdue()) {
      const pool = this.#pools.poolOfLease(lease);
      if (pool === undefined) this.presence.forget(lease);
      else if (overdue.get(pool)?.push(lease) === undefined) overdue.set(pool, [lease]);
    }
    return [...overdue].map(([pool, leases]) => ({ parts: [{ pool, command: { type: "abandon", leases } }] }));
  }

  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#trouble(error, "pass on a commit");
    }
  }

  #trouble(error: unknown, what: string): void {
    try {
      this.#observer.trouble?.(error, what);
    } catch {
      // Whoever listens is no part of the service.
    }
  }

  /** Until the store is well time stands still, and the server is not ready: finds out without waiting for a caller. */
  #probeLater(): void {
    const hopeless = this.#store.condition === "well" || this.#store.condition === "lost" || this.draining.aborted;
    if (this.#probing || hopeless) return;
    this.#probing = true;
    this.#timers.after(PROBE_AFTER, () => {
      this.#store
        .probe()
        .catch(() => {})
        .finally(() => {
          this.#probing = false;
          this.#probeLater();
        });
    });
  }

  #trimLater(): void {
    this.#cancelTrim = this.#timers.after(TRIM_EVERY, () => {
      this.#trim()
        .catch((error) => this.#trouble(error, "trim history"))
        .finally(() => this.draining.aborted || this.#trimLater());
    });
  }

  async #trim(): Promise<void> {
    const { history, maxHistory: leases, maxRequests: requests, log: events, logBytes: bytes } = limits;
    const kept = () => ({ before: this.#store.now() - history, leases, requests, events, bytes });
    while (!this.draining.aborted && (await this.#store.trim(kept())));
  }
}
