import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { findPlaces, leaveFor, places } from "./state/people.ts";
import { signIn } from "./state/session.ts";

/** Asks for a key, or who it is at a place where people sign in. */
export function SignIn({ why }: { readonly why: string }) {
  const typed = useSignal("");
  // Whoever has a key needs none of them.
  useEffect(() => void findPlaces().catch(() => undefined), []);
  const send = (event: Event) => {
    event.preventDefault();
    if (typed.value.trim() !== "") signIn(typed.value.trim());
  };
  return (
    <main class="gate">
      <h1>call-me</h1>
      {places.value.map((place) => (
        <button key={place.issuer} type="button" class="main" onClick={() => void leaveFor(place)}>
          {place.label}
        </button>
      ))}
      <form onSubmit={send}>
        <label for="key">Your key for this server</label>
        <input
          id="key"
          type="password"
          autocomplete="current-password"
          spellcheck={false}
          value={typed.value}
          onInput={({ currentTarget }) => {
            typed.value = currentTarget.value;
          }}
        />
        <button type="submit" class="main">
          Look
        </button>
      </form>
      {why === "" ? null : <p role="alert">{why}</p>}
      <p class="quiet">
        It is kept in this tab until you close it, and sent to this server only. To look around, a key with the role “view” suffices.
      </p>
    </main>
  );
}
