import type { Command, Renew, Reply } from "../core/command.ts";
import { limits } from "../core/limits.ts";
import type { Environment } from "../core/model/environment.ts";
import type { Lease } from "../core/model/lease.ts";
import type { Micros } from "../core/model/units.ts";
import { owns } from "../core/verbs/leases.ts";
import { type Commit, type Store, StoreFailure } from "../store/store.ts";
import { type Asked, Attendance } from "./attendance/attendance.ts";
import type { AskedToClean } from "./attendance/cleaners.ts";
import { Presence } from "./attendance/presence.ts";
import type { SignsOfLife } from "./attendance/signs.ts";
import type { EngineCall } from "./call.ts";
import { RecentHolds } from "./history/holds.ts";
import { type Asker, Lane, type Unit } from "./lane.ts";
import { Observed, type Observer } from "./observer.ts";
import { Pools } from "./pools.ts";
import { Reaper } from "./reaper.ts";
import { realTimers, type Timers } from "./timers.ts";
import { Upkeep } from "./upkeep.ts";
import { type LeaseView, Views } from "./views.ts";
import { Hub } from "./watch/hub.ts";
import { Past } from "./watch/past.ts";

/** Commands that are executed even if their caller has gone: they give something back that others wait for, and need no answer. */
const GIVES_BACK: ReadonlySet<Command["type"]> = new Set([
  "release",
  "releaseByEnvironment",
  "releaseLegacy",
  "forceRelease",
  "revokeKey",
  "disown",
]);
/** Commands about what a call has asked for before. */
const FOLLOWS_UP: ReadonlySet<Command["type"]> = new Set(["claim", "hangUp"]);

/** The service without a transport: commands in, replies and wake-ups out. */
export class Engine {
  /** Told of what happens; see observer.ts. */
  readonly observed: Observed;
  /** What is committed, to look at. */
  readonly views: Views;
  /** How long environments were held lately. */
  readonly holds = new RecentHolds();
  readonly hub: Hub;
  readonly past: Past;
  readonly #signs: SignsOfLife;
  readonly #attendance: Attendance;
  readonly #store: Store;
  readonly #pools: Pools;
  readonly #lane: Lane;
  readonly #reaper: Reaper;
  readonly #upkeep: Upkeep;
  readonly #draining = new AbortController();
  #forgetting = false;

