/** Metrics as lines of the text format of Prometheus. */
import type { Place, Reading } from "./shelf.ts";

/** Its values, of those places that are to be shown; `headed`: with what it is, which stands before its first line only. */
export function linesOf({ name, help, type, values }: Reading, headed: boolean, shown?: (place: Place) => boolean): string {
  const head = headed ? `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n` : "";
  let lines = head;
  for (const { metricName = name, labels, value } of values) {
    if (shown?.({ pool: `${labels["pool"]}`, environment: `${labels["environment"]}` }) === false) continue;
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(`${text}`)}"`);
    lines += `${metricName}{${pairs.join(",")}} ${value}\n`;
  }
  return lines;
}

/** A name can have any character: of the line it stays one text. */
function escaped(text: string): string {
  return /["\\\n]/.test(text) ? text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"') : text;
}
