/** What text must not carry into a file: control and bidi characters. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it is about
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Where a spreadsheet would begin to read a formula; it may take a semicolon for the end of a cell, too. */
const FORMULA = /(^|;)(?=\s*[=+\-@])/g;

/** Rows as a CSV file (RFC 4180). What a spreadsheet would take for a formula gets an apostrophe in front: names are others' words. */
export function csv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

function cell(text: string): string {
  const shown = text.replace(UNSAFE, "");
  const harmless = /^-?\d+(\.\d+)?$/.test(shown) ? shown : shown.replace(FORMULA, "$1'");
  return /[",;]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** A length in ms as a file has it: seconds, with at most three decimals; nothing, if there is none. */
export function inSeconds(ms: number | undefined): string {
  return ms === undefined ? "" : `${Math.round(ms) / 1_000}`;
}
