// The server's clock: what counts down on the page counts by it, however wrong this machine's own is.
import { computed, signal } from "@preact/signals";
import { MINUTE, midnight } from "../words/time.ts";

/** Server's time less ours, in ms; undefined: not heard yet. */
let ahead: number | undefined;

/** The server's time in ms, once a second while the page is seen. */
export const now = signal(Date.now());

/** The same once a minute, for what is drawn or counted and takes long. */
export const minute = computed(() => now.value - (now.value % MINUTE));

/** The beginning of the day. */
export const today = computed(() => midnight(now.value));

/** The server has just said what time it is, in ms. */
export function hearTime(told: number): void {
  ahead = told - Date.now();
  tick();
}

/** An answer of the server says when it was given, to the second: better than nothing. */
export function hearDate(text: string | null): void {
  const told = Date.parse(text ?? "");
  if (ahead === undefined && !Number.isNaN(told)) hearTime(told);
}

/** The server's time now, in ms. */
export function serverTime(): number {
  return Date.now() + (ahead ?? 0);
}

function tick(): void {
  now.value = serverTime();
}

let timer: ReturnType<typeof setInterval> | undefined;

/** Lets the time go on, or stand still while nobody looks. */
export function keepTime(seen: boolean): void {
  clearInterval(timer);
  timer = seen ? setInterval(tick, 1_000) : undefined;
  if (seen) tick();
}
