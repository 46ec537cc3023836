import type { Misspelling } from "../../gen/ts/callme/v1/lock_service_pb.ts";

/** Who is told. */
export interface Listener {
  word(line: string): void;
}

/** What was probably meant by a name that nobody configured. */
export function meant({ name, didYouMean }: Misspelling): string {
  return `nobody has configured ${name}; did you mean ${didYouMean.join(" or ")}?`;
}

/** Says that of each. */
export function tellMisspelt(output: Listener, misspellings: readonly Misspelling[]): void {
  for (const one of misspellings) output.word(meant(one));
}
