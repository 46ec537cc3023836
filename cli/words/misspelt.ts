import type { CheckResponse, Misspelling } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import type { Locks } from "../client.ts";

/** How long we ask, in ms: it is a word for people, and nothing waits for it longer. */
const BRIEFLY = 2_000;

/** Who is told. */
interface Listener {
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

/** The same for a command that asks for something else about these environments. */
export async function lookMisspelt(locks: Locks, names: readonly string[], output: Listener): Promise<void> {
  for (const { misspellings } of await checkBriefly(locks, names)) tellMisspelt(output, misspellings);
}

/** How these environments are, for a word to people; empty where the server does not say. */
export async function checkBriefly(locks: Locks, names: readonly string[]): Promise<CheckResponse[]> {
  return await Promise.all(names.map((environment) => locks.check({ environment }, { timeoutMs: BRIEFLY }))).catch(() => []);
}
