/** Calls `look` until it gives something other than undefined or false; throws what `look` last threw, or a timeout, after `patience` ms. */
export async function eventually<T>(look: () => T | Promise<T>, patience = 45_000): Promise<Exclude<T, undefined | false>> {
  const timeout = AbortSignal.timeout(patience);
  let trouble: unknown;
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined && seen !== false) return seen as Exclude<T, undefined | false>;
      trouble = new Error(`it was still ${seen} after ${patience} ms`);
    } catch (error) {
      trouble = error;
    }
    if (timeout.aborted) throw trouble;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
