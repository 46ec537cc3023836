import { Cli } from "../clipanion.ts";
import type { Context } from "../context.ts";
import { optionMeant } from "./suggestion.ts";

/** clipanion's help, for readers: an option's value is shown as …, and the overview leaves the options to each verb's own page. */
export class ReadableCli extends Cli<Context> {
  override usage(...[command, options]: Parameters<Cli<Context>["usage"]>): string {
    const text = named(super.usage(command, options));
    return command === null || command === undefined ? text.replaceAll(/ \[--[^\]]+\]/g, "") : text;
  }

  /** A sentence naming the option that was probably meant, or undefined if no unknown one is what is wrong. */
  misspelt(args: readonly string[]): string | undefined {
    const ours = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
    const definitions = this.definitions().flatMap(({ options }) => options.map(({ definition }) => definition));
    const known = ["--help", ...definitions.flatMap((definition) => definition.match(/--[a-z][a-z-]*/g) ?? [])];
    const typed = ours.filter((arg) => arg.startsWith("--")).map((arg) => arg.split("=", 1).join());
    const unknown = typed.find((name) => !known.includes(name));
    return unknown === undefined ? undefined : optionMeant(unknown, known);
  }

  /** A sentence on an option's value that begins with a dash, and so was taken for an option; undefined if there is none. */
  dashed(args: readonly string[]): string | undefined {
    const definitions = this.definitions().flatMap(({ options }) => options.map(({ definition }) => definition));
    const namesOf = (definition: string) => definition.match(/(?<![\w-])--?[a-z][a-z-]*/g) ?? [];
    const known = definitions.flatMap(namesOf);
    const valued = definitions.filter((definition) => definition.includes(" ")).flatMap(namesOf);
    const at = args.findIndex(
      (arg, index) => valued.includes(arg) && /^-./.test(args[index + 1] ?? "") && !known.includes(args[index + 1] ?? ""),
    );
    const [option = "", value = ""] = args.slice(at, at + 2);
    if (at === -1) return undefined;
    const word = /^[\w:.+-]+$/.test(value) ? value : `'${value}'`;
    return `${option}: a value that begins with a dash is written behind =, as in ${option}=${word}`;
  }
}

/** clipanion calls the value of an option "#0". As wide in a column, so that the columns stay in line. */
export function named(text: string): string {
  return text.replaceAll(/(--[a-z-]+) #0(\]?)/g, (_, option, bracket) => `${option} …${bracket || " "}`);
}
