/**
 * Takes what a stream tells. A promise: it takes nothing more before that has resolved; one that rejects ends the stream with its error. To
 * call for each message, rather than to be asked for it, costs a stream nothing that lives until its next message.
 */
export type Tell<M> = (message: M) => Promise<void> | undefined;

/**
 * The messages of a stream for who asks for each; the stream waits until it is asked for. Whoever stops asking must end the stream, too.
 */
export async function* pulled<M extends object>(stream: (tell: Tell<M>) => Promise<void>): AsyncGenerator<M, void, undefined> {
  let told = quiet<M | undefined>();
  let taken = quiet<void>();
  const over = stream((message) => {
    told.resolve(message);
    return taken.promise;
  });
  over.then(
    () => told.resolve(undefined),
    (error) => told.reject(error),
  );
  try {
    for (let message = await told.promise; message !== undefined; message = await told.promise) {
      told = quiet();
      yield message;
      const { resolve } = taken;
      taken = quiet();
      resolve();
    }
  } finally {
    taken.reject(new Error("nobody asks for the next message"));
  }
}

/** A promise that may reject when nobody waits for it any more. */
function quiet<T>(): PromiseWithResolvers<T> {
  const made = Promise.withResolvers<T>();
  made.promise.catch(() => undefined);
  return made;
}
