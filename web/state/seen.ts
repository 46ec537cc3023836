// Whether somebody looks: a tab that nobody sees does nothing.
import { effect, signal } from "@preact/signals";

/** A glance at another tab, in ms: no reason to read everything anew. */
const GLANCE = 5_000;

/** Whether somebody looks at this tab, or did a moment ago. */
export const seen = signal(!document.hidden);

let timer: ReturnType<typeof setTimeout>;
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden) seen.value = true;
  else
    timer = setTimeout(() => {
      seen.value = false;
    }, GLANCE);
});

/** Does something after `length` ms in which the tab was seen all the time. Returns what calls it off. */
export function later(length: number, act: () => void): () => void {
  return effect(() => {
    if (!seen.value) return;
    const timer = setTimeout(act, length);
    return () => clearTimeout(timer);
  });
}

/** Resolves when somebody has looked for so long, or what waits has ended. */
export function pause(length: number, ended: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = () => {
      stop();
      ended.removeEventListener("abort", over);
      resolve();
    };
    const stop = later(length, over);
    ended.addEventListener("abort", over);
  });
}

/** How long to wait after so many attempts in vain, in ms: a quarter of a second to four, and not all tabs alike. */
export function backoff(attempt: number): number {
  return Math.min(250 * 2 ** attempt, 4_000) * (0.5 + Math.random());
}
