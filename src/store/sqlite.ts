import { existsSync, realpathSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { Worker } from "node:worker_threads";
import type { Reads } from "../core/command.ts";
import type { Event } from "../core/event.ts";
import type { StoredEnvironment } from "../core/model/environment.ts";
import type { Lease } from "../core/model/lease.ts";
import type { Revision } from "../core/model/units.ts";
import type { Cursors, Part } from "./history/history.ts";
import type { Batch, Loaded, Medium, MediumState } from "./medium.ts";
import { leaseOfRemains } from "./remains.ts";
import { unmark } from "./sqlite/mark.ts";
import {
  Damage,
  environmentOfRow,
  eventsOfRow,
  fenceOfRow,
  keyOfRow,
  leaseOfRow,
  poolOfRow,
  remainsOfRow,
  rowsOf,
  settingOfRow,
} from "./sqlite/rows.ts";
import type { Findings } from "./sqlite/tables.ts";
import type { Answer, Operations, Request } from "./sqlite/worker.ts";
import { type Fence, type History, type LeaseQuery, type Past, StoreFailure, StoreUnusable } from "./store.ts";

/** What the package leaves out, since its clients don't need it: the version that it was tested with. */
const DRIVER = "better-sqlite3@13.2.0";

/** Throws StoreUnusable if it was not installed beside us. */
function requireDriver(): void {
  try {
    createRequire(import.meta.url).resolve("better-sqlite3");
  } catch {
    throw new StoreUnusable(`the server keeps its state with better-sqlite3, and that is not installed: npm install --global ${DRIVER}`);
  }
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Rows in a SQLite file that this process has to itself, behind a worker thread: each call is one message there and one back, in order.
 * A write is on disk before it resolves. After an OUTCOME_UNKNOWN every call fails with it.
 */
export class SqliteMedium implements Medium {
  readonly #file: string;
  readonly #worker: Worker;
  readonly #warn: (text: string) => void;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  /** Set when the thread cannot be used any more: what every further call fails with. */
  #dead: StoreFailure | undefined;
  #closing: Promise<void> | undefined;
  #state: MediumState = "well";
  /**
   * Before the thread ends without close(): that closes the file all the same, which copies the log and deletes it, so there must be no
   * mark then. Unless something is lost, of which the next start is to know.
   */
  readonly #exiting = () => {
    if (this.#state !== "lost" && existsSync(this.#file)) unmark(realpathSync(this.#file));
  };
  readonly #listeners: ((why: StoreFailure) => void)[] = [];

  private constructor(file: string, warn: (text: string) => void) {
    this.#file = path.resolve(file);
    this.#warn = warn;
    this.#worker = new Worker(new URL("./sqlite/worker.ts", import.meta.url), { workerData: this.#file, name: "sqlite" });
    process.on("exit", this.#exiting);
    this.#worker.on("message", (answer: Answer) => this.#take(answer));
    this.#worker.on("error", (error) => this.#die(error.message));
    this.#worker.on("exit", () => this.#die("the thread of the store has ended"));
  }

  /**
   * Opens the file, or creates it, and locks it. Throws StoreUnusable, which says which file, why, and what to do. `warn` is told what an
   * operator should know, and what does not stop the store.
   */
  static async open(file: string, warn: (text: string) => void = () => {}): Promise<SqliteMedium> {
    requireDriver();
    const medium = new SqliteMedium(file, warn);
    try {
      await new Promise((resolve, reject) => medium.#waiting.set(0, { resolve, reject }));
    } catch (error) {
      await medium.#end();
      throw error instanceof StoreUnusable ? error : new StoreUnusable(`cannot open the store ${medium.#file}: ${String(error)}`);
    }
    return medium;
  }

  /** Throws StoreUnusable where a row is damaged, and closes the file. */
  async load(): Promise<Loaded> {
    try {
      const { secret, ...rows } = await this.#call("load");
      const leases = await this.list({ states: [], limit: Number.MAX_SAFE_INTEGER });
      const fences = new Map(rows.fences.map(fenceOfRow).map((fence) => [fence.environment, fence]));
      const environments = rows.environments.map(environmentOfRow).map((row) => withFence(row, fences.get(row.config.name)));
      return {
        secret,
        pools: rows.pools.map(poolOfRow),
        environments,
        settings: rows.settings.map(settingOfRow),
        keys: rows.keys.map(keyOfRow),
        leases,
      };
    } catch (error) {
      await this.close();
      const reason = error instanceof Error ? error.message : String(error);
      throw new StoreUnusable(`cannot open the store ${this.#file}: ${reason}; restore a backup`, { cause: error });
    }
  }

  async find(reads: Pick<Reads, "leases" | "requests">): Promise<readonly Lease[]> {
    return this.#found(await this.#call("find", reads.leases, reads.requests));
  }

  /** Oldest first. */
  #found({ leases, remains }: Findings): readonly Lease[] {
    if (leases.length + remains.length === 0) return [];
    return this.#decode(() => {
      const found = [...leases.map(leaseOfRow), ...remains.map((row) => leaseOfRemains(remainsOfRow(row)))];
      return found.sort((a, b) => a.createdAt - b.createdAt);
    });
  }

  get state(): MediumState {
    return this.#state;
  }

  onFailure(listener: (why: StoreFailure) => void): void {
    this.#listeners.push(listener);
  }

  async write(batch: Batch, fresh: readonly string[] = []): Promise<readonly Lease[]> {
    const hindered = await this.#call("write", rowsOf(batch), fresh);
    return hindered === undefined ? [] : this.#found(hindered);
  }

  probe(): Promise<void> {
    return this.#call("probe");
  }

  async list(query: LeaseQuery): Promise<readonly Lease[]> {
    const found: Lease[] = [];
    for (let next: LeaseQuery | undefined = query; next !== undefined; ) {
      const part: Awaited<ReturnType<Operations["list"]>> = await this.#call("list", next);
      for (const lease of this.#decode(() => part.rows.map(leaseOfRow))) found.push(lease);
      const limit: number = query.limit - found.length;
      next = part.next === undefined || limit <= 0 ? undefined : { ...query, after: part.next, limit };
    }
    return found;
  }

  async past(pool: string, since: Revision, limit: number): Promise<Past> {
    const events: Event[] = [];
    for (let more = true; more && events.length < limit; ) {
      const last = events.at(-1)?.revision ?? since;
      const window = await this.#call("past", pool, last, limit - events.length);
      if (window === "trimmed") return window;
      for (const event of this.#decode(() => window.rows.flatMap(eventsOfRow))) if (event.revision > last) events.push(event);
      more = window.more;
    }
    return { events: events.slice(0, limit) };
  }

  take(from?: Cursors): Promise<Part | undefined> {
    return this.#call("take", from);
  }

  trim(history: History): Promise<boolean> {
    return this.#call("trim", history);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = this.#dead === undefined ? this.#call("close") : this.#exiting();
    this.#dead ??= new StoreFailure("STORE_CLOSED", `${this.#file} is closed`);
    try {
      await closed;
    } finally {
      await this.#end();
    }
  }

  async #end(): Promise<void> {
    process.off("exit", this.#exiting);
    await this.#worker.terminate();
  }

  #call<O extends keyof Operations>(operation: O, ...parameters: Parameters<Operations[O]>): Promise<ReturnType<Operations[O]>> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    this.#calls += 1;
    const request: Request = { id: this.#calls, operation, parameters };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: (result) => resolve(result as ReturnType<Operations[O]>), reject });
      this.#worker.postMessage(request);
    });
  }

  #take(answer: Answer): void {
    if ("state" in answer) this.#state = answer.state;
    if ("warning" in answer) this.#warn(answer.warning);
    else if (answer.id === undefined) for (const listener of this.#listeners) listener(this.#failure(answer.failure));
    else this.#deliver(answer, answer.id);
  }

  #deliver(answer: Exclude<Answer, { readonly warning: string }>, id: number): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ("result" in answer) waiting?.resolve(answer.result);
    else if ("unusable" in answer) waiting?.reject(new StoreUnusable(answer.unusable));
    else waiting?.reject(this.#failure(answer.failure));
  }

  #failure({ reason, message }: Pick<StoreFailure, "reason" | "message">): StoreFailure {
    return new StoreFailure(reason, `${this.#file}: ${message}`);
  }

  /** The thread has ended: the outcome of all calls that were under way is unknown. */
  #die(reason: string): void {
    this.#dead ??= new StoreFailure("OUTCOME_UNKNOWN", `${this.#file}: ${reason}`);
    for (const { reject } of this.#waiting.values()) reject(this.#dead);
    this.#waiting.clear();
  }

  #decode<T>(decode: () => T): T {
    try {
      return decode();
    } catch (error) {
      if (!(error instanceof Damage)) throw error;
      this.#dead ??= new StoreFailure("OUTCOME_UNKNOWN", `${this.#file} is damaged: ${error.message}`);
      throw this.#dead;
    }
  }
}

/** An environment with its latest grant, which may be later than its row. */
function withFence(environment: StoredEnvironment, grant: Fence | undefined): StoredEnvironment {
  if (grant === undefined || grant.revision <= environment.revision) return environment;
  return { ...environment, fence: grant.fence, revision: grant.revision };
}
