/** Which environments there are, and why. */
import type { Commit } from "../../src/store/store.ts";
import { expectThat } from "./seen.ts";

export class Names {
  /** Those that are configured, as far as their operators know. */
  readonly configured = new Set<string>();
  #all = new Set<string>();

  started(names: Iterable<string>): void {
    this.#all = new Set(names);
  }

  /** What is refused stores nothing: an environment is made on demand by a lease. */
  committed({ environments, deleted, events }: Commit): void {
    const moved = new Set(events.flatMap((event) => event.environments.map(({ name }) => name)));
    const made = environments.find(({ config, onDemand }) => onDemand === true && !this.#all.has(config.name) && !moved.has(config.name));
    expectThat(made === undefined, `${made?.config.name} was made for nobody`);
    for (const name of deleted) this.#all.delete(name);
    for (const { config } of environments) this.#all.add(config.name);
  }

  /** What is configured is forgotten by nobody. */
  check(): void {
    for (const name of this.configured) expectThat(this.#all.has(name), `${name} is configured, and is gone`);
  }
}
