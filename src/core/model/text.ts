/** Words of ours for people, in answers and on the record. */
import { limits } from "../limits.ts";
import type { Micros } from "./units.ts";

/** A text of ours that has others' words in it, no longer than a free text may be: cut between characters, never within one. */
export function clipped(text: string): string {
  return text.length <= limits.text ? text : [...text].slice(0, limits.text).join("");
}

/** A length of time as people say it: "90 s", "15 min", "3 h", "30 d". */
export function about(length: Micros): string {
  const seconds = Math.round(length / 1_000_000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`;
}
