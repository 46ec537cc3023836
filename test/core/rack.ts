/** Boards to choose from by selector. */
import type { SelectorWant } from "../../src/core/model/lease.ts";
import { namesOf } from "../../src/core/model/needs.ts";
import { World } from "./world.ts";

/** `count` environments with the label, `slots` of each. */
export function labelled(key: string, value: string, count = 1, slots = 1): SelectorWant {
  return { selector: [{ key, operator: "IN", values: [value] }], count, slots };
}

/** Boards b1, b2, b3 with one slot each, of which b1 has linux; and uat, which is no board. */
export function rack(): World {
  const world = new World();
  const labels = { kind: "board" };
  world.apply({ b1: { labels: { ...labels, os: "linux" } }, b2: { labels }, b3: { labels }, uat: {} });
  return world;
}

/** The environments that a lease has, or names. */
export function on(world: World, id: string): string[] {
  return namesOf(world.lease(id));
}
