/** The claims of a token, as texts, and whether they fit a rule. */
import { globMatches } from "../../core/access/pattern.ts";

/** What a token says; JSON. */
export type Claims = Readonly<Record<string, unknown>>;

/** What ends a `*` in a claim: the parts of a path, and those of a subject. */
const BARRIERS = "/:";
/** In characters; a longer value fits nothing. */
const LONGEST_VALUE = 1024;

/** Whether a text of a rule is a glob. */
export function isGlob(text: string): boolean {
  return /[*?]/.test(text);
}

/** A claim as a text; undefined if it is not there, or neither a text nor a number nor a truth. */
export function textOf(claims: Claims, name: string): string | undefined {
  return Object.hasOwn(claims, name) ? scalar(claims[name]) : undefined;
}

/**
 * Whether all claims of a rule fit. Of a claim that is a list, such as groups, one entry must. In a glob `*` is any characters but `/` and
 * `:`, `?` is one of these, and `*` alone means that the claim is there.
 */
export function fits(wanted: ReadonlyMap<string, readonly string[]>, claims: Claims): boolean {
  return [...wanted].every(([name, texts]) => {
    const values = textsOf(claims, name);
    return texts.some((text) => values.some((value) => value.length <= LONGEST_VALUE && globMatches(text, value, BARRIERS)));
  });
}

function textsOf(claims: Claims, name: string): string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return (Array.isArray(value) ? value : [value]).flatMap((one) => scalar(one) ?? []);
}

function scalar(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : undefined;
}
