import type { Response } from "./exchange.ts";

/** What both kinds of response can do; Node types their methods too differently to be called on the union. */
interface Sink {
  write(bytes: Uint8Array | string): boolean;
  cork(): void;
  uncork(): void;
  on(event: "drain" | "close", listener: () => void): void;
}

/** Writes a stream's pieces into a response that has begun. Those of one turn of the event loop go out together. */
export class Outlet {
  readonly #sink: Sink;
  readonly #gone: () => boolean;
  #corked = false;
  #resume: (() => void) | undefined;

  constructor(response: Response) {
    this.#sink = response as Sink;
    this.#gone = () => ("stream" in response ? response.stream.destroyed : response.destroyed);
    const resume = () => {
      this.#resume?.();
      this.#resume = undefined;
    };
    this.#sink.on("drain", resume);
    this.#sink.on("close", resume);
  }

  /**
   * Resolves when there is room again; undefined if there is room now. After the connection has closed, writes are dropped. One call at a
   * time.
   */
  write(bytes: Uint8Array | string): Promise<void> | undefined {
    if (this.#gone()) return undefined;
    if (!this.#corked) {
      this.#corked = true;
      this.#sink.cork();
      process.nextTick(() => {
        this.#corked = false;
        this.#sink.uncork();
      });
    }
    if (this.#sink.write(bytes)) return undefined;
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }
}
