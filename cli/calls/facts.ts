import { Failure } from "../exit.ts";

/** What the server takes; see docs/contract.md. */
const MOST = { count: 16, name: 64, text: 256 } as const;

/** The facts of `--fact NAME=TEXT …`. A usage Failure for what the server would refuse, before anything is done. */
export function parseFacts(given: readonly string[] = []): Record<string, string> {
  const facts = given.map((fact): [string, string] => {
    const [, name = "", text = ""] = /^([^=]+)=(.*)$/s.exec(fact) ?? [];
    if (!/^[A-Za-z0-9][A-Za-z0-9._/-]*$/.test(name) || name.length > MOST.name)
      throw Failure.usage(
        `--fact ${JSON.stringify(fact)} is not NAME=TEXT, such as version=1.2.3 (name: A-Z a-z 0-9 . _ / -, up to ${MOST.name})`,
      );
    if ([...text].length > MOST.text)
      throw Failure.usage(`--fact ${name}: has ${[...text].length} characters; at most ${MOST.text} are allowed`);
    return [name, text];
  });
  if (facts.length > MOST.count) throw Failure.usage(`--fact is given ${facts.length} times; at most ${MOST.count} are kept`);
  return Object.fromEntries(facts);
}

/** How the option is told in --help. */
export const FACT = "What everybody shall know of the environment, as NAME=TEXT, such as version=1.2.3; NAME= takes it back";
