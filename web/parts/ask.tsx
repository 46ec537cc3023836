// The one dialog of the page: it says what will happen to whom, and does it when that is confirmed.
import { Code, ConnectError } from "@connectrpc/connect";
import { computed, effect, signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { isLost, wordsOf } from "../state/calls.ts";
import { route } from "../state/route.ts";
import { later } from "../state/seen.ts";
import { caller, meet } from "../state/session.ts";

/** What is asked before something is done. */
export interface Question {
  readonly title: string;
  /** What will happen, and to whom, as things are now. */
  readonly says: () => ComponentChildren;
  /** What is to be filled in; what has a name is handed to `act`. */
  readonly fields?: ComponentChildren;
  /** What the button says: what it does. */
  readonly does: string;
  readonly destructive?: boolean;
  /**
   * Does it; what is said of it afterwards. Or nothing yet, as things have changed: what is to be asked instead. What it throws is shown, and
   * asked again.
   */
  readonly act: (given: FormData) => Promise<string | Question>;
}

const asked = signal<Question | undefined>(undefined);

/** What was done last. */
const said = signal("");
/** It stands there for so long, in ms. */
const WHILE = 20_000;

const principal = computed(() => caller.value?.principal);
const place = computed(() => [principal.value, route.value.view, route.value.name].join());

// Both are of the view and of who is there.
effect(() => {
  void place.value;
  asked.value = undefined;
  said.value = "";
});
effect(() => (said.value === "" ? undefined : later(WHILE, forget)));

function forget(): void {
  said.value = "";
}

/** Asks. */
export function ask(question: Question): void {
  forget();
  asked.value = question;
}

/** The dialog, where something is asked, and below it what was done last. */
export function Dialog() {
  return (
    <>
      {asked.value === undefined ? null : <Asked question={asked.value} />}
      <output class={said.value === "" ? "done" : "done said"}>
        {said.value}
        {said.value === "" ? null : (
          <button type="button" aria-label="Close this message" onClick={forget}>
            ×
          </button>
        )}
      </output>
    </>
  );
}

function Asked({ question }: { readonly question: Question }) {
  const { title, says, fields, does, destructive = false } = question;
  const dialog = useRef<HTMLDialogElement>(null);
  const open = useRef(true);
  const trouble = useSignal("");
  const busy = useSignal(false);
  useEffect(() => {
    dialog.current?.showModal();
    return () => {
      open.current = false;
    };
  }, []);
  // The browser gives the focus back to what had it.
  const close = () => dialog.current?.close();
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy.value || !(event.currentTarget instanceof HTMLFormElement)) return;
    busy.value = true;
    trouble.value = "";
    const who = principal.peek();
    const next = await outcome(question, new FormData(event.currentTarget));
    busy.value = false;
    if (open.current && next.question) asked.value = next.question;
    if (open.current && !next.isDone) trouble.value = next.words;
    else if (who === principal.peek()) said.value = next.isDone ? next.words : `${title}: ${next.words}`;
    if (open.current && next.isDone) close();
  };
  return (
    <dialog
      ref={dialog}
      aria-labelledby="asked"
      aria-describedby="says"
      onClose={() => {
        asked.value = undefined;
        if (document.activeElement === document.body) focusTitle();
      }}
    >
      <form onSubmit={(event) => void send(event)}>
        <h2 id="asked">{title}</h2>
        <div id="says">{says()}</div>
        {fields}
        {trouble.value === "" ? null : <p role="alert">{trouble.value}</p>}
        <p class="buttons">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class={destructive ? "danger" : "main"} disabled={busy.value}>
            {busy.value ? "Waiting for the server…" : does}
          </button>
        </p>
      </form>
    </dialog>
  );
}

/** What came of it. */
interface Outcome {
  readonly words: string;
  readonly isDone?: boolean;
  /** What is to be asked instead. */
  readonly question?: Question;
}

async function outcome({ act }: Question, given: FormData): Promise<Outcome> {
  try {
    const end = await act(given);
    if (typeof end === "string") return { words: end, isDone: true };
    return { words: "It has changed meanwhile, and nothing was done yet: read what will happen now.", question: end };
  } catch (error) {
    // Our roles may not be any more what they were.
    if (ConnectError.from(error).code === Code.PermissionDenied) void meet();
    const unknown = isLost(error) ? " Nobody knows whether it was done: look before you try again." : "";
    return { words: wordsOf(error) + unknown };
  }
}

function focusTitle(): void {
  const title = document.querySelector("h1");
  if (title === null) return;
  title.tabIndex = -1;
  title.focus();
}

interface Asking {
  readonly class?: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
}

/** A button that asks. If it goes while it has the focus, the title of the view gets that. */
export function AskButton(given: Asking) {
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(
    () => () => {
      if (document.activeElement === button.current) focusTitle();
    },
    [],
  );
  return <button ref={button} type="button" {...given} />;
}
