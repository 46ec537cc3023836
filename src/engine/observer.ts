import type { Commit } from "../store/store.ts";

/** Is told of what happens in the engine, for logs and metrics. Its methods must be quick; what they throw is ignored. */
export interface Observer {
  /** A transaction is on disk and in the cache; its callers and the readers of watches have not been told yet. */
  committed?(commit: Commit): void;
  /** Work that no call waits for has failed; `what` completes "could not …". */
  trouble?(error: unknown, what: string): void;
}
