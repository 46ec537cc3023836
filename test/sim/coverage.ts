/** Which transitions and refusals the lives have seen: a rule that was never in play was not tried. */
import type { Event } from "../../src/core/event.ts";
import { count, seen } from "./seen.ts";

/** In what state each lease and each environment was last. */
export class Transitions {
  readonly #leases = new Map<string, string>();
  readonly #environments = new Map<string, string>();

  enter(events: readonly Event[]): void {
    for (const { kind, cause, environments } of events) {
      // What is told beside a change is none of its own: facts, claims, a new end.
      if (cause !== undefined && kind !== undefined)
        this.#lease(cause.leaseId, kind === "PASSED_OVER" || kind === "RESERVED" ? kind : (cause.endReason ?? cause.state));
      for (const { name, state, deleted } of environments) this.#environment(name, deleted === true ? "gone" : state);
    }
  }

  #lease(id: string, state: string): void {
    this.#move("lease", this.#leases, id, state);
  }

  #environment(name: string, state: string): void {
    this.#move("environment", this.#environments, name, state);
  }

  #move(what: string, known: Map<string, string>, name: string, state: string): void {
    const before = known.get(name) ?? "new";
    if (before !== state) count(`${what}: ${before} → ${state}`);
    if (state === "gone") known.delete(name);
    else known.set(name, state);
  }
}

/** All that was seen, and how often, the rarest first. */
export function coverage(): string {
  const rows = [...seen].sort(([, a], [, b]) => a - b).map(([what, times]) => `${what} ${times}`);
  return [...Map.groupBy(rows, (row) => /^[a-z]+(?=: )/.exec(row)?.[0] ?? "seen")]
    .map(([kind, of]) => `${kind}\n${of.map((row) => `  ${row.replace(`${kind}: `, "")}`).join("\n")}`)
    .join("\n");
}
