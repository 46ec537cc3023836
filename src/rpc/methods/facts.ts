import { limits } from "../../core/limits.ts";
import type { Told } from "../../core/model/environment.ts";
import { badField } from "../errors.ts";
import { refuseSecret, show, text } from "./fields.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** The facts of a Renew or Release; undefined where none are given. Throws invalid_argument. */
export function readFacts(given: Readonly<Record<string, string>>): Told | undefined {
  const entries = Object.entries(given);
  if (entries.length === 0) return undefined;
  const { count, name: longest, value: longestValue } = limits.facts;
  if (entries.length > count) throw badField("facts", `has ${entries.length} entries; at most ${count} are kept of an environment`);
  for (const [name, value] of entries) {
    if (!NAME.test(name) || name.length > longest)
      throw badField(
        "facts",
        `${show(name)} is no name of a fact; use 1 to ${longest} of A-Z a-z 0-9 . _ / -, beginning with a letter or digit`,
      );
    refuseSecret("facts", name);
    text(`facts[${show(name)}]`, value, longestValue);
  }
  return given;
}
