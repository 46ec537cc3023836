import type { Commit } from "../store/store.ts";

/** Told of what happens inside, as it happens: for logs, and for whatever counts. It must be quick; what it throws is ignored. */
export interface Observer {
  /** A transaction is on disk and in the cache; its callers and the readers of watches have not been told yet. */
  committed?(commit: Commit): void;
  /** What nobody waits for could not be done; `what` completes "could not …". */
  trouble?(error: unknown, what: string): void;
}
