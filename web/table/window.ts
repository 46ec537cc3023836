import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Rows beyond the edges of the screen that are drawn as well. */
const BEYOND = 12;
/** They are drawn in steps of so many. */
const STEP = 6;

/** Of `count` rows of the same height, those that can be seen as the page is scrolled: from `first` up to `last`. */
export function useWindow(body: RefObject<HTMLElement | null>, count: number) {
  const seen = useSignal({ first: 0, last: 60, height: 40 });
  useEffect(() => {
    const look = () => {
      const height = Number.parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row")) || 40;
      const above = -(body.current?.getBoundingClientRect().top ?? 0);
      const step = (rows: number) => Math.floor(rows / STEP) * STEP;
      const first = Math.max(0, step(above / height - BEYOND));
      const last = step((above + innerHeight) / height + BEYOND) + STEP;
      const { value } = seen;
      if (value.first !== first || value.last !== last || value.height !== height) seen.value = { first, last, height };
    };
    look();
    addEventListener("scroll", look, { passive: true });
    addEventListener("resize", look);
    return () => {
      removeEventListener("scroll", look);
      removeEventListener("resize", look);
    };
  }, []);
  const { height } = seen.value;
  const last = Math.min(count, seen.value.last);
  return { first: Math.min(seen.value.first, Math.max(0, last - 1)), last, height };
}
