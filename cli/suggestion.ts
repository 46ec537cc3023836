/** A sentence naming the verb that was probably meant, or undefined if `args` do begin with one of the verbs. */
export function didYouMean(args: readonly string[], verbs: readonly string[]): string | undefined {
  if (args[0]?.startsWith("-")) return undefined;
  if (verbs.some((verb) => verb.split(" ").every((word, at) => args[at] === word))) return undefined;
  const words = verbs.some((verb) => verb.startsWith(`${args[0]} `)) ? 2 : 1;
  const typed = args.slice(0, words).join(" ");
  const near = verbs.map((verb) => ({ verb, away: distance(typed, verb) })).sort((a, b) => a.away - b.away)[0];
  const hint =
    near !== undefined && near.away <= 3 ? `did you mean ${JSON.stringify(near.verb)}?` : `there are: ${[...verbs].sort().join(", ")}`;
  return `unknown command ${JSON.stringify(typed)}; ${hint} See call-me --help.`;
}

/** How many letters must be typed, dropped or changed to get from one word to the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const changed = (row[j] ?? 0) + (letter === to[j] ? 0 : 1);
      next.push(Math.min(changed, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
