/** Says of calls by nobody who is known that they came, from where and how often: in the log once a second, on record once a minute. */

import { Counts } from "./counts.ts";
import type { Stranger } from "./engine/observer.ts";
import type { Timers } from "./engine/timers.ts";

const SECOND = 1_000;
const MINUTE = 60_000;
/** Addresses and keys that are named, and counted by themselves. */
const NAMED = 5;
const COUNTED = 1_000;

interface Log {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
}

export interface StrangersParts {
  readonly timers: Timers;
  readonly log: Log;
  /** Puts a text on record. */
  readonly record: (text: string) => void;
}

/** What came in a time, by address. Nothing is kept of what was shown but the id of a key that is, or was, in order. */
class Visits {
  readonly nothing = new Counts(COUNTED);
  readonly wrong = new Counts(COUNTED);
  readonly keys = new Counts(COUNTED);

  add({ showed, address, key }: Stranger): void {
    (showed === "nothing" ? this.nothing : this.wrong).add(address);
    if (key !== undefined) this.keys.add(key);
  }

  clear(): void {
    for (const counts of [this.nothing, this.wrong, this.keys]) counts.clear();
  }
}

export class Strangers {
  readonly #parts: StrangersParts;
  readonly #second = new Visits();
  readonly #minute = new Visits();
  #isTelling = false;
  #isRecording = false;

  constructor(parts: StrangersParts) {
    this.#parts = parts;
  }

  came(stranger: Stranger): void {
    this.#second.add(stranger);
    if (!this.#isTelling) this.#parts.timers.after(SECOND, () => this.#tell());
    this.#isTelling = true;
    // Who shows no key has tried nothing.
    if (stranger.showed === "nothing") return;
    this.#minute.add(stranger);
    if (!this.#isRecording) this.#parts.timers.after(MINUTE, () => this.record());
    this.#isRecording = true;
  }

  /** Puts on record what came since the last time. */
  record(): void {
    const { wrong, keys } = this.#minute;
    const { total } = wrong;
    const of = keys.total === 0 ? "" : `; of keys ${inWords(keys)}`;
    if (total > 0)
      this.#parts.record(
        `${total} ${total === 1 ? "call" : "calls"} showed a key or token that opens nothing: from ${inWords(wrong)}${of}`,
      );
    this.#minute.clear();
    this.#isRecording = false;
  }

  #tell(): void {
    const { nothing, wrong, keys } = this.#second;
    const [missing, refused] = [nothing.total, wrong.total];
    const facts = { refused, missing, addresses: factsOf(refused > 0 ? wrong : nothing), ...(keys.total > 0 && { keys: factsOf(keys) }) };
    if (refused > 0) this.#parts.log.warn(facts, "calls with a wrong key or token were refused");
    else this.#parts.log.info(facts, "calls without a key were refused");
    this.#second.clear();
    this.#isTelling = false;
  }
}

function factsOf(counts: Counts): Record<string, number> {
  const { named, others } = counts.top(NAMED);
  return Object.fromEntries([...named, ...(others > 0 ? [["others", others] as const] : [])]);
}

function inWords(counts: Counts): string {
  return Object.entries(factsOf(counts))
    .map(([name, count]) => `${name} (${count})`)
    .join(", ");
}
