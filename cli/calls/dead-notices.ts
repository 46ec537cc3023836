/** Which of the notices that were given up a command means. */
import { Failure } from "../exit.ts";

/** By id, by rule, or all of them; throws a Failure unless it is one of these. */
export function whichDead(id: string | undefined, rule: string | undefined, all: boolean): { id?: string; rule?: string; all?: boolean } {
  const given = [id !== undefined && { id }, rule !== undefined && { rule }, all && { all }].filter((one) => one !== false);
  const [meant] = given;
  if (meant === undefined || given.length > 1)
    throw Failure.usage("give the id of a notice that was given up, --rule, or --all; call-me notices list shows the ids");
  return meant;
}
