// When somebody will probably be done, by how long the environment was held in the last week.
import { signal } from "@preact/signals";
import { type EnvironmentStatus, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { insight } from "../state/calls.ts";
import { HOUR, MINUTE, maybe } from "../words/time.ts";

/** Half of the holds of an environment took no longer, in ms. */
const usual = signal<ReadonlyMap<string, number>>(new Map());

let readAt = -HOUR;
/** Figures change slowly, and cost the server more than anything else that a table shows. */
const PACE = 10 * MINUTE;
/** Many tabs that are opened at once ask one after the other. */
const SPREAD = 3_000;

async function read(): Promise<void> {
  if (document.hidden || performance.now() - readAt < PACE) return;
  readAt = performance.now();
  const { rows } = await insight.getStats({});
  usual.value = new Map(rows.map(({ key, hold }) => [key, maybe(hold?.p50) ?? 0]));
}

/** Reads it from now on. Returns what ends that. */
export function keepReading(): () => void {
  const quietly = () => void read().catch(() => undefined);
  const timers = [setTimeout(quietly, Math.random() * SPREAD), setInterval(quietly, MINUTE)];
  return () => timers.forEach(clearTimeout);
}

/** How long it is usually held, and when it is free if that is so this time, too. Not where there are many slots, or too little is known. */
export function estimateOf({ name, capacity, holders: [holder] }: EnvironmentStatus) {
  const length = usual.value.get(name) ?? 0;
  const since = maybe(holder?.since);
  if (length === 0 || capacity !== 1 || since === undefined || holder?.state !== LeaseState.HELD) return undefined;
  return { length, at: Math.min(since + length, maybe(holder.latestEnd) ?? Infinity) };
}
