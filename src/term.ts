import type { X509Certificate } from "node:crypto";

interface Log {
  warn(facts: object, text: string): void;
  error(facts: object, text: string): void;
}

const DAY = 86_400_000;
/** In ms. Of a short life an end is told when a fifth of it is left: whatever renews by itself has done so by then. */
const AHEAD = 30 * DAY;

/** The time in which the certificates of a file are good, by the wall clock, and what the log has been told of it. */
export class Term {
  readonly #file: string;
  readonly #from: number;
  readonly #until: number;
  /** When there is something to tell. */
  #next: number;
  #early = false;

  /** `certificates`: those of the file, at least one. */
  constructor(file: string, certificates: readonly X509Certificate[]) {
    this.#file = file;
    this.#from = Math.max(...certificates.map(({ validFromDate }) => validFromDate.getTime()));
    this.#until = Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()));
    this.#next = this.#until - Math.min(AHEAD, (this.#until - this.#from) / 5);
  }

  /** When the first of them ends, as the log has it. */
  get end(): string {
    return new Date(this.#until).toISOString();
  }

  /** Says that they are not good yet, once; and that they are about to end, or have ended, once a day. */
  tell(now: number, log: Log): void {
    if (now < this.#from && !this.#early) {
      this.#early = true;
      log.error({ file: this.#file }, `a certificate in ${this.#file} is good only from ${new Date(this.#from).toISOString()} on`);
    }
    if (now < this.#next) return;
    const facts = { file: this.#file, until: this.end };
    const left = this.#until - now;
    this.#next = left > 0 ? Math.min(now + DAY, this.#until) : now + DAY;
    if (left <= 0) log.error(facts, `a certificate in ${this.#file} has ended at ${this.end}: replace it, this needs no restart`);
    else log.warn(facts, `a certificate in ${this.#file} ends in ${span(left)}, at ${this.end}: replace it, this needs no restart`);
  }
}

function span(milliseconds: number): string {
  const hours = Math.floor(milliseconds / 3_600_000);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}
