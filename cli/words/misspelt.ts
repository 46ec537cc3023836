import type { Misspelling } from "../../gen/ts/callme/v1/lock_service_pb.ts";

/** Whoever prints lines for people, such as Output. */
export interface Listener {
  word(line: string): void;
}

/** What was probably meant by a name that nobody configured. */
export function meant({ name, didYouMean }: Misspelling): string {
  return `nobody has configured ${name}; did you mean ${didYouMean.join(" or ")}?`;
}

/** Says of each misspelt name what was probably meant. */
export function tellMisspelt(output: Listener, misspellings: readonly Misspelling[]): void {
  for (const one of misspellings) output.word(meant(one));
}
