import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { now, today } from "../state/clock.ts";
import { clockTime, exactTime, inFull, milliseconds, spell } from "../words/time.ts";

interface Moment {
  readonly at: Timestamp | number | undefined;
}

function inMs(at: Timestamp | number): number {
  return typeof at === "number" ? at : milliseconds(at);
}

/** How long ago something was, counting up: "12 m". Nothing, if it is not known. */
export function Since({ at }: Moment) {
  if (at === undefined) return null;
  const ms = inMs(at);
  return (
    <time dateTime={iso(ms)} title={`since ${inFull(ms)}`}>
      {spell(now.value - ms)}
    </time>
  );
}

/** How long there is until something, counting down: "in 12 m", and then "any moment". */
export function Until({ at }: Moment) {
  if (at === undefined) return null;
  const ms = inMs(at);
  return (
    <time dateTime={iso(ms)} title={inFull(ms)}>
      {ms - now.value < 1_000 ? "any moment" : `in ${spell(ms - now.value)}`}
    </time>
  );
}

/** When it is or was, by the clock: "14:20", "Tue 14:20". */
export function At({ at, exact = false }: Moment & { readonly exact?: boolean }) {
  if (at === undefined) return null;
  const ms = inMs(at);
  return (
    <time dateTime={iso(ms)} title={inFull(ms)}>
      {(exact ? exactTime : clockTime)(ms, today.value)}
    </time>
  );
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
