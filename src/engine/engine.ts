import type { Acquire, Command, Reply } from "../core/command.ts";
import { limits } from "../core/limits.ts";
import { type Lease, type Pool, requestKey } from "../core/model.ts";
import type { Commit, Store } from "../store/store.ts";
import { Hub } from "./hub.ts";
import { type Asker, Lane, type Unit } from "./lane.ts";
import { Past } from "./past.ts";
import { Presence } from "./presence.ts";
import { Reaper } from "./reaper.ts";
import { realTimers, type Timers } from "./timers.ts";

/** What is done also for a caller who has gone: they have said all there is to say, and others wait for what they give back. */
const GIVES_BACK: ReadonlySet<Command["type"]> = new Set(["release", "releaseByEnvironment", "releaseLegacy", "forceRelease"]);
/** How often history is trimmed, in milliseconds. */
const TRIM_EVERY = 60_000;
/** How soon a withdrawal that the store could not take is tried again, in milliseconds. */
const HANG_UP_AGAIN = 1_000;
/** How soon after a failed write the store is tried again, in milliseconds. */
const PROBE_AFTER = 1_000;

/** A lease and the pool as it was when the lease was read. */
export interface LeaseView {
  readonly lease: Lease;
  readonly pool: Pool;
}

/** A call as the engine sees it. */
export interface EngineCall {
  /** Aborts when the caller is gone, or its deadline has passed. */
  readonly signal: AbortSignal;
}

/** Told of what nobody waits for: a claim or an abandonment that could not be stored, a trim that failed. */
export type Trouble = (error: unknown, what: string) => void;

/** The service without a transport: commands in, replies and wake-ups out. */
export class Engine {
  readonly store: Store;
  readonly hub: Hub;
  readonly past: Past;
  readonly presence: Presence;
  readonly #lane: Lane;
  readonly #reaper: Reaper;
  readonly #timers: Timers;
  readonly #trouble: Trouble;
  readonly #draining = new AbortController();
  #cancelTrim: (() => void) | undefined;
  #probing = false;

  private constructor(store: Store, timers: Timers, trouble: Trouble) {
    this.store = store;
    this.#timers = timers;
    this.hub = new Hub(timers);
    this.past = new Past(store, this.hub.recent);
    this.#trouble = trouble;
    this.presence = new Presence(
      () => store.now(),
      () => this.#reaper.arm(),
      (lease) => store.poolOfLease(lease) !== undefined,
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
    store.onCommit((commit) => {
      try {
        this.#committed(commit);
      } catch (error) {
        // What is on disk is done, whoever could not be told of it.
        trouble(error, "pass on a commit");
      }
    });
    store.onCondition(() => this.#probeLater());
    this.#probeLater();
  }

  /** Takes up what the store has: every waiter gets its full ticket again, live leases and offers their grace. */
  static async start(store: Store, timers: Timers = realTimers, trouble: Trouble = () => {}): Promise<Engine> {
    const engine = new Engine(store, timers, trouble);
    const pools = [...store.pools()];
    for (const pool of pools) {
      engine.#reaper.note(pool);
      for (const lease of pool.leases.values()) if (lease.state === "QUEUED") engine.presence.expect(lease.id, lease.ticketTtl);
    }
    await engine.#lane.submit({ parts: pools.map((pool) => ({ pool: pool.name, command: { type: "recover" } })) });
    engine.#reaper.arm();
    engine.#trimLater();
    return engine;
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
  submitAll(unit: Omit<Unit, "asker">, call?: EngineCall): Promise<readonly Reply[]> {
    return this.#lane.submit(call === undefined ? unit : { ...unit, asker: this.#asker(unit, call) });
  }

  /** Decides a command about a lease, wherever it is. */
  async submitFor(lease: string, command: Command, call?: EngineCall): Promise<Reply | undefined> {
    const pool = this.store.poolOfLease(lease) ?? (await this.store.findEnded(lease))?.pool;
    return pool === undefined ? undefined : await this.submit(pool, command, call);
  }

  /** When the server stops, signals abort of calls that are still answered. */
  #asker({ parts }: Unit, { signal }: EngineCall): Asker {
    const stays = parts.some(({ command }) => GIVES_BACK.has(command.type));
    return { gone: () => signal.aborted && !stays && !this.draining.aborted };
  }

  /** The pool of an environment, as last committed; where an unknown one would be made, if it is. */
  homeOf(environment: string): Pool {
    return this.store.pool(this.store.ownerOf(environment) ?? "default");
  }

  /** A lease in any state, as last committed. */
  async find(id: string): Promise<LeaseView | undefined> {
    const live = this.#live(id);
    if (live !== undefined) return live;
    const ended = await this.store.findEnded(id);
    // Neither live nor ended: it was created, or its end committed, between the two looks.
    return ended === undefined ? this.#live(id) : { lease: ended, pool: this.store.pool(ended.pool) };
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
        const view = await this.find(id);
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
      const now = this.#live(id)?.lease;
      if (signal.aborted || now?.state !== seen.state || now.fencingToken !== seen.fencingToken) done();
      else signal.addEventListener("abort", done);
    });
  }

  /** The live lease that an Acquire's request_id stands for, if it is a retry. */
  knownAs(pool: string, command: Acquire): Lease | undefined {
    if (command.requestId === undefined) return undefined;
    const state = this.store.pool(pool);
    return state.leases.get(state.requests.get(requestKey(command.by.principal, pool, command.requestId)) ?? "");
  }

  /**
   * The caller of an Acquire vanished before its answer was handed over; tells whether the lease is taken back. It is not when another
   * call has shown up for it: that one has the answer. A stop of ours is not their going away.
   */
  hangUp(lease: string, by: object): boolean {
    const live = this.#live(lease)?.lease;
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
    await this.store.close();
  }

  #live(id: string): LeaseView | undefined {
    const pool = this.store.pool(this.store.poolOfLease(id) ?? "");
    const lease = pool.leases.get(id);
    return lease && { lease, pool };
  }

  #committed(commit: Commit): void {
    for (const { cause, pool } of commit.events) {
      if (cause === undefined) continue;
      const { leaseId, state } = cause;
      if (state === "ENDED") this.presence.forget(leaseId);
      else if (state === "QUEUED") this.presence.expect(leaseId, this.store.pool(pool).leases.get(leaseId)?.ticketTtl ?? 0);
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
      const pool = this.store.poolOfLease(lease);
      if (pool === undefined) this.presence.forget(lease);
      else overdue.set(pool, [...(overdue.get(pool) ?? []), lease]);
    }
    return [...overdue].map(([pool, leases]) => ({ parts: [{ pool, command: { type: "abandon", leases } }] }));
  }

  /** Until the store is well time stands still, and the server is not ready: finds out without waiting for a caller. */
  #probeLater(): void {
    const hopeless = this.store.condition === "well" || this.store.condition === "lost" || this.draining.aborted;
    if (this.#probing || hopeless) return;
    this.#probing = true;
    this.#timers.after(PROBE_AFTER, () => {
      this.store
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
    const kept = () => ({ before: this.store.now() - history, leases, requests, events, bytes });
    while (!this.draining.aborted && (await this.store.trim(kept())));
  }
}
