import { UNSAFE } from "../../clients/ts/src/text.ts";
import { plain } from "./plain.ts";

/**
 * A row of a CSV file (RFC 4180). A spreadsheet takes a cell that begins with one of `= + - @` for a formula, and names are others' words: it
 * gets an apostrophe in front, which spreadsheets take for "this is text"; and so does, where a CI system's log may read it (`logged`), what that
 * would take for an order. Control characters are taken out.
 */
export function csvRow(cells: readonly string[], logged: boolean): string {
  return cells.map((cell) => cellOf(cell, logged)).join(",");
}

function cellOf(text: string, logged: boolean): string {
  const shown = logged ? plain(text) : text.replace(UNSAFE, "");
  const special = logged ? /^(?:[=+\-@]|##|::|~~~|\^\^\^)/ : /^[=+\-@]/;
  const harmless = special.test(shown.trimStart()) && !/^-?\d+(\.\d+)?$/.test(shown) ? `'${shown}` : shown;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
