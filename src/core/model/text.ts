import { limits } from "../limits.ts";

/** A text of ours that has others' words in it, no longer than a free text may be: cut between characters, never within one. */
export function clipped(text: string): string {
  return text.length <= limits.text ? text : [...text].slice(0, limits.text).join("");
}
