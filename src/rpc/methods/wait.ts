import type { Call, Service } from "./call.ts";

/** No call waits longer than this; so no proxy on the way cuts it off. */
const LONGEST_MS = 60_000;
/** An answer must be on its way this long before the caller's deadline. */
const MARGIN_MS = 250;

/**
 * The signal that ends a wait of `wait` microseconds: time is up, the caller is gone, or the server is about to stop. Undefined when
 * there is no time to wait.
 */
export function waitSignal(service: Service, call: Call, wait: number | undefined): AbortSignal | undefined {
  const asked = Math.min(Math.ceil((wait ?? 0) / 1_000), LONGEST_MS);
  const patience = call.timeLeft();
  const left = patience === undefined ? asked : Math.min(asked, Math.floor(patience - MARGIN_MS));
  if (left <= 0) return undefined;
  return AbortSignal.any([AbortSignal.timeout(left), call.signal, service.engine.draining]);
}
