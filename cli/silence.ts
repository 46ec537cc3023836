import { Code, ConnectError } from "@connectrpc/connect";

/**
 * The messages of a stream that the server keeps alive with heartbeats. Without any message for `silence` ms it counts as cut off
 * (a connection can die without a word) and throws `unavailable`; on `interruption` it throws as well.
 */
export async function* silenceable<T>(
  silence: number,
  interruption: AbortSignal,
  open: (signal: AbortSignal) => AsyncIterable<T>,
): AsyncGenerator<T> {
  const ended = new AbortController();
  let silent = false;
  const timer = setTimeout(() => {
    silent = true;
    ended.abort();
  }, silence);
  try {
    for await (const message of open(AbortSignal.any([interruption, ended.signal]))) {
      timer.refresh();
      yield message;
      timer.refresh();
    }
  } catch (error) {
    interruption.throwIfAborted();
    throw silent ? new ConnectError(`no sign of life for ${silence / 1000} s`, Code.Unavailable) : error;
  } finally {
    clearTimeout(timer);
    // connect-es keeps a stream open when its reader leaves; an open one would keep the process from ending.
    ended.abort();
  }
}
