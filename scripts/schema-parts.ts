// What the JSON schemas of the server's files of rules are made of.
import { limits } from "../src/core/limits.ts";

export type Schema = Readonly<Record<string, unknown>>;

/** A list, or its only entry. */
export function some(item: Schema, maxItems: number): Schema {
  return { anyOf: [item, { type: "array", items: item, minItems: 1, maxItems }] };
}

/** An object with no other fields; one that is not required may be left without a value. */
export function object(required: readonly string[], properties: Readonly<Record<string, Schema>>, more: Schema = {}): Schema {
  const optional = ([name, schema]: [string, Schema]) => {
    const { description, ...rest } = schema;
    return [name, required.includes(name) ? schema : { ...(description ? { description } : {}), anyOf: [rest, { type: "null" }] }];
  };
  return {
    type: "object",
    required,
    properties: Object.fromEntries(Object.entries(properties).map(optional)),
    additionalProperties: false,
    ...more,
  };
}

/** Of environments. */
export const PATTERNS = {
  description: "environment or pool:environment. * is any characters but /, ? is one; * alone is everything.",
  schema: some({ type: "string", maxLength: limits.patterns.text, pattern: "^(?!.*[*][*])([^:]+|[^:]+:.+)$" }, limits.patterns.count),
};
