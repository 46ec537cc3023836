/** A table in Markdown, and its place in a page of docs/. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const END = "<!-- until here -->\n";

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [line(head), `|${"---|".repeat(head.length)}\n`, ...rows.map(line)].join("");
}

/** So many digits as a figure is good for; – for one that there is not. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 99.5) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  return value.toPrecision(2);
}

/** Where in a page what a command has measured stands; in docs/performance.md, unless it is another one. */
export class Place {
  readonly #page: string;
  readonly #begin: string;

  /** Throws if the page has no such place. */
  constructor(command: string, page = "performance.md") {
    this.#page = path.resolve(import.meta.dirname, "../../docs", page);
    this.#begin = `<!-- ${command}: what stands from here on is written by it -->\n`;
    this.#find();
  }

  /** Puts it in the place of what was measured before. */
  write(text: string): void {
    const [before, after] = this.#find();
    writeFileSync(this.#page, `${before}\n${text}\n${after}`);
  }

  /** What stands before it and after it. */
  #find(): [before: string, after: string] {
    const page = readFileSync(this.#page, "utf8");
    const from = page.indexOf(this.#begin);
    const to = page.indexOf(END, from);
    if (from < 0 || to < 0) throw new Error(`${this.#page} has no line ${this.#begin.trim()} with a line ${END.trim()} after it`);
    return [page.slice(0, from + this.#begin.length), page.slice(to)];
  }
}
