/** What is on an environment now, by name: at most 16 short texts, such as a version or a commit. */
export type Facts = Readonly<Record<string, string>>;

/** Throws a TypeError for what is no text: no server has to be asked for that. */
export function factsOf(facts: Facts): Facts {
  for (const [name, text] of Object.entries(facts))
    if (typeof text !== "string") throw new TypeError(`the fact ${JSON.stringify(name)} is ${JSON.stringify(text)}; facts are texts`);
  return facts;
}
