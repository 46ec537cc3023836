import { useSignal } from "@preact/signals";
import { keepKey } from "./state/calls.ts";
import { signIn, unreachable } from "./state/session.ts";

/** Asks for a key. */
export function SignIn({ why }: { readonly why: string }) {
  const typed = useSignal("");
  const send = (event: Event) => {
    event.preventDefault();
    if (typed.value.trim() === "") return;
    keepKey(typed.value.trim());
    void signIn();
  };
  return (
    <main class="gate">
      <h1>call-me</h1>
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
      {why === "" && unreachable.value === "" ? null : <p role="alert">{unreachable.value || why}</p>}
      <p class="quiet">
        It is kept in this tab until you close it, and sent to this server only. To look around, a key with the role “view” suffices.
      </p>
    </main>
  );
}
