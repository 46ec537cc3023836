import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isUnauthenticated, mayPass, wordsOf } from "../state/calls.ts";
import { backoff, pause } from "../state/seen.ts";
import { caller, meet } from "../state/session.ts";

/** What was asked of the server: the newest answer, and why there is none. */
export interface Loaded<T> {
  readonly value: T | undefined;
  readonly trouble: string;
  /** How long the answer took, in ms. */
  readonly took: number;
}

/**
 * Asks anew whenever one of `by` is another than before, and keeps the last answer meanwhile. A late answer to an earlier question is dropped;
 * what fails for a while is asked again.
 */
export function useLoaded<T>(ask: (signal: AbortSignal) => Promise<T>, by: readonly unknown[]): Signal<Loaded<T>> {
  const loaded = useSignal<Loaded<T>>({ value: undefined, trouble: "", took: 0 });
  useEffect(() => {
    const over = new AbortController();
    void load(ask, loaded, over.signal);
    return () => over.abort();
  }, by);
  return loaded;
}

async function load<T>(ask: (signal: AbortSignal) => Promise<T>, loaded: Signal<Loaded<T>>, over: AbortSignal): Promise<void> {
  for (let attempt = 0; !over.aborted; attempt += 1) {
    const begun = performance.now();
    try {
      const value = await ask(over);
      if (!over.aborted) loaded.value = { value, trouble: "", took: performance.now() - begun };
      return;
    } catch (error) {
      if (over.aborted) return;
      // The key was not taken: with a newer one it is asked again.
      if (isUnauthenticated(error)) await meet();
      else loaded.value = { ...loaded.peek(), trouble: wordsOf(error) };
      if (!(isUnauthenticated(error) ? caller.peek() : mayPass(error))) return;
    }
    await pause(backoff(attempt), over);
  }
}

/** Many tabs see the same change: they don't ask all at once, but within so many ms. */
const SPREAD = 150;

/** Rises soon after each `change`, at most once in `pace` ms or somewhat more: for what is asked anew after changes. */
export function usePaced(change: unknown, pace: number): number {
  const paced = useSignal(0);
  const last = useRef({ change, at: Date.now(), stop: () => {}, waits: false });
  useEffect(() => {
    const now = last.current;
    if (now.change === change) return;
    now.change = change;
    if (now.waits) return;
    now.waits = true;
    const timer = setTimeout(
      () => {
        now.waits = false;
        now.at = Date.now();
        paced.value += 1;
      },
      Math.max(0, now.at + pace * (1 + Math.random() / 2) - Date.now()) + SPREAD * Math.random(),
    );
    now.stop = () => clearTimeout(timer);
  }, [change]);
  useEffect(() => () => last.current.stop(), []);
  return paced.value;
}
