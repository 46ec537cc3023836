/** Wires a server together: one thing that starts, and can be stopped. Tests start the same one. */
import type { Micros } from "./core/model.ts";
import { Engine } from "./engine/engine.ts";
import { httpHandler } from "./rpc/http/http.ts";
import { type Listening, listen } from "./rpc/http/listen.ts";
import { Principals } from "./rpc/principal.ts";
import { Clock } from "./store/clock.ts";
import { LocalStore } from "./store/local.ts";
import type { Medium } from "./store/medium.ts";
import type { Store, StoreFailure } from "./store/store.ts";

/** After a transaction failed, the server calls itself unready for this long. */
const UNREADY_MS = 5_000;

/** A pino logger, or anything like it. */
export interface Log {
  debug(facts: object, text: string): void;
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

export interface AppOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly apiKey: string | undefined;
  readonly autoCreate: boolean;
  readonly legacyTtl: Micros | undefined;
  /** Origins whose web pages may call, besides the server's own. */
  readonly corsOrigins: ReadonlySet<string>;
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer } | undefined;
  readonly medium: Medium;
  readonly log: Log;
}

export interface App {
  readonly host: string;
  readonly port: number;
  /** Resolves when the outcome of a commit is unknown: the process must end, and find out by starting again. */
  readonly broken: Promise<StoreFailure>;
  /** Drains: no new leases; waits and streams end; what is under way is answered, within `graceMs`. Leases and places in line stay. */
  stop(graceMs: number): Promise<void>;
}

/** Rejects with a StoreUnusable, with a StoreFailure when the disk fails just now, or with Node's error about the address. */
export async function start(options: AppOptions): Promise<App> {
  const { log } = options;
  const stalled = (gap: Micros) => log.warn({ seconds: gap / 1_000_000 }, "the process stood still; leases are extended by it");
  const store = await LocalStore.open(options.medium, (latest) => new Clock(Math.max(latest, Date.now() * 1_000), stalled));
  const engine = await Engine.start(store, undefined, (err, what) => log.warn({ err }, `could not ${what}`)).catch(
    async (error: unknown) => {
      await store.close();
      throw error;
    },
  );
  const service = { engine, principals: new Principals(options.apiKey, store.secret), autoCreate: options.autoCreate };
  const readiness = new Readiness(store, engine.draining, log);
  const handle = httpHandler({
    service,
    health: readiness,
    legacyTtl: options.legacyTtl,
    corsOrigins: options.corsOrigins,
    report: (err, method) => log.error({ err, method }, "a call failed unexpectedly"),
  });
  const { host, port, tls } = options;
  const door = await listen({ host, port, ...(tls && { tls }), handle, log }).catch(async (error: unknown) => {
    await engine.stop();
    throw error;
  });
  return { host: door.host, port: door.port, broken: broken(store), stop: (graceMs) => stop(engine, door, graceMs) };
}

async function stop(engine: Engine, door: Listening, graceMs: number): Promise<void> {
  engine.drain();
  await door.drain(graceMs);
  await engine.stop();
}

function broken(store: Store): Promise<StoreFailure> {
  return new Promise((resolve) => {
    store.onFailure((failure) => {
      if (failure.reason === "OUTCOME_UNKNOWN") resolve(failure);
    });
  });
}

/** Whether new work is welcome: not while draining, nor right after the store failed. */
class Readiness {
  readonly #draining: AbortSignal;
  #failedAt = Number.NEGATIVE_INFINITY;
  readonly #waiting = new Set<() => void>();

  constructor(store: Store, draining: AbortSignal, log: Log) {
    this.#draining = draining;
    draining.addEventListener("abort", () => this.#tell());
    store.onFailure((err) => {
      // Once, not for each of the failures that follow.
      if (this.serving()) log.error({ err }, "the store failed; not ready until it works again");
      this.#failedAt = performance.now();
      this.#tell();
      // A timer may fire a little early.
      setTimeout(() => this.#tell(), UNREADY_MS + 50).unref();
    });
  }

  serving(): boolean {
    return !this.#draining.aborted && performance.now() - this.#failedAt >= UNREADY_MS;
  }

  /** Resolves when `serving` may have changed, or `signal` aborts. */
  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#waiting.add(done);
      if (signal.aborted) done();
      else signal.addEventListener("abort", done);
    });
  }

  #tell(): void {
    for (const done of [...this.#waiting]) done();
  }
}