  private constructor(store: Store, timers: Timers, observers: readonly Observer[]) {
    this.#store = store;
    this.observed = new Observed(observers);
    this.#pools = new Pools(() => store.now());
    this.views = new Views(store, this.#pools, this.holds);
    this.hub = new Hub(timers);
    this.past = new Past(this.views, this.hub.recent);
    this.#signs = new Presence(
      () => store.now(),
      () => this.#reaper.arm(),
    );
    this.#attendance = new Attendance({
      views: this.views,
      hub: this.hub,
      signs: this.#signs,
      timers,
      draining: this.draining,
      submit: (pool, command, call) => this.submit(pool, command, call),
      trouble: (error, what) => this.observed.trouble(error, what),
    });
    this.#lane = new Lane(
      store,
      () => this.#abandonments(),
      (lease) => this.#signs.takes(lease),
      (batch) => this.observed.decided(batch),
    );
    const pulse = (parts: Unit["parts"]) => this.#lane.submit({ parts });
    // One unit for each pool, so that a broken pool does not keep the others from being swept. The empty unit makes a batch where no pool
    // is due: every batch begins with the abandonment of overdue waiters.
    const sweep = async (pools: readonly string[]) => {
      const swept = await Promise.allSettled([pulse([]), ...pools.map((pool) => pulse([{ pool, command: { type: "pulse" } }]))]);
      for (const result of swept) if (result.status === "rejected") throw result.reason;
    };
    this.#reaper = new Reaper(
      timers,
      () => store.now(),
      sweep,
      () => this.#signs.next(),
    );
    store.onFailure((failure) => this.observed.failed(failure));
    this.#upkeep = new Upkeep(store, timers, this.draining, (error) => this.observed.trouble(error, "trim history"));
  }

  /**
   * Starts on what the store has: every waiter has its full ticket_ttl again (rule 3), live leases and offers get the grace of a start
   * (rule 5). Rejects with a StoreFailure.
   */
  static async start(store: Store, timers: Timers = realTimers, ...observers: readonly Observer[]): Promise<Engine> {
    const engine = new Engine(store, timers, observers);
    await store.fill(engine.#pools);
    for (const [pool, error] of engine.#pools.refused()) engine.observed.trouble(error, `load pool ${JSON.stringify(pool)}`);
    engine.#pools.onCommit((commit, gone) => engine.#committed(commit, gone));
    const pools = [...engine.#pools.pools()].map((pool) => pool.name);
    await Promise.all(pools.map((pool) => engine.#recover(pool)));
    for (const pool of engine.#pools.pools()) {
      engine.#reaper.note(pool);
      // A hold of an earlier process may be known to its caller; an offer, or a place in line, is not until a call comes.
      for (const lease of pool.leases.values()) if (lease.state !== "HELD") engine.#attendance.moved(lease.id, lease);
    }
    engine.#reaper.arm();
    engine.#upkeep.trimLater();
    return engine;
  }

  /** Recovers one pool; one that fails does not keep the others from it. */
  async #recover(pool: string): Promise<void> {
    try {
      await this.submit(pool, { type: "recover" });
    } catch (error) {
      if (error instanceof StoreFailure) throw error;
      this.#pools.refuse(pool, error);
      this.observed.trouble(error, `take up pool ${JSON.stringify(pool)}`);
    }
  }

  /** Aborts when the server is about to stop: waits and streams end, leases and places in line stay. */
  get draining(): AbortSignal {
    return this.#draining.signal;
  }

  /** Decides one command, of the call if there is one; the reply is on disk. Rejects with a StoreFailure or an EngineFailure. */
  async submit(pool: string, command: Command, call?: Pick<EngineCall, "gone">): Promise<Reply> {
    const [reply] = await this.submitAll({ parts: [{ pool, command }] }, call);
    if (reply === undefined) throw new Error("invariant: a unit of one part has one reply");
    return reply;
  }

  /** Decides several commands, all or none. */
  async submitAll(unit: Omit<Unit, "asker">, call?: Pick<EngineCall, "gone">): Promise<readonly Reply[]> {
    // Throws for a damaged pool: refused in the lane it would cost its whole batch a second try.
    for (const { pool } of unit.parts) this.#pools.pool(pool);
    return await this.#lane.submit(call === undefined ? unit : { ...unit, asker: this.#asker(unit, call) });
  }

  /** Decides a command about a lease, wherever it is. */
  async submitFor(lease: string, command: Command, call?: EngineCall): Promise<Reply | undefined> {
    const pool = await this.views.poolOfLease(lease);
    return pool === undefined ? undefined : await this.submit(pool, command, call);
  }

  /** Asks for a lease, waits for it, and follows the answer until it has arrived: see attendance/attendance.ts. */
  acquire(asked: Asked, call: EngineCall): Promise<Reply> {
    return this.#attendance.acquire(asked, call);
  }

  /** Asks for something to clean, waits for it, and follows the answer likewise. */
  clean(asked: AskedToClean, call: EngineCall): Promise<Reply> {
    return this.#attendance.clean(asked, call);
  }

  /** Renews a lease; it also shows that an earlier answer has arrived. Undefined if there is no such lease. */
  async renew(command: Renew, call: EngineCall): Promise<Reply | undefined> {
    const lease = this.views.live(command.lease)?.lease;
    if (lease !== undefined && owns(command.by, lease)) return await this.#attendance.renew(lease, command, call);
    return await this.submitFor(command.lease, command, call);
  }

  /** A lease for somebody who has its token (`own`), or for an onlooker; with `wait`, when it waits no more, or at its next change. */
  look(lease: Lease, own: boolean, wait: Micros | undefined, call: EngineCall): Promise<LeaseView> {
    return own ? this.#attendance.look(lease, wait, call) : this.#attendance.onlook(lease, wait, call);
  }

  /** A stream over a lease by somebody who has its token opens: an open sign of life, and the first of `keep`, until `leave`. */
  async attend(view: LeaseView, call: EngineCall): Promise<{ readonly view: LeaseView; leave(): void }> {
    const leave = this.#signs.attend(view.lease.id);
    try {
      return { view: await this.#attendance.sign(view.lease, call), leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** What the stream has seen just now: an offer becomes a hold. */
  keep(view: LeaseView, call: EngineCall): Promise<LeaseView> {
    return this.#attendance.keep(view, call);
  }

  /** Nothing that is asked for first is refused while the server stops: then connections end of calls that are still to be answered. */
  #asker({ parts }: Unit, call: Pick<EngineCall, "gone">): Asker {
    const stays = parts.some(({ command }) => GIVES_BACK.has(command.type));
    const isIn = parts.every(({ command }) => FOLLOWS_UP.has(command.type));
    return { isIn, gone: () => !stays && call.gone && (isIn || !this.draining.aborted) };
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
    this.#upkeep.stop();
    await this.#lane.idle();
    await this.#store.close();
  }

  #committed(commit: Commit, gone: readonly Environment[]): void {
    this.observed.committed(commit);
    this.holds.note(commit);
    try {
      this.#passOn(commit, gone);
    } catch (error) {
      // The commit is on disk: its callers get their answers even if telling others fails.
      this.observed.trouble(error, "pass on a commit");
    }
  }

  #passOn(commit: Commit, gone: readonly Environment[]): void {
    // Whoever is asked to stop, or has its end moved, has what it had.
    const moved = new Map<string, string>();
    for (const { pool, cause, kind } of commit.events)
      if (cause !== undefined && kind !== "CANCEL_REQUESTED" && kind !== "EXTENDED") moved.set(cause.leaseId, pool);
    for (const [lease, pool] of moved) this.#attendance.moved(lease, this.#pools.pool(pool).leases.get(lease));
    this.#attendance.committed(commit.events);
    for (const pool of commit.pools) this.#reaper.note(pool);
    this.#reaper.arm();
    this.hub.publish(commit, gone);
    this.#makeRoom();
  }

  /** Environments that could be forgotten refuse nobody, so there can be more than the limit for a moment: the idle ones go, in any pool. */
  #makeRoom(): void {
    let over = this.#pools.environments - limits.environments.total;
    if (over <= 0 || this.#forgetting) return;
    const parts: Unit["parts"][number][] = [];
    for (const { name, idle } of this.#pools.pools()) {
      if (over <= 0) break;
      const count = Math.min(idle.size, over);
      if (count > 0) parts.push({ pool: name, command: { type: "forget", count } });
      over -= count;
    }
    if (parts.length === 0) return;
    this.#forgetting = true;
    this.#lane
      .submit({ parts })
      .catch((error) => this.observed.trouble(error, "forget idle environments"))
      .finally(() => {
        this.#forgetting = false;
      });
  }

  /** One command for each pool, ahead of every batch. */
  #abandonments(): readonly Unit[] {
    const overdue = new Map<string, string[]>();
    for (const lease of this.#signs.overdue()) {
      const pool = this.#pools.poolOfLease(lease);
      if (pool === undefined) this.#signs.forget(lease);
      else if (overdue.get(pool)?.push(lease) === undefined) overdue.set(pool, [lease]);
    }
    return [...overdue].map(([pool, leases]) => ({ parts: [{ pool, command: { type: "abandon", leases } }] }));
  }
}
