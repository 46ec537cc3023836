/** What counts the cost of a change: never a time. */
import { expect } from "vitest";
import { decide } from "../../src/core/decide.ts";
import { Sorted } from "../../src/core/model/sorted.ts";
import { World } from "./world.ts";

/** A world whose pool is changed without the invariants: they look at everybody, and that is not what is counted here. */
export class Crowd extends World {
  override do(command: Parameters<World["do"]>[0]): ReturnType<World["do"]> {
    return this.draft((draft) => decide(draft, command));
  }
}

/** Look-ups and changes of sorted maps while `work` runs, and the entries that it walks. */
export function compared(work: () => void): number {
  let count = 0;
  const { get, entries } = Sorted.prototype;
  const spied = ["get", "set", "delete", "rank", "count", "weightBefore", "lastWithin", "entries"] as const;
  const originals = spied.map((name) => [name, Sorted.prototype[name]] as const);
  for (const [name, original] of originals)
    Object.defineProperty(Sorted.prototype, name, {
      configurable: true,
      writable: true,
      value(this: Sorted<unknown, unknown>, ...args: unknown[]) {
        count++;
        return Reflect.apply(original, this, args);
      },
    });
  Sorted.prototype.entries = function* counted(this: Sorted<unknown, unknown>, after?: unknown) {
    for (const entry of entries.call(this, after)) {
      count++;
      yield entry;
    }
  } as typeof entries;
  try {
    work();
  } finally {
    for (const [name, original] of originals)
      Object.defineProperty(Sorted.prototype, name, { configurable: true, writable: true, value: original });
  }
  expect(Sorted.prototype.get).toBe(get);
  return count;
}
