// The one dialog of the page: it says what will happen to whom, and does it when that is confirmed.
import { signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { wordsOf } from "../state/calls.ts";

/** What is asked before something is done. */
export interface Question {
  readonly title: string;
  /** What will happen, and to whom. */
  readonly says: ComponentChildren;
  /** What is to be filled in; what has a name is handed to `act`. */
  readonly fields?: ComponentChildren;
  /** What the button says: what it does. */
  readonly does: string;
  readonly destructive?: boolean;
  /** Does it; what is said of it afterwards. What it throws is shown, and asked again. */
  readonly act: (given: FormData) => Promise<string>;
}

const asked = signal<Question | undefined>(undefined);

/** What was done last, for a while. */
const done = signal("");

/** Asks. */
export function ask(question: Question): void {
  asked.value = question;
}

/** The dialog, where something is asked, and below it what was done last. */
export function Dialog() {
  return (
    <>
      {asked.value === undefined ? null : <Asked question={asked.value} />}
      <output class={done.value === "" ? "done" : "done said"}>
        {done.value}
        {done.value === "" ? null : (
          <button
            type="button"
            aria-label="Close this message"
            onClick={() => {
              done.value = "";
            }}
          >
            ×
          </button>
        )}
      </output>
    </>
  );
}

function Asked({ question }: { readonly question: Question }) {
  const { title, says, fields, does, destructive = false, act } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const trouble = useSignal("");
  const busy = useSignal(false);
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  const close = () => {
    asked.value = undefined;
  };
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.value || !(event.currentTarget instanceof HTMLFormElement)) return;
    busy.value = true;
    try {
      done.value = await act(new FormData(event.currentTarget));
      close();
    } catch (error) {
      trouble.value = wordsOf(error);
    }
    busy.value = false;
  };
  return (
    <dialog ref={dialog} aria-labelledby="asked" onClose={close}>
      <form onSubmit={(event) => void send(event)}>
        <h2 id="asked">{title}</h2>
        {says}
        {fields}
        {trouble.value === "" ? null : <p role="alert">{trouble.value}</p>}
        <p class="buttons">
          <button type="button" onClick={close}>
            Leave it
          </button>
          <button type="submit" class={destructive ? "danger" : "main"} disabled={busy.value}>
            {does}
          </button>
        </p>
      </form>
    </dialog>
  );
}
