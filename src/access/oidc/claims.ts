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

/** Whether all claims of a rule fit. */
export function fits(wanted: ReadonlyMap<string, readonly string[]>, claims: Claims): boolean {
  return misfit(wanted, claims) === undefined;
}

/**
 * The first claim of a rule that does not fit. Of a claim that is a list, such as groups, one entry must. In a glob `*` is any characters but
 * `/` and `:`, `?` is one of these, and `*` alone means that the claim is there.
 */
export function misfit(wanted: ReadonlyMap<string, readonly string[]>, claims: Claims): string | undefined {
  for (const [name, texts] of wanted) {
    const values = textsOf(claims, name).filter((value) => value.length <= LONGEST_VALUE);
    if (!texts.some((text) => values.some((value) => globMatches(text, value, BARRIERS)))) return name;
  }
  return undefined;
}

function textsOf(claims: Claims, name: string): string[] {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return (Array.isArray(value) ? value : [value]).flatMap((one) => scalar(one) ?? []);
}

function scalar(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "boolean" || Number.isSafeInteger(value) ? String(value) : undefined;
}
