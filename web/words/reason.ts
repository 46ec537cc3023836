import { clockTime } from "./time.ts";

/** Why something is so, in people's words: what the server writes for programs is put into them. `now`: today's times stand without a day. */
export function inWords(reason: string, now: number): string {
  const [, end] = /^not_after: (\S+Z)$/.exec(reason) ?? [];
  if (end !== undefined) return `until ${clockTime(Date.parse(end), now)}`;
  return reason === "max_hold was reached" ? "no longer hold is allowed" : reason;
}
