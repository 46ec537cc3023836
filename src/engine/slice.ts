/** How long others may have to wait for a part of what takes long, in milliseconds. */
const SLICE_MS = 5;

/** What takes long asks this after each of its steps, and lets others have their turn in between. */
export class Slice {
  #until = performance.now() + SLICE_MS;

  /** Undefined: go on. */
  next(): Promise<void> | undefined {
    if (performance.now() < this.#until) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        this.#until = performance.now() + SLICE_MS;
        resolve();
      }),
    );
  }
}
