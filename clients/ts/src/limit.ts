import { Code, ConnectError } from "@connectrpc/connect";

/** No timer can wait longer, in ms. */
export const LONGEST = 2 ** 31 - 1;

/** What ends a Limit; whatever comes first. */
interface Ends {
  /** When this signal aborts, with its reason. */
  readonly follows?: AbortSignal | undefined;
  /** So many ms after that. */
  readonly after?: number;
  /** When so many ms have passed, with `deadline_exceeded`. */
  readonly within?: number;
}

/**
 * A signal of our own that ends with another one. Once it has aborted or is disposed of, nothing is left on that other signal, which may
 * live as long as the process: AbortSignal.any would leave something there each time.
 */
export class Limit extends AbortController implements Disposable {
  readonly #follows: AbortSignal | undefined;
  readonly #after: number;
  #timers: NodeJS.Timeout[] = [];

  constructor({ follows, after = 0, within = Number.POSITIVE_INFINITY }: Ends) {
    super();
    this.#follows = follows;
    this.#after = after;
    this.#endIn(within, () => new ConnectError("no answer in time", Code.DeadlineExceeded));
    if (follows?.aborted) this.#follow();
    else follows?.addEventListener("abort", this.#follow, { once: true });
  }

  override abort(reason?: unknown): void {
    this[Symbol.dispose]();
    super.abort(reason);
  }

  /** It will not abort by itself any more. */
  [Symbol.dispose](): void {
    this.#follows?.removeEventListener("abort", this.#follow);
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }

  readonly #follow = (): void => {
    if (this.#after === 0) this.abort(this.#follows?.reason);
    else this.#endIn(this.#after, () => this.#follows?.reason);
  };

  #endIn(length: number, reason: () => unknown): void {
    if (length <= LONGEST) this.#timers.push(setTimeout(() => this.abort(reason()), length));
  }
}
