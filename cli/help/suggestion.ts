import { distance } from "./distance.ts";

/** A sentence naming the verb that was probably meant, or undefined if `args` do begin with one of the verbs. */
export function didYouMean(args: readonly string[], verbs: readonly string[]): string | undefined {
  if (args[0] === undefined || args[0].startsWith("-")) return undefined;
  if (verbs.some((verb) => verb.split(" ").every((word, at) => args[at] === word))) return undefined;
  const words = verbs.some((verb) => verb.startsWith(`${args[0]} `)) ? 2 : 1;
  const typed = args.slice(0, words).join(" ");
  const near = nearest(typed, verbs);
  const hint = near === undefined ? `there are: ${[...verbs].sort().join(", ")}.` : `did you mean ${JSON.stringify(near)}?`;
  return `unknown command ${JSON.stringify(typed)}; ${hint} See call-me --help.`;
}

/** A sentence on an option that does not exist, naming the one that was probably meant or else all of them. */
export function optionMeant(typed: string, options: readonly string[]): string {
  const near = nearest(typed, options);
  const hint = near === undefined ? `there are: ${[...options].sort().join(", ")}` : `did you mean ${near}?`;
  return `unknown option ${typed}; ${hint}`;
}

/** The word that is few typing errors away, if one is. */
export function nearest(typed: string, words: readonly string[]): string | undefined {
  const [near] = words.map((word) => ({ word, away: distance(typed, word) })).sort((a, b) => a.away - b.away);
  return near !== undefined && near.away <= Math.min(3, typed.length / 2) ? near.word : undefined;
}
