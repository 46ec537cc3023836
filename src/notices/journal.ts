/** What the log has of the receivers of notices: not more than somebody would read. */

/** The part of a log that it needs. */
export interface NoticesLog {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
}

/** How often it tells of notices that were given up, and of what the store cannot do, in milliseconds. */
const EVERY = 60_000;
/** How often it tells that one receiver fails, in milliseconds: some fail and recover again and again. */
const FAILING_EVERY = 600_000;

/** What was told of a rule. */
interface Word {
  readonly at: number;
  /** And nothing since then that it is well again. */
  readonly isFailing: boolean;
}

export class Journal {
  readonly #log: NoticesLog;
  readonly #trouble: (error: unknown, what: string) => void;
  readonly #now: () => number;
  /** By rule. */
  readonly #words = new Map<string, Word>();
  #toldOfLoss = Number.NEGATIVE_INFINITY;
  #toldOfTrouble = Number.NEGATIVE_INFINITY;
  #more = 0;

  /** `now` in milliseconds, from whenever. */
  constructor(log: NoticesLog, trouble: (error: unknown, what: string) => void, now = () => performance.now()) {
    this.#log = log;
    this.#trouble = trouble;
    this.#now = now;
  }

  /** An attempt has failed. It tells of receivers of rules only, as leases can name very many others. */
  failed(receiver: { readonly rule: string }, why: string): void {
    const { rule } = receiver;
    const { at, isFailing } = this.#words.get(rule) ?? { at: Number.NEGATIVE_INFINITY, isFailing: false };
    if (rule === "" || isFailing || this.#now() - at < FAILING_EVERY) return;
    this.#log.warn({ ...receiver, why }, `notices to ${rule} do not arrive: ${why}; each is tried for a day`);
    this.#words.set(rule, { at: this.#now(), isFailing: true });
  }

  /** One has arrived. */
  arrived(receiver: { readonly rule: string }): void {
    const { rule } = receiver;
    const word = this.#words.get(rule);
    if (word?.isFailing !== true) return;
    this.#log.info(receiver, `notices to ${rule} arrive again`);
    this.#words.set(rule, { ...word, isFailing: false });
  }

  /** One a minute, with how many more there were. */
  gaveUp(facts: { readonly rule: string; readonly id?: string }, why: string, count = 1): void {
    if (this.#now() - this.#toldOfLoss < EVERY) {
      this.#more += count;
      return;
    }
    const what = count === 1 ? "a notice was" : `${count} notices were`;
    this.#log.warn({ ...facts, why, more: this.#more }, `${what} given up: ${why}; call-me notices list shows what was`);
    [this.#toldOfLoss, this.#more] = [this.#now(), 0];
  }

  /** A store that cannot be written is told of once in a while, and not for each receiver; `what` completes "could not …". */
  trouble(error: unknown, what: string): void {
    if (this.#now() - this.#toldOfTrouble < EVERY) return;
    this.#toldOfTrouble = this.#now();
    this.#trouble(error, what);
  }
}
