import type { Caller, Origin } from "../core/access/caller.ts";
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

/** A call of something that the server offers. */
export interface Called {
  /** Such as `callme.v1.LockService/Acquire`; of the original's route, its verb and path. */
  readonly method: string;
  /** Absent: of nobody who is known. */
  readonly by?: Caller | undefined;
  /** Absent where no observer asks for it. */
  readonly origin?: Origin | undefined;
  /** The request_id of what it asks for. */
  readonly requestId?: string | undefined;
  /** Its answer has several messages, for as long as the caller stays. */
  readonly streams?: boolean;
}

/** Told of the end of a call, with gRPC's name of what it came to: OK, ABORTED, PERMISSION_DENIED and so on. */
export type Ended = (code: string) => void;

/**
 * Told of what happens on lane, store and methods, as it happens: for logs, and for whatever counts. Nothing is counted elsewhere. It must
 * be quick; what it throws is ignored.
 */
export interface Observer {
  /** Whether it wants to know where calls say that they come from: headers are read for it. */
  readonly wantsOrigin?: boolean;
  /** A transaction is on disk and in the cache; its callers and the readers of watches have not been told yet. */
  committed?(commit: Commit): void;
  /** The lane has decided a batch, whether or not it was stored. */
  decided?(batch: Batch): void;
  /** The store failed. */
  failed?(failure: StoreFailure): void;
  /** Something was called, or was not let in, which is over at once; the returned function is told of its end. */
  called?(call: Called): Ended;
  /** A call that would have changed something was refused for who asked. */
  refused?(call: Refused): void;
  /** A call came of nobody who is known. */
  unknown?(call: Stranger): void;
  /** What nobody waits for could not be done; `what` completes "could not …". */
  trouble?(error: unknown, what: string): void;
}

type Told<Name extends Exclude<keyof Observer, "wantsOrigin">> = NonNullable<Observer[Name]>;

/** Passes on to several observers, in order; what one of them throws is nobody's. */
export class Observed implements Required<Observer> {
  readonly wantsOrigin: boolean;
  readonly committed: Told<"committed">;
  readonly decided: Told<"decided">;
  readonly failed: Told<"failed">;
  readonly refused: Told<"refused">;
  readonly unknown: Told<"unknown">;
  readonly trouble: Told<"trouble">;
  readonly #called: readonly Told<"called">[];

  constructor(observers: readonly Observer[]) {
    this.wantsOrigin = observers.some(({ wantsOrigin }) => wantsOrigin === true);
    this.committed = toAll(observers.flatMap((one) => one.committed?.bind(one) ?? []));
    this.decided = toAll(observers.flatMap((one) => one.decided?.bind(one) ?? []));
    this.failed = toAll(observers.flatMap((one) => one.failed?.bind(one) ?? []));
    this.refused = toAll(observers.flatMap((one) => one.refused?.bind(one) ?? []));
    this.unknown = toAll(observers.flatMap((one) => one.unknown?.bind(one) ?? []));
    this.trouble = toAll(observers.flatMap((one) => one.trouble?.bind(one) ?? []));
    this.#called = observers.flatMap((one) => one.called?.bind(one) ?? []);
  }

  called(call: Called): Ended {
    let all: Ended | undefined;
    for (const tell of this.#called) {
      const ended = guarded(() => tell(call));
      const before = all;
      if (before === undefined) all = ended;
      else if (ended !== undefined) all = toAll([before, ended]);
    }
    return (code) => guarded(() => all?.(code));
  }
}

/** A function that passes on to others. */
function toAll<Arguments extends unknown[]>(others: readonly ((...told: Arguments) => void)[]): (...told: Arguments) => void {
  return (...told) => {
    for (const tell of others) guarded(() => tell(...told));
  };
}

function guarded<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
