import { useSignal } from "@preact/signals";
import { gather, type Page, type Turn } from "../state/pages.ts";
import { useLoaded } from "./loaded.ts";

/** A list that is read page by page, anew whenever one of `by` is another: what was found so far, and how to get the rest. */
export function useGathered<T>(read: (turn: Turn, signal: AbortSignal) => Promise<Page<T>>, by: readonly unknown[]) {
  const reach = useSignal(1);
  const { value, trouble } = useLoaded((signal) => gather(reach.value, (turn) => read(turn, signal)), [...by, reach.value]).value;
  const further = () => {
    reach.value += 1;
  };
  return { found: value?.found, trouble, older: value?.more ? <Older onClick={further} /> : null };
}

/** Goes on with a list from where it ends. */
export function Older({ onClick }: { readonly onClick: () => void }) {
  return (
    <p>
      <button type="button" onClick={onClick}>
        Older
      </button>
    </p>
  );
}
