import { UNSAFE } from "../../clients/ts/src/text.ts";

/**
 * A text on one line and without power: control and bidi characters are taken out, and what a CI system would read as an order is
 * pulled apart. Names and reasons are others' words; printed as they are they could move the cursor, hide text, or stop a run.
 * GitHub and Azure look for `##[` and `##vso[` anywhere in a line, the others at its start. An IPv6 address keeps its `[::`.
 */
export function plain(text: string): string {
  return text
    .replace(UNSAFE, "")
    .replace(/#(?=#[\w.-]*\[)/g, "# ")
    .replace(/(?<!\[[0-9a-f:]*):(?=:)/gi, ": ")
    .replace(/section_(?=(?:start|end):)/gi, "section ");
}

/** A whole line: as `plain`, and nothing at its start that opens a section or begins an order. */
export function plainLine(text: string): string {
  const line = plain(text);
  return /^\s*(?:---|\+\+\+|~~~|\^\^\^|##|::)/.test(line) ? `| ${line}` : line;
}

/** The same for a JSON document, whose strings can keep every character by its escape. Line breaks are our own indentation. */
export function plainJson(json: string): string {
  return json
    .replace(UNSAFE, (found) => (found === "\n" ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`))
    .replace(/#(?=#[\w.-]*\[)/g, "\\u0023")
    .replace(/section_(?=(?:start|end):)/gi, (found) => `${found.slice(0, -1)}\\u005f`);
}
