// What a server refuses beyond the types of the contract, as far as a JSON schema can tell it; the numbers are its limits.
import { UNSAFE } from "../clients/ts/src/text.ts";
import { limits } from "../src/core/limits.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Control and bidirectional characters, spelled out: a schema's patterns know no classes of Unicode. */
const SAFE = `^[^${ranges()}]*$`;
const NAME = "[A-Za-z0-9][A-Za-z0-9._/-]{0,127}";

/** A free text. */
export const TEXT = { type: "string", maxLength: limits.text, pattern: SAFE } as const;

/** A length of time. Which ones are too long or too short, the server says. */
export const DURATION = {
  type: "string",
  pattern: "^([0-9]+([.][0-9]+)?(ns|us|µs|μs|ms|s|m|h|d))+$",
  examples: ["30s", "15m", "1h30m", "2d"],
} as const;

const keyed = (entries: number, values: Schema): Schema => ({
  maxProperties: entries,
  propertyNames: { minLength: 1, maxLength: limits.name, pattern: SAFE },
  additionalProperties: values,
});
const variables: Schema = {
  maxProperties: limits.variables.count,
  propertyNames: { pattern: `^[A-Za-z_][A-Za-z0-9_]{0,${limits.variables.name - 1}}$` },
};

/** By message and field. */
export const BOUNDS: Readonly<Record<string, Readonly<Record<string, Schema>>>> = {
  Environment: {
    name: { maxLength: limits.name, pattern: `^${NAME}$` },
    pool: { maxLength: limits.name, pattern: `^(${NAME})?$` },
    labels: keyed(limits.labels, TEXT),
    capacity: { minimum: 1, maximum: limits.capacity },
    variables,
    slot_variables: { maxItems: limits.capacity },
    links: keyed(limits.labels, { ...TEXT, pattern: `^https?://${SAFE.slice(1)}` }),
  },
  SlotVariables: { variables },
  Variable: {
    value: { maxLength: limits.variables.value },
    from_env: { maxLength: limits.variables.fromEnv, pattern: "^(CALL_ME_SECRET_[A-Za-z0-9_]+)?$" },
  },
  PoolConfig: { name: { maxLength: limits.name, pattern: `^${NAME}$` }, max_queue: { maximum: limits.waiters.pool } },
};

const has = (name: string): Schema => ({ required: [name], properties: { [name]: { type: "string", minLength: 1 } } });
const fromEnv = { anyOf: [has("fromEnv"), has("from_env")] };
const value = { required: ["value"], properties: { value: { type: "string" } } };

/** Rules of whole messages. */
export const RULES: Readonly<Record<string, { readonly required?: readonly string[]; readonly allOf?: readonly Schema[] }>> = {
  Environment: { required: ["name"] },
  PoolConfig: { required: ["name"] },
  Variable: {
    allOf: [
      { anyOf: [value, fromEnv] },
      { not: { allOf: [value, fromEnv] } },
      { not: { allOf: [value, { required: ["secret"], properties: { secret: { const: true } } }] } },
    ],
  },
};

/** What UNSAFE matches, as ranges of a character class. */
function ranges(): string {
  const found = Array.from({ length: 0xd800 }, (_, code) => code).filter((code) => String.fromCharCode(code).search(UNSAFE) === 0);
  const starts = found.filter((code) => !found.includes(code - 1));
  const escaped = (code: number) => `\\u${code.toString(16).padStart(4, "0")}`;
  return starts
    .map((start) => {
      let end = start;
      while (found.includes(end + 1)) end++;
      return start === end ? escaped(start) : `${escaped(start)}-${escaped(end)}`;
    })
    .join("");
}
