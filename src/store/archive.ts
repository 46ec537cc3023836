import { Worker } from "node:worker_threads";
import type { Micros } from "../core/model/units.ts";
import type { Archive, Cursors, Filter, Kept, Page, Part, StatsQuery, StatsRow } from "./history/history.ts";
import type { Posting } from "./history/letter.ts";
import { mailBy } from "./history/mail.ts";
import type { Subscription } from "./history/subscriptions.ts";
import type { Answer, Operations, Request } from "./sqlite/archivist.ts";
import { StoreFailure } from "./store.ts";

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The history in a SQLite file beside that of the store, behind a thread of its own, which begins with the first call. What is wrong with
 * the file is a StoreFailure of the calls that meet it, and nothing else's; the next one tries again.
 */
export class SqliteArchive implements Archive {
  readonly #file: string;
  readonly #warn: (text: string) => void;
  /** The calls of the thread that there is. */
  #waiting = new Map<number, Waiting>();
  readonly mail = mailBy((operation, ...parameters) => this.#call(operation, ...parameters));
  #worker: Worker | undefined;
  #calls = 0;
  #closed = false;
  #subscriptions: readonly Subscription[] = [];

  /** `warn` is told what an operator should know. */
  constructor(file: string, warn: (text: string) => void = () => {}) {
    this.#file = file;
    this.#warn = warn;
  }

  open(now: Micros): Promise<Cursors> {
    this.subscribe(this.#subscriptions);
    return this.#call("open", now);
  }

  /** A thread that begins anew is told again, when it opens the file. */
  subscribe(subscriptions: readonly Subscription[]): void {
    this.#subscriptions = subscriptions;
    this.#call("subscribe", subscriptions).catch(() => {});
  }

  append(part: Part): Promise<Posting> {
    return this.#call("append", part);
  }

  list(filter: Filter, limit: number, before?: number): Promise<Page> {
    return this.#call("list", filter, limit, before);
  }

  stats(query: StatsQuery): Promise<readonly StatsRow[]> {
    return this.#call("stats", query);
  }

  holds(most: number, before: Micros): Promise<readonly (readonly [environment: string, durations: readonly Micros[]])[]> {
    return this.#call("holds", most, before);
  }

  trim(kept: Kept): Promise<boolean> {
    return this.#call("trim", kept);
  }

  async close(): Promise<void> {
    if (this.#worker !== undefined && !this.#closed) await this.#call("close").catch(() => {});
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #call<O extends keyof Operations>(operation: O, ...parameters: Parameters<Operations[O]>): Promise<ReturnType<Operations[O]>> {
    if (this.#closed) return Promise.reject(new StoreFailure("STORE_CLOSED", `${this.#file} is closed`));
    this.#worker ??= this.#begin();
    const worker = this.#worker;
    this.#calls += 1;
    const request: Request = { id: this.#calls, operation, parameters };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve: (result) => resolve(result as ReturnType<Operations[O]>), reject });
      worker.postMessage(request);
    });
  }

  #begin(): Worker {
    const worker = new Worker(new URL("./sqlite/archivist.ts", import.meta.url), { workerData: this.#file, name: "history" });
    // It must not keep a process that has nothing else to do.
    worker.unref();
    const waiting = new Map<number, Waiting>();
    this.#waiting = waiting;
    worker.on("message", (answer: Answer) => this.#take(answer, waiting));
    worker.on("error", (error) => this.#die(worker, waiting, error.message));
    worker.on("exit", () => this.#die(worker, waiting, "its thread has ended"));
    return worker;
  }

  #take(answer: Answer, calls: Map<number, Waiting>): void {
    if ("warning" in answer) {
      this.#warn(answer.warning);
      return;
    }
    const waiting = calls.get(answer.id);
    calls.delete(answer.id);
    if ("result" in answer) waiting?.resolve(answer.result);
    else waiting?.reject(this.#failure(answer.failure.reason, answer.failure.message));
  }

  /** A thread has ended, as it may be told of twice. The next call begins another. */
  #die(worker: Worker, calls: Map<number, Waiting>, reason: string): void {
    if (this.#worker === worker) this.#worker = undefined;
    for (const { reject } of calls.values()) reject(this.#failure("STORAGE_FAILED", reason));
    calls.clear();
  }

  #failure(reason: StoreFailure["reason"], message: string): StoreFailure {
    return new StoreFailure(reason, `the history ${this.#file} cannot be used: ${message}`);
  }
}
