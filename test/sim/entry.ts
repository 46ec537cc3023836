import type { Lease } from "../../src/core/model/lease.ts";
import type { Micros } from "../../src/core/model/units.ts";
import type { Slot } from "./rests.ts";

/** What the events have told of one lease. */
export interface Entry {
  state: Lease["state"];
  /** Since when, as far as that was an event. */
  since: Micros;
  /** It was passed over at least once. */
  passed: boolean;
  /** It has been HELD. */
  held: boolean;
  /** Its latest grant with its token, the slots that it gave, and its latest offer; whether that came out of the line. */
  granted: Micros;
  token: number | undefined;
  slots: readonly Slot[];
  offered: Micros;
  fromLine: boolean;
  commit: number;
  /** The signs of life that it had given when its state changed; undefined while some call of its was open. */
  signs: number | undefined;
  /** When it ended; undefined also if that was no event for anybody. */
  ended: Micros | undefined;
  /** The last start that it has lived through, and its end then if it had been put off. */
  started: Micros;
  graced: Micros | undefined;
  /** As it was written last, or found at a start. */
  row: Lease | undefined;
}

/** One of which nothing is known yet. */
export const UNKNOWN: Omit<Entry, "state"> = {
  ...{ since: 0, passed: false, held: false, granted: 0, token: undefined, slots: [], offered: 0, fromLine: false, commit: 0 },
  ...{ signs: undefined, ended: undefined, started: 0, graced: undefined, row: undefined },
};

/** What a start has left of it: by then it may have been renewed without an event. */
export function foundAtStart(lease: Lease): Pick<Entry, "graced" | "row"> {
  return { graced: lease.state === "HELD" && lease.graced ? lease.deadline : undefined, row: lease };
}

/** Its signs of life so far, if it has given none since it was last seen; one that was under way when the server died may be lost. */
export function signsAfterStart(lease: Lease, before: Entry | undefined, signs: number | undefined): number | undefined {
  const quiet = before?.state === lease.state && before.signs === signs;
  return quiet || lease.passedOver === true ? signs : undefined;
}
