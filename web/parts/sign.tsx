import type { Verdict } from "../words/state.ts";

/** A shape for each state, so that nobody needs to see its colour. On a grid of 12 by 12. */
const SHAPES: Readonly<Record<Verdict, string>> = {
  free: "M6 1.75a4.25 4.25 0 1 0 0 8.5a4.25 4.25 0 1 0 0-8.5zM6 3.25a2.75 2.75 0 1 1 0 5.5a2.75 2.75 0 1 1 0-5.5z",
  busy: "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z",
  resting: "M3 2h2v8H3zM7 2h2v8H7z",
  claimed: "M6 1.5a4.5 4.5 0 1 0 0 9zM6 1.5v1.5a3 3 0 1 1 0 6v1.5a4.5 4.5 0 1 0 0-9z",
  draining: "M5 1h2v5h3l-4 5l-4-5h3z",
  maintenance: "M6 1l5.5 10H.5zM5.4 4.5v3.2h1.2V4.5zM5.4 8.5v1.2h1.2V8.5z",
  dirty: "M1.5 1.5h9v9h-9zM3 3v6h6z",
  cleaning: "M6 1.5a4.5 4.5 0 0 1 4.5 4.5H9A3 3 0 0 0 6 3zM6 10.5A4.5 4.5 0 0 1 1.5 6H3a3 3 0 0 0 3 3z",
  quarantined:
    "M3.8.8h4.4l3 3v4.4l-3 3H3.8l-3-3V3.8zM4.3 3.2L3.2 4.3L4.9 6L3.2 7.7l1.1 1.1L6 7.1l1.7 1.7l1.1-1.1L7.1 6l1.7-1.7l-1.1-1.1L6 4.9z",
};

/** The state in a word, with its sign before it. */
export function Sign({ verdict }: { readonly verdict: Verdict }) {
  return (
    <span class={`sign ${verdict}`}>
      <svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">
        <path d={SHAPES[verdict]} fill-rule="evenodd" />
      </svg>
      {verdict}
    </span>
  );
}
