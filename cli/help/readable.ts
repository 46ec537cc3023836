import { Cli } from "../clipanion.ts";
import type { Context } from "../context.ts";

/** clipanion's help, for readers: an option's value is shown as …, and the overview leaves the options to each verb's own page. */
export class ReadableCli extends Cli<Context> {
  override usage(...[command, options]: Parameters<Cli<Context>["usage"]>): string {
    const text = named(super.usage(command, options));
    return command === null || command === undefined ? text.replaceAll(/ \[--[^\]]+\]/g, "") : text;
  }
}

/** clipanion calls the value of an option "#0". As wide in a column, so that the columns stay in line. */
export function named(text: string): string {
  return text.replaceAll(/(--[a-z-]+) #0(\]?)/g, (_, option, bracket) => `${option} …${bracket || " "}`);
}
