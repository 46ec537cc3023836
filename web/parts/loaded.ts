import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isUnauthenticated, wordsOf } from "../state/calls.ts";
import { refuse } from "../state/session.ts";

/** What was asked of the server: the newest answer, and why there is none. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly trouble: string;
}

/** Asks anew whenever one of `by` is another than before, and keeps the last answer meanwhile. A late answer to an earlier question is dropped. */
export function useLoaded<T>(ask: (signal: AbortSignal) => Promise<T>, by: readonly unknown[]): Signal<Loaded<T>> {
  const loaded = useSignal<Loaded<T>>({ value: undefined, trouble: "" });
  useEffect(() => {
    const over = new AbortController();
    ask(over.signal).then(
      (value) => {
        if (!over.signal.aborted) loaded.value = { value, trouble: "" };
      },
      (error: unknown) => {
        if (over.signal.aborted) return;
        if (isUnauthenticated(error)) void refuse(error);
        else loaded.value = { value: loaded.peek().value, trouble: wordsOf(error) };
      },
    );
    return () => over.abort();
  }, by);
  return loaded;
}

/** Rises with `change`, at most once in `pause` ms: for what is asked anew after changes. */
export function usePaced(change: unknown, pause: number): number {
  const paced = useSignal(0);
  const last = useSignal(0);
  useEffect(() => {
    const timer = setTimeout(
      () => {
        last.value = Date.now();
        paced.value += 1;
      },
      Math.max(0, last.peek() + pause - Date.now()),
    );
    return () => clearTimeout(timer);
  }, [change]);
  return paced.value;
}
