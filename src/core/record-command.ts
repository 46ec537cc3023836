/** What is put on record without any change: refusals, and rules that were read. Decided in the pool of the keys. */
import type { Caller } from "./access/caller.ts";
import type { Event } from "./event.ts";

/** One thing that has happened; `subject`: what it is about, `note`: why, or what of it. */
export interface Happened extends Required<Pick<Event, "subject" | "note">>, Pick<Event, "named"> {
  readonly kind: "REFUSED" | "ACCESS_CHANGED";
  /** Absent: nobody in particular. */
  readonly by?: Caller;
}

/** Puts on record what has happened. */
export interface RecordEvents {
  readonly type: "record";
  readonly happened: readonly Happened[];
}
