/**
 * Why the engine did not decide a command; nothing was changed. OVERLOADED: too many wait already. CALLER_GONE: nobody waits for the
 * answer any more. POOL_BROKEN: what is stored of the pool contradicts itself. DRAINING: the server is about to stop.
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
