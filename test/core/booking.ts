/** What the tests of reservations do. */
import { ADMIN, type World } from "./world.ts";

/** What a person asks for: from so long ahead on, for so long. */
export function reserve(world: World, id: string, from: number, length: number, more: Parameters<World["acquire"]>[2] = {}) {
  const begin = world.at + from;
  const later = from > 0 ? { notBefore: begin } : {};
  return world.acquire(id, "a", { ...later, notAfter: begin + length, autoClaim: true, ...more });
}

/** Sets a not_after anew. */
export function extend(world: World, lease: string, notAfter: number) {
  return world.do({ type: "renew", by: ADMIN, lease, notAfter });
}
