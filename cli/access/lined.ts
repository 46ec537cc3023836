import type { FleetDocument, Path } from "../fleet/document.ts";

/** A value of a file and the line that it stands on: a text as the file writes it, a list or an object; nothing of these for null. */
export interface Lined {
  readonly line: number;
  readonly text?: string;
  readonly list?: readonly Lined[];
  readonly fields?: ReadonlyMap<string, Lined>;
}

/** More than all the rules have that a server admits; to find a line costs a look at what stands before it. */
const MOST_VALUES = 50_000;

/** What a document says, with lines. A usage Failure says so if that is too much. */
export function linesOf(document: FleetDocument): Lined {
  let values = 0;
  const lined = (value: unknown, path: Path): Lined => {
    if (++values > MOST_VALUES) throw document.failure(path, `these are more than ${MOST_VALUES} values, aliases counted; leave some out`);
    const line = document.line(path);
    if (value === null || value === undefined) return { line };
    if (Array.isArray(value)) return { line, list: value.map((item, index) => lined(item, [...path, index])) };
    if (typeof value !== "object") return { line, text: typeof value === "string" ? value : (document.source(path) ?? String(value)) };
    return { line, fields: new Map(Object.entries(value).map(([key, item]) => [key, lined(item, [...path, key])])) };
  };
  return lined(document.value, []);
}
