// The JSON schema of the files that `env apply` and CALL_ME_CONFIG read: the messages from the contract with their comments, and the bounds of
// the server. Editors complete and check such files by it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type DescEnum, type DescField, type DescMessage, type FileRegistry, ScalarType } from "@bufbuild/protobuf";
import { OUTPUT_ONLY } from "../cli/fleet/environments.ts";
import { BOUNDS, DURATION, RULES, TEXT } from "./fleet-bounds.ts";
import { commentOf } from "./openapi/comments.ts";
import { fromContract } from "./openapi/contract.ts";
import { type Outcome, root } from "./tools.ts";

type Schema = Readonly<Record<string, unknown>>;

const place = path.join("gen", "schema", "fleet.schema.json");
/** The entries of the two lists of a file. */
const LISTS = { environments: "callme.v1.Environment", pools: "callme.v1.PoolConfig" } as const;

/** Writes the schema below `folder`. */
export function writeFleetSchema(folder: string): Outcome {
  const made = fromContract(schemaOf);
  if (!made.ok) return made;
  const file = path.join(folder, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, made.output);
  return { ok: true, output: "" };
}

/** Whether the committed schema is what would be written now. */
export function fleetSchemaIsFresh(): Outcome {
  const made = fromContract(schemaOf);
  if (!made.ok) return made;
  const ok = readFileSync(path.join(root, place), "utf8") === made.output;
  return { ok, output: ok ? "" : `stale: ${place}` };
}

function schemaOf(registry: FileRegistry): object {
  const roots = Object.values(LISTS).flatMap((name) => registry.getMessage(name) ?? []);
  const messages = [...new Set(roots.flatMap((message) => [message, ...within(message)]))];
  const [environments, pools] = roots.map((message) => ({ type: "array", description: commentOf(message), items: refer(message) }));
  return {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "A fleet of call-me: its environments and pools",
    description: "What `call-me env apply FILE` and CALL_ME_CONFIG read, in YAML or JSON; or the list of environments alone.",
    if: { type: "array" },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: environments,
    else: {
      type: "object",
      required: ["environments"],
      properties: { environments, pools: { ...pools, type: ["array", "null"] } },
      patternProperties: {
        "^x-": { description: "The file's own: a place for anchors, for example." },
        "^(nextPageToken|next_page_token)$": { description: "What `env list --json` has beside them. It is left out." },
      },
      additionalProperties: false,
    },
    definitions: Object.fromEntries(messages.map((message) => [message.name, objectOf(message)])),
  };
}

/** The messages that a message is made of, as far as a file says them. */
function within(message: DescMessage): DescMessage[] {
  const parts = message.fields.flatMap((field) => (isGiven(message, field) && field.message !== undefined ? [field.message] : []));
  return parts.filter(({ typeName }) => !typeName.startsWith("google.")).flatMap((part) => [part, ...within(part)]);
}

function isGiven(message: DescMessage, { name }: DescField): boolean {
  return message.name !== "Environment" || !OUTPUT_ONLY.has(name);
}

function refer({ name }: DescMessage): Schema {
  return { $ref: `#/definitions/${name}` };
}

/** A field may be spelled as in JSON, which editors propose, or as in the contract. */
function objectOf(message: DescMessage): Schema {
  const properties = Object.fromEntries(message.fields.map((field) => [field.jsonName, propertyOf(message, field)]));
  const others = message.fields.filter(({ name, jsonName }) => name !== jsonName);
  const spelled = others.map(({ name, jsonName }) => [`^${name}$`, { $ref: `#/definitions/${message.name}/properties/${jsonName}` }]);
  const once = others.map(({ name, jsonName }) => ({ not: { required: [name, jsonName] } }));
  const { allOf = [], ...rules } = RULES[message.name] ?? {};
  return {
    type: "object",
    description: commentOf(message),
    properties,
    ...(spelled.length > 0 && { patternProperties: Object.fromEntries(spelled) }),
    additionalProperties: false,
    ...rules,
    ...(once.length + allOf.length > 0 && { allOf: [...once, ...allOf] }),
  };
}

/** A key without a value is as good as none. */
function propertyOf(message: DescMessage, field: DescField): Schema {
  const description = commentOf(field);
  if (!isGiven(message, field)) return { description, readOnly: true };
  const schema = { ...fieldOf(field), ...BOUNDS[message.name]?.[field.name] };
  if (RULES[message.name]?.required?.includes(field.jsonName)) return { description, ...schema };
  if ("$ref" in schema) return { description, anyOf: [schema, { type: "null" }] };
  const { enum: names, type } = schema as { enum?: string[]; type: string };
  return { description, ...schema, type: [type, "null"], ...(names && { enum: [...names, null] }) };
}

function fieldOf(field: DescField): Schema {
  const item = itemOf(field);
  if (field.fieldKind === "list") return { type: "array", items: item };
  return field.fieldKind === "map" ? { type: "object", additionalProperties: item } : item;
}

function itemOf({ message, enum: choice, scalar }: DescField): Schema {
  if (message !== undefined) return message.typeName === "google.protobuf.Duration" ? DURATION : refer(message);
  return choice === undefined ? scalarOf(scalar) : enumOf(choice);
}

/** Without what all values of an enum begin with, or in full. */
function enumOf({ values }: DescEnum): Schema {
  const [absent, ...given] = values;
  return {
    type: "string",
    enum: [...given, absent].flatMap((value) => (value ? [value.localName] : [])).concat(values.map(({ name }) => name)),
  };
}

function scalarOf(scalar: ScalarType | undefined): Schema {
  if (scalar === ScalarType.STRING) return TEXT;
  if (scalar === ScalarType.BOOL) return { type: "boolean" };
  if (scalar === ScalarType.UINT32) return { type: "integer", minimum: 0, maximum: 2 ** 32 - 1 };
  throw new Error(`scripts/fleet-schema.ts does not know how a file says ${scalar && ScalarType[scalar]}; add it there`);
}
