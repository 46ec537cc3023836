// What the page knows of the environments: one store, which the watch fills and every view reads.
import { computed, type Signal, signal } from "@preact/signals";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";

/** What is gone is undefined, and leaves with the next frame: if it is back by then, who has read it is told so. */
const rows = new Map<string, Signal<EnvironmentStatus | undefined>>();

/** Rises when an environment came, went or changed; at most once for each frame. */
export const changes = signal(0);

/** Whether all has been told at least once. */
export const complete = signal(false);

/** The environment as it is now, if there is one; who asks in a component is told of its changes alone. */
export function statusOf(name: string): EnvironmentStatus | undefined {
  const status = rows.get(name)?.value;
  if (status === undefined) void changes.value;
  return status;
}

const all = computed(() => {
  void changes.value;
  // All of it may have been told within one frame.
  void complete.value;
  const found: EnvironmentStatus[] = [];
  for (const row of rows.values()) {
    const status = row.peek();
    if (status !== undefined) found.push(status);
  }
  return found;
});

/** All of them, in no order; who asks in a component is told of everything. */
export function allRows(): readonly EnvironmentStatus[] {
  return all.value;
}

/** Takes in what the server told of these. */
export function put(statuses: readonly EnvironmentStatus[]): void {
  for (const status of statuses) {
    const row = rows.get(status.name);
    const gone = status.deleted || status.left;
    // A server that has just started does not know yet how long its environments are held.
    const usualHold = status.usualHold ?? row?.peek()?.usualHold;
    if (row !== undefined) row.value = gone ? undefined : { ...status, ...(usualHold && { usualHold }) };
    else if (!gone) rows.set(status.name, signal(status));
  }
  if (statuses.length > 0) announce();
}

/** Forgets all others: what was told is all that there is. */
export function keepOnly(names: ReadonlySet<string>): void {
  for (const [name, row] of rows) if (!names.has(name)) row.value = undefined;
  complete.value = true;
  announce();
}

/** Forgets everything, for another caller may see something else. */
export function forgetRows(): void {
  keepOnly(new Set());
  complete.value = false;
}

let announced = false;

function announce(): void {
  if (announced) return;
  announced = true;
  requestAnimationFrame(() => {
    announced = false;
    for (const [name, row] of rows) if (row.peek() === undefined) rows.delete(name);
    changes.value += 1;
  });
}
