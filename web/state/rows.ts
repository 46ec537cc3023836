// What the page knows of the environments: one store, which the watch fills and every view reads.
import { type Signal, signal } from "@preact/signals";
import type { EnvironmentStatus } from "../../gen/ts/callme/v1/types_pb.ts";

const rows = new Map<string, Signal<EnvironmentStatus>>();

/** Rises when an environment came, went or changed; at most once for each frame. */
export const changes = signal(0);

/** Whether all has been told at least once. */
export const complete = signal(false);

/** The environment as it is now; who reads it in a component is told of its changes alone, and not that it came or went. */
export function rowOf(name: string): Signal<EnvironmentStatus> | undefined {
  return rows.get(name);
}

/** The same; who asks in a component is told of everything. */
export function statusOf(name: string): EnvironmentStatus | undefined {
  void changes.value;
  return rows.get(name)?.peek();
}

/** All of them, in no order; who asks in a component is told of everything. */
export function allRows(): EnvironmentStatus[] {
  void changes.value;
  return [...rows.values()].map((row) => row.peek());
}

/** Takes in what the server told of these. */
export function put(statuses: readonly EnvironmentStatus[]): void {
  for (const status of statuses) {
    const row = rows.get(status.name);
    if (status.deleted || status.left) rows.delete(status.name);
    else if (row === undefined) rows.set(status.name, signal(status));
    // A server that has just started does not know yet how long its environments are held.
    else row.value = status.usualHold === undefined ? { ...status, usualHold: row.value.usualHold } : status;
  }
  if (statuses.length > 0) announce();
}

/** Forgets all others: what was told is all that there is. */
export function keepOnly(names: ReadonlySet<string>): void {
  for (const name of rows.keys()) if (!names.has(name)) rows.delete(name);
  complete.value = true;
  announce();
}

/** Forgets everything, for another caller may see something else. */
export function forgetRows(): void {
  rows.clear();
  complete.value = false;
  announce();
}

let announced = false;

function announce(): void {
  if (announced) return;
  announced = true;
  requestAnimationFrame(() => {
    announced = false;
    changes.value += 1;
  });
}
