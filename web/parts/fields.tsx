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

const LENGTHS = [
  ["30 m", 30 * MINUTE],
  ["1 h", HOUR],
  ["4 h", 4 * HOUR],
] as const;

/** How long: some lengths, a time, or, where that can be, no end at all. */
export function Term({ title, endless }: { readonly title: string; readonly endless?: string }) {
  const chosen = useSignal(endless === undefined ? "1 h" : "");
  const choice = (value: string, words: string) => (
    <label class="tick" key={value}>
      <input
        type="radio"
        name="length"
        value={value}
        checked={chosen.value === value}
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
        <input type="datetime-local" name="until" aria-label="Until" required defaultValue={local(serverTime() + 2 * HOUR)} />
      ) : null}
    </fieldset>
  );
}

/** What was chosen of a term, as a time of the server in ms: so long from `from`, or as it was written. Undefined: no end. */
export function termIn(given: FormData, from: number): number | undefined {
  const length = given.get("length");
  if (length === "until") return Date.parse(textIn(given, "until"));
  const found = LENGTHS.find(([words]) => words === length);
  return found && from + found[1];
}

/** What was typed in, without spaces around it. */
export function textIn(given: FormData, name: string): string {
  const value = given.get(name);
  return typeof value === "string" ? value.trim() : "";
}

/** As an input of date and time takes it, in this machine's zone. */
function local(at: number): string {
  const rounded = Math.ceil(at / (5 * MINUTE)) * 5 * MINUTE;
  return new Date(rounded - new Date(rounded).getTimezoneOffset() * MINUTE).toISOString().slice(0, 16);
}
