import { plain } from "./plain.ts";

/**
 * A row of a CSV file (RFC 4180). A spreadsheet takes a cell that begins with one of `= + - @` for a formula, and names are others' words: it
 * gets an apostrophe in front, which spreadsheets take for "this is text"; and so does what a CI system's log would take for an order.
 */
export function csvRow(cells: readonly string[]): string {
  return cells.map(cellOf).join(",");
}

function cellOf(text: string): string {
  const shown = plain(text);
  const harmless = /^(?:[=+\-@]|##|::|~~~|\^\^\^)/.test(shown.trimStart()) && !/^-?\d+(\.\d+)?$/.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
