/** What becomes of notices, for who counts it. */
import type { Micros } from "../core/model/units.ts";
import type { Loss } from "./round.ts";

/** Told at once of each; what it does must be short, and must not throw. `rule` is empty for those that leases have asked for. */
export interface NoticesObserver {
  /** One has arrived. */
  arrived?(rule: string): void;
  /** An attempt has failed. */
  failed?(rule: string): void;
  /** So many were given up, and why. "overflow": more waited than are kept. */
  gaveUp?(rule: string, loss: Loss | "overflow", count: number): void;
}

/** How many there are at the moment. */
export interface NoticesFigures {
  /** By rule, where any wait; without a name all that leases have asked for. `oldest`: when the first happened. */
  readonly backlogs: readonly { readonly rule: string; readonly waiting: number; readonly oldest?: Micros }[];
  /** That were given up, and are kept. */
  readonly dead: number;
}
