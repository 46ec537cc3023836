/**
 * Puts on record what changes nothing: who was refused what, and rules that were read. In batches behind the calls, which wait for none of it,
 * and no more than a history has room for: who is refused all the time is told of some times a minute, and then how often more.
 */
import type { Happened } from "./core/record-command.ts";
import type { Refused } from "./engine/observer.ts";
import type { Timers } from "./engine/timers.ts";

/** How often something is written, and after a failure tried again, in milliseconds. */
const WRITE_EVERY = 1_000;
const RETRY_AFTER = 10_000;
/** In a minute: refusals that are told one by one, of one principal and of all; principals that are told how often more; and those counted. */
const MINUTE = 60_000;
const OF_ONE = 10;
const OF_ALL = 30;
const SUMMED = 10;
const COUNTED = 1_000;

/** What a principal was refused in a minute beside what was told. */
interface Count {
  told: number;
  more: number;
  last: Refused;
}

export interface RecorderParts {
  readonly timers: Timers;
  /** Resolves when it is on disk. */
  readonly write: (happened: readonly Happened[]) => Promise<unknown>;
  /** Told once of each time that nothing can be written. */
  readonly trouble: (error: unknown) => void;
}

export class Recorder {
  readonly #parts: RecorderParts;
  readonly #counts = new Map<string, Count>();
  #others = 0;
  #told = 0;
  #isCounting = false;
  #pending: Happened[] = [];
  #lost = 0;
  #isTroubled = false;
  #writing: Promise<void> | undefined;
  #cancel: (() => void) | undefined;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Counts a refusal, and tells it if it is one of the first. */
  refused(call: Refused): void {
    this.#count();
    const { principal } = call.by;
    const count = this.#counts.get(principal) ?? { told: 0, more: 0, last: call };
    if (count.told === 0 && count.more === 0) {
      if (this.#counts.size >= COUNTED) {
        this.#others++;
        return;
      }
      this.#counts.set(principal, count);
    }
    count.last = call;
    if (count.told >= OF_ONE || this.#told >= OF_ALL) count.more++;
    else {
      count.told++;
      this.#told++;
      this.put(happenedOf(call, call.why));
    }
  }

  /** Puts something on record within a second or so. */
  put(happened: Happened): void {
    this.#pending.push(happened);
    this.#writeAfter(WRITE_EVERY);
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#sum();
    this.#cancel?.();
    await this.#writing;
    await this.#write();
    this.#cancel?.();
  }

  #count(): void {
    if (this.#isCounting) return;
    this.#isCounting = true;
    this.#parts.timers.after(MINUTE, () => this.#sum());
  }

  /** The minute is over: tells how often more. */
  #sum(): void {
    const more = [...this.#counts.values()].filter((count) => count.more > 0).sort((a, b) => b.more - a.more);
    for (const { last, more: times } of more.slice(0, SUMMED))
      this.put(happenedOf(last, `refused ${times} times more in a minute, at last: ${last.why}`));
    const others = more.slice(SUMMED).reduce((sum, count) => sum + count.more, this.#others);
    if (others > 0) this.put({ kind: "REFUSED", subject: "others", note: `${others} calls of others were refused in the same minute` });
    this.#counts.clear();
    [this.#others, this.#told, this.#isCounting] = [0, 0, false];
  }

  #writeAfter(milliseconds: number): void {
    this.#cancel ??= this.#parts.timers.after(milliseconds, () => {
      this.#cancel = undefined;
      if (this.#writing === undefined) void this.#write();
      else this.#writeAfter(WRITE_EVERY);
    });
  }

  #write(): Promise<void> {
    const lost = this.#lost;
    const note = `${lost} refusals before this are not on record: the store could not be written`;
    const happened: readonly Happened[] = [...(lost > 0 ? [{ kind: "REFUSED", subject: "others", note } as const] : []), ...this.#pending];
    this.#pending = [];
    if (happened.length === 0) return Promise.resolve();
    this.#writing = this.#parts
      .write(happened)
      .then(
        () => {
          this.#lost -= lost;
          this.#isTroubled = false;
        },
        (error) => {
          this.#lost += happened.length - (lost > 0 ? 1 : 0);
          if (!this.#isTroubled) this.#parts.trouble(error);
          this.#isTroubled = true;
          this.#writeAfter(RETRY_AFTER);
        },
      )
      .finally(() => {
        this.#writing = undefined;
      });
    return this.#writing;
  }
}

function happenedOf({ method, by, environment, lease }: Refused, note: string): Happened {
  const named = { ...(environment !== undefined && { environment }), ...(lease !== undefined && { lease }) };
  return { kind: "REFUSED", subject: method, note, by, named };
}
