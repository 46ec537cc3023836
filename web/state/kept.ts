import { effect, type Signal, signal } from "@preact/signals";

/** A text that the browser keeps under a name, for the tab or for the machine; empty: nothing. Where it keeps nothing, it is good until a reload. */
export function kept(where: "sessionStorage" | "localStorage", name: string): Signal<string> {
  const text = signal("");
  const quietly = (act: (place: Storage) => void) => {
    try {
      act(globalThis[where]);
    } catch {
      // Blocked, or full.
    }
  };
  quietly((place) => {
    text.value = place.getItem(name) ?? "";
  });
  effect(() => {
    const now = text.value;
    quietly((place) => (now === "" ? place.removeItem(name) : place.setItem(name, now)));
  });
  return text;
}
