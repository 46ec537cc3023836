/**
 * Why the engine did not decide a command; nothing was changed. OVERLOADED: too many wait already. CALLER_GONE: its caller does not wait
 * any more. POOL_BROKEN: the stored rows of the pool contradict each other. DRAINING: the server is about to stop.
 */
export type EngineFailureReason = "OVERLOADED" | "CALLER_GONE" | "POOL_BROKEN" | "DRAINING";

export class EngineFailure extends Error {
  readonly reason: EngineFailureReason;

  constructor(reason: EngineFailureReason, message: string) {
    super(message);
    this.name = "EngineFailure";
    this.reason = reason;
  }
}
