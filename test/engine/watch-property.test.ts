// Whatever happens, and however slow, late or cut off a reader is: revisions rise, and what it knows in the end is what is.
import fc from "fast-check";
import { expect, test } from "vitest";
import type { EnvironmentStatus } from "../../src/core/event.ts";
import { present } from "../../src/engine/watch/present.ts";
import type { Topic } from "../../src/engine/watch/subscription.ts";
import { ADMIN } from "../core/world.ts";
import { House, type Reader } from "./audience.ts";

const NAMES = ["a", "b", "c"] as const;
const TOPICS: readonly Topic[] = [{ pool: "default" }, { environment: "a" }, { environment: "b" }];

const name = fc.constantFrom(...NAMES);
const reader = fc.nat(TOPICS.length - 1);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("acquire" as const), names: fc.uniqueArray(name, { minLength: 1, maxLength: 2 }) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("release" as const), which: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("drain" as const), name, state: fc.constantFrom("DRAINING" as const, "AVAILABLE" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("delete" as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("burst" as const), name, changes: fc.constantFrom(10, 70, 200) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), reader, messages: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("resume" as const), reader }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("trim" as const), events: fc.nat(50) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What events tell of an environment; what is available may change by time alone. */
function facts(statuses: Iterable<EnvironmentStatus>) {
  return [...statuses].map(({ name, state, capacity, used, queueLength, holders }) => {
    return { name, state, capacity, used, queueLength, holders: holders.map(({ leaseId, state }) => ({ leaseId, state })) };
  });
}

class Play {
  readonly house: House;
  readonly #live: string[] = [];
  readers: Reader[];

  constructor(house: House) {
    this.house = house;
    this.readers = TOPICS.map((topic) => house.watch(topic));
  }

  async run(step: Step): Promise<void> {
    const { house } = this;
    if (step.do === "acquire") this.#live.push((await house.acquire(...step.names)).id);
    else if (step.do === "release") await this.#release(step.which);
    else if (step.do === "drain")
      await this.#unless(house.do({ type: "setState", by: ADMIN, environment: step.name, state: step.state, reason: "" }));
    else if (step.do === "delete") await this.#unless(house.do({ type: "delete", by: ADMIN, environment: step.name }));
    else if (step.do === "burst") await this.#burst(step.name, step.changes);
    else if (step.do === "read") for (let count = 0; count < step.messages; count++) await this.#reader(step.reader).next();
    else if (step.do === "resume") await this.#resume(step.reader);
    else if (step.do === "restart") await this.#restart();
    else await house.medium.trim({ before: 0, leases: 1_000, requests: 1_000, events: step.events, bytes: Number.MAX_SAFE_INTEGER });
  }

  /** What is refused is refused for reasons that are not asked about here. */
  async #unless(work: Promise<unknown>): Promise<void> {
    await work.catch(() => undefined);
  }

  async #release(which: number): Promise<void> {
    const [lease] = this.#live.splice(which % Math.max(1, this.#live.length), 1);
    if (lease !== undefined) await this.#unless(this.house.release(lease));
  }

  async #burst(environment: string, changes: number): Promise<void> {
    for (let change = 0; change < changes; change += 2) await this.house.release((await this.house.acquire(environment)).id);
  }

  #reader(index: number): Reader {
    const found = this.readers[index];
    if (found === undefined) throw new Error(`no reader ${index}`);
    return found;
  }

  /** Comes back with what it knows; one that knows nothing yet begins. */
  async #resume(index: number): Promise<void> {
    const before = this.#reader(index);
    await before.close();
    this.readers[index] = this.house.watch(TOPICS[index] ?? { pool: "default" }, before);
  }

  async #restart(): Promise<void> {
    await this.house.restart();
    for (const index of this.readers.keys()) await this.#resume(index);
  }
}

test("revisions rise, and what a reader knows in the end is the present state", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const play = new Play(await House.open());
      for (const step of steps) await play.run(step);
      for (const [index, reader] of play.readers.entries()) {
        await reader.rest();
        const { environments } = present(play.house.engine, TOPICS[index] ?? { pool: "default" });
        const known = [...reader.known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
        // A reader of one environment that is gone knows that it is; who asks anew is told of a free one.
        if (known.length > 0 || "pool" in (TOPICS[index] ?? {})) expect(facts(known)).toEqual(facts(environments));
        else expect(environments).toMatchObject([{ used: 0, available: true }]);
      }
    }),
    { numRuns: 300 },
  );
});
