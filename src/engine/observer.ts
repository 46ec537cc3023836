import type { Caller, Origin } from "../core/access/caller.ts";
import type { Commit, StoreFailure } from "../store/store.ts";

/**
 * One transaction of the lane: how many commands it decided, and how long it took, in milliseconds, its fsync included. A batch that is tried
 * again is one each time; what is refused before it is decided (OVERLOADED, CALLER_GONE, a full disk) is in none.
 */
export interface Batch {
  readonly commands: number;
  readonly milliseconds: number;
  /** Whether it is on disk; if not, what it was for has failed or is tried again. */
  readonly stored: boolean;
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

/** By what protocol a call came, as OpenTelemetry names them: `grpc` (gRPC-Web, too), or `connectrpc` (JSON by curl, too). `http`: a route of its own. */
export type System = "grpc" | "connectrpc" | "http";

/** A call of something that the server offers. */
export interface Called {
  readonly system: System;
  /** Such as `callme.v1.LockService/Acquire`; of a route, its verb and path; `_OTHER`: of a method that there is none of. */
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

/** Told of the end of a call, with gRPC's name of what it came to: OK, ABORTED, PERMISSION_DENIED and so on; of a route's, with the status. */
export type Ended = (code: string) => void;

/** What is the server's fault, as OpenTelemetry's conventions have it. */
const FAULTS: ReadonlySet<string> = new Set(["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]);

/** Whether what a call came to is to be counted as an error of the server's, by OpenTelemetry's conventions. */
export function isFault(code: string): boolean {
  return FAULTS.has(code) || code.startsWith("5");
}

/**
 * Told of what happens on lane, store and methods, as it happens: for logs, and for whatever counts. Nothing is counted elsewhere. It must
 * be quick; what it throws harms nobody, and is told as `trouble` the first time.
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

/** Passes on to several observers, in order. The first that each of them throws is trouble, of which they are told in turn. */
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
    const guards = observers.map((one) => new Guard(one, (error) => this.trouble(error, DEAF)));
    this.wantsOrigin = observers.some(({ wantsOrigin }) => wantsOrigin === true);
    this.committed = toAll(guards.flatMap(({ one, of }) => of(one.committed)));
    this.decided = toAll(guards.flatMap(({ one, of }) => of(one.decided)));
    this.failed = toAll(guards.flatMap(({ one, of }) => of(one.failed)));
    this.refused = toAll(guards.flatMap(({ one, of }) => of(one.refused)));
    this.unknown = toAll(guards.flatMap(({ one, of }) => of(one.unknown)));
    this.trouble = toAll(guards.flatMap(({ one, of }) => of(one.trouble)));
    this.#called = guards.flatMap(({ one, called }) => (one.called === undefined ? [] : [called]));
  }

  called(call: Called): Ended {
    const all: Ended[] = [];
    for (const tell of this.#called) all.push(tell(call));
    const [only = () => {}] = all;
    return all.length > 1 ? toAll(all) : only;
  }
}

/** Completes "could not …". */
const DEAF = "tell an observer of what happens; it lacks this, and what else it fails to take, of which no more will be said";

/** Calls an observer, and passes on the first thing that it throws. */
class Guard {
  readonly one: Observer;
  readonly #complain: (error: unknown) => void;
  #failed = false;

  constructor(one: Observer, complain: (error: unknown) => void) {
    this.one = one;
    this.#complain = complain;
  }

  /** What never throws in place of a method; none if there is none. */
  readonly of = <Told extends unknown[]>(tell: ((...told: Told) => void) | undefined): readonly ((...told: Told) => void)[] => {
    if (tell === undefined) return [];
    return [(...told) => void this.#guarded(() => tell.apply(this.one, told))];
  };

  readonly called = (call: Called): Ended => {
    const ended = this.#guarded(() => this.one.called?.(call));
    return (code) => void this.#guarded(() => ended?.(code));
  };

  #guarded<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      const isFirst = !this.#failed;
      this.#failed = true;
      if (isFirst) this.#complain(error);
      return undefined;
    }
  }
}

/** A function that passes on to others. */
function toAll<Told extends unknown[]>(others: readonly ((...told: Told) => void)[]): (...told: Told) => void {
  return (...told) => {
    for (const tell of others) tell(...told);
  };
}
