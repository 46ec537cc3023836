import { type Signal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Rows beyond the edges of the screen that are drawn as well. */
const BEYOND = 12;
/** They are drawn in steps of so many. */
const STEP = 6;

interface Seen {
  readonly first: number;
  readonly last: number;
  readonly height: number;
}

/** Of `count` rows of the same height, those that can be seen as the page is scrolled: from `first` up to `last`. */
export function useWindow(body: RefObject<HTMLElement | null>, count: number): Seen {
  const seen = useSignal<Seen>({ first: 0, last: 60, height: 41 });
  useEffect(() => {
    const again = () => look(body.current, seen);
    addEventListener("scroll", again, { passive: true });
    addEventListener("resize", again);
    return () => {
      removeEventListener("scroll", again);
      removeEventListener("resize", again);
    };
  }, []);
  // Other columns make other heights.
  useEffect(() => look(body.current, seen));
  const { height, first, last } = seen.value;
  const end = Math.min(count, last);
  return { first: Math.min(first, Math.max(0, end - 1)), last: end, height };
}

function look(body: HTMLElement | null, seen: Signal<Seen>): void {
  const { value } = seen;
  const height = body?.querySelector<HTMLElement>("tr:not(.space)")?.offsetHeight || value.height;
  const above = -(body?.getBoundingClientRect().top ?? 0);
  const step = (rows: number) => Math.floor(rows / STEP) * STEP;
  const first = Math.max(0, step(above / height - BEYOND));
  const last = step((above + innerHeight) / height + BEYOND) + STEP;
  if (value.first !== first || value.last !== last || value.height !== height) seen.value = { first, last, height };
}
