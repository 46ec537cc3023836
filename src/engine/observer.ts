import type { Caller } from "../core/access/caller.ts";
import type { Commit, StoreFailure } from "../store/store.ts";

/**
 * One transaction of the lane: how many commands it decided, and how long it took, in milliseconds, its fsync included. A batch that is tried
 * again is one each time; what is refused before it is decided (OVERLOADED, CALLER_GONE, a full disk) is in none.
 */
export interface Batch {
  readonly commands: number;
  readonly milliseconds: number;
}

/** A call that was refused for who asked for it. It has nothing of what the call showed to prove that. */
export interface Refused {
  /** The method, and why in words. */
  readonly method: string;
  readonly why: string;
  readonly by: Caller;
  /** What the request named, as far as it did. */
  readonly environment?: string;
  readonly lease?: string;
}

/** A call of nobody who is known: it showed no key, or one that opens nothing. */
export interface Stranger {
  readonly showed: "nothing" | "wrong key";
  readonly address: string;
  /** Of a key that is, or was, in order: which one it is. */
  readonly key?: string;
}

/**
 * Told of what happens on lane, store and methods, as it happens: for logs, and for whatever counts. Nothing is counted elsewhere. It must
 * be quick; what it throws is ignored.
 */
export interface Observer {
  /** A transaction is on disk and in the cache; its callers and the readers of watches have not been told yet. */
  committed?(commit: Commit): void;
  /** The lane has decided a batch, whether or not it was stored. */
  decided?(batch: Batch): void;
  /** The store failed. */
  failed?(failure: StoreFailure): void;
  /**
   * A method of the contract with one answer was called, but not /maybe; the returned function is told of its end, and of the error that it
   * ended with.
   */
  called?(method: string): (error?: unknown) => void;
  /** A call that would have changed something was refused for who asked. */
  refused?(call: Refused): void;
  /** A call came of nobody who is known. */
  unknown?(call: Stranger): void;
  /** What nobody waits for could not be done; `what` completes "could not …". */
  trouble?(error: unknown, what: string): void;
}

/** Passes on to an observer; what that throws is nobody's. */
export class Observed implements Required<Observer> {
  readonly #to: Observer;

  constructor(to: Observer) {
    this.#to = to;
  }

  committed(commit: Commit): void {
    guarded(() => this.#to.committed?.(commit));
  }

  decided(batch: Batch): void {
    guarded(() => this.#to.decided?.(batch));
  }

  failed(failure: StoreFailure): void {
    guarded(() => this.#to.failed?.(failure));
  }

  called(method: string): (error?: unknown) => void {
    const ended = guarded(() => this.#to.called?.(method));
    return (error) => guarded(() => ended?.(error));
  }

  refused(call: Refused): void {
    guarded(() => this.#to.refused?.(call));
  }

  unknown(call: Stranger): void {
    guarded(() => this.#to.unknown?.(call));
  }

  trouble(error: unknown, what: string): void {
    guarded(() => this.#to.trouble?.(error, what));
  }
}

function guarded<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
