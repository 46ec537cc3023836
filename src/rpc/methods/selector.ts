/** Selectors as requests have them. */
import { limits } from "../../core/limits.ts";
import type { Selector } from "../../core/model/selector.ts";
import { parseSelector } from "../../core/model/selector-text.ts";
import { badField } from "../errors.ts";
import { show, text } from "./fields.ts";

const EXAMPLE = "write it like tier=uat,region in (eu,us),!gpu";

/** A selector; throws invalid_argument, which tells the place in the text. */
export function readSelector(field: string, written: string): Selector {
  const most = limits.selector;
  const selector = parseSelector(text(field, written, most.text));
  if ("problem" in selector)
    throw badField(field, `${show(written)} is no selector: ${selector.problem}, at character ${selector.at}; ${EXAMPLE}`);
  if (selector.length > most.requirements)
    throw badField(field, `has ${selector.length} requirements; at most ${most.requirements} are allowed`);
  for (const { key, values } of selector) {
    if (values.length > most.values)
      throw badField(field, `has ${values.length} values for ${show(key)}; at most ${most.values} are allowed`);
    // A JSON text can spell out what no label has.
    for (const word of [key, ...values]) text(field, word);
  }
  return selector;
}
