/** What the log has of the receivers of notices: not more than somebody would read. */

/** The part of a log that it needs. */
export interface NoticesLog {
  info(facts: object, text: string): void;
  warn(facts: object, text: string): void;
}

/** How often it tells of notices that were given up, and of what the store cannot do, in milliseconds. */
const EVERY = 60_000;

export class Journal {
  readonly #log: NoticesLog;
  readonly #trouble: (error: unknown, what: string) => void;
  #toldOfLoss = Number.NEGATIVE_INFINITY;
  #toldOfTrouble = Number.NEGATIVE_INFINITY;
  #more = 0;

  constructor(log: NoticesLog, trouble: (error: unknown, what: string) => void) {
    this.#log = log;
    this.#trouble = trouble;
  }

  /** Of the receivers of rules only: leases can name very many others. */
  failing(receiver: { readonly rule: string }, why: string): void {
    if (receiver.rule !== "")
      this.#log.warn({ ...receiver, why }, `notices to ${receiver.rule} do not arrive: ${why}; each is tried for a day`);
  }

  well(receiver: { readonly rule: string }): void {
    if (receiver.rule !== "") this.#log.info(receiver, `notices to ${receiver.rule} arrive again`);
  }

  /** One a minute, with how many more there were. */
  gaveUp(facts: { readonly rule: string; readonly id: string }, why: string): void {
    if (performance.now() - this.#toldOfLoss < EVERY) {
      this.#more++;
      return;
    }
    this.#log.warn({ ...facts, why, more: this.#more }, `a notice was given up: ${why}; call-me notices list shows it`);
    [this.#toldOfLoss, this.#more] = [performance.now(), 0];
  }

  /** A store that cannot be written is told of once in a while, and not for each receiver; `what` completes "could not …". */
  trouble(error: unknown, what: string): void {
    if (performance.now() - this.#toldOfTrouble < EVERY) return;
    this.#toldOfTrouble = performance.now();
    this.#trouble(error, what);
  }
}
