/** A table in Markdown, and its place in docs/performance.md. */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const PAGE = path.resolve(import.meta.dirname, "../../docs/performance.md");

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [line(head), `|${"---|".repeat(head.length)}\n`, ...rows.map(line)].join("");
}

/** So many digits as a figure is good for; – for one that there is not. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "–";
  if (value >= 100) return value.toLocaleString("en", { maximumFractionDigits: 0 });
  return value.toPrecision(2);
}

/** Puts what a command has measured in the place of what it measured before. Throws if the page has no such place. */
export function write(command: string, text: string): void {
  const page = readFileSync(PAGE, "utf8");
  const [begin, end] = [`<!-- ${command}: what stands from here on is written by it -->\n`, "<!-- until here -->\n"];
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`${PAGE} has no line ${begin.trim()} with a line ${end.trim()} after it`);
  writeFileSync(PAGE, `${page.slice(0, from + begin.length)}\n${text}\n${page.slice(to)}`);
}
