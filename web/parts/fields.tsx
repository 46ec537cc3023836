import { useSignal } from "@preact/signals";
import { serverTime } from "../state/clock.ts";
import { HOUR, MINUTE } from "../words/time.ts";

/** A text to fill in. */
export function Text({
  name,
  title,
  value = "",
  required = false,
}: {
  readonly name: string;
  readonly title: string;
  readonly value?: string;
  readonly required?: boolean;
}) {
  return (
    <label class="field">
      {title}
      <input name={name} defaultValue={value} required={required} maxLength={512} autocomplete="off" />
    </label>
  );
}

/** What a time that nobody has chosen is rounded up to. */
const STEP = 5 * MINUTE;

const LENGTHS = [
  ["30 m", 30 * MINUTE],
  ["1 h", HOUR],
  ["4 h", 4 * HOUR],
] as const;

/** What was chosen of a term: a length or a time, in ms; neither: no end. */
export interface Chosen {
  readonly length?: number | undefined;
  readonly until?: number | undefined;
}

interface Asked {
  readonly title: string;
  /** What no end is called, where that can be; it is chosen at first. Else the focus is here. */
  readonly endless?: string;
  /** The time that is chosen at first, in ms. */
  readonly end?: number | undefined;
  /** What is to be said of what is chosen. */
  readonly says?: (chosen: Chosen) => string;
}

/** How long: some lengths, a time, or no end at all. */
export function Term({ title, endless, end, says }: Asked) {
  const chosen = useSignal(end !== undefined ? "until" : endless === undefined ? "1 h" : "");
  const until = useSignal(local(end ?? Math.ceil((serverTime() + 2 * HOUR) / STEP) * STEP));
  const choice = (value: string, words: string) => (
    <label class="tick" key={value}>
      <input
        type="radio"
        name="length"
        value={value}
        checked={chosen.value === value}
        autofocus={endless === undefined && chosen.value === value}
        onChange={() => {
          chosen.value = value;
        }}
      />
      {words}
    </label>
  );
  return (
    <fieldset class="field term">
      <legend>{title}</legend>
      {endless === undefined ? null : choice("", endless)}
      {LENGTHS.map(([words]) => choice(words, words))}
      {choice("until", "until …")}
      {chosen.value === "until" ? (
        <input
          type="datetime-local"
          name="until"
          aria-label="Until"
          required
          value={until.value}
          onInput={({ currentTarget }) => {
            until.value = currentTarget.value;
          }}
        />
      ) : null}
      {says ? (
        <div role="status" class="told">
          {says(chosenOf(chosen.value, until.value))}
        </div>
      ) : null}
    </fieldset>
  );
}

function chosenOf(choice: string, until: string): Chosen {
  return choice === "until" ? { until: Date.parse(until) } : { length: LENGTHS.find(([words]) => words === choice)?.[1] };
}

/** What was chosen of a term. */
export function chosenIn(given: FormData): Chosen {
  return chosenOf(textIn(given, "length"), textIn(given, "until"));
}

/** The same as a time of the server in ms: so long from `from`, or as it was written. Undefined: no end. */
export function termIn(given: FormData, from: number): number | undefined {
  const { length, until } = chosenIn(given);
  return length === undefined ? until : from + length;
}

/** What was typed in, without spaces around it. */
export function textIn(given: FormData, name: string): string {
  const value = given.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** As an input of date and time takes it, in this machine's zone. */
function local(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}
