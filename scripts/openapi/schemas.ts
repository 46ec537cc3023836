import { type DescEnum, type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { commentOf } from "./comments.ts";

type Schema = Readonly<Record<string, unknown>>;

/**
 * The schemas of all messages that methods take or give. What is taken is closed, since the server refuses what it does not know; what is
 * given is open, since a newer server may say more. A message that goes both ways has two: `Holder`, and `HolderInput`.
 */
export class Schemas {
  readonly #taken: ReadonlySet<DescMessage>;
  readonly #given: ReadonlySet<DescMessage>;

  constructor(methods: readonly DescMethod[]) {
    const unary = methods.filter(({ methodKind }) => methodKind === "unary");
    this.#taken = reachable(unary.map(({ input }) => input));
    // Those of the streams as well: /watch gives them, line by line.
    this.#given = reachable(methods.map(({ output }) => output));
  }

  request(message: DescMessage): Schema {
    return refer(this.#inputName(message));
  }

  answer(message: DescMessage): Schema {
    return refer(message.name);
  }

  /** By name, sorted. */
  all(): Record<string, Schema> {
    const schemas: [string, Schema][] = [];
    for (const message of this.#given) schemas.push([message.name, objectOf(message, (other) => this.answer(other))]);
    for (const message of this.#taken)
      schemas.push([this.#inputName(message), { ...objectOf(message, (other) => this.request(other)), additionalProperties: false }]);
    const enums = [...this.#given, ...this.#taken].flatMap(({ fields }) => fields.map((field) => field.enum));
    for (const one of new Set(enums.filter((found) => found !== undefined))) schemas.push([one.name, enumOf(one)]);
    return Object.fromEntries(schemas.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #inputName(message: DescMessage): string {
    return this.#given.has(message) ? `${message.name}Input` : message.name;
  }
}

function refer(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function reachable(roots: readonly DescMessage[]): Set<DescMessage> {
  const found = new Set<DescMessage>();
  const visit = (message: DescMessage) => {
    if (found.has(message) || WELL_KNOWN[message.typeName] !== undefined) return;
    found.add(message);
    for (const field of message.fields) if (field.message !== undefined) visit(field.message);
  };
  for (const root of roots) visit(root);
  return found;
}

function objectOf(message: DescMessage, other: (message: DescMessage) => Schema): Schema {
  const properties = message.fields.map((field) => [field.jsonName, { ...fieldOf(field, other), description: commentOf(field) }]);
  return { type: "object", description: commentOf(message), properties: Object.fromEntries(properties) };
}

function fieldOf(field: DescField, other: (message: DescMessage) => Schema): Schema {
  const messageOf = (message: DescMessage) => WELL_KNOWN[message.typeName] ?? other(message);
  switch (field.fieldKind) {
    case "scalar":
      return scalarOf(field.scalar);
    case "enum":
      return refer(field.enum.name);
    case "message":
      return messageOf(field.message);
    case "list":
      return { type: "array", items: itemOf(field, messageOf) };
    case "map":
      return { type: "object", additionalProperties: itemOf(field, messageOf) };
  }
}

function itemOf(field: DescField & { fieldKind: "list" | "map" }, messageOf: (message: DescMessage) => Schema): Schema {
  if (field.message !== undefined) return messageOf(field.message);
  return field.enum === undefined ? scalarOf(field.scalar) : refer(field.enum.name);
}

function enumOf(one: DescEnum): Schema {
  const lines = one.values.map((value) => `- \`${value.name}\`: ${commentOf(value)}`);
  return { type: "string", description: [commentOf(one), ...lines].join("\n"), enum: one.values.map(({ name }) => name) };
}

/** What has a form of its own in JSON. JSON Schema's own format `duration` is another one (ISO 8601). */
const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$", examples: ["30s", "0.5s"] },
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
};

const SCALARS: Partial<Record<ScalarType, Schema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.INT32]: { type: "integer", format: "int32", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 },
  [ScalarType.UINT32]: { type: "integer", format: "uint32", minimum: 0, maximum: 2 ** 32 - 1 },
  [ScalarType.UINT64]: { type: "string", format: "uint64", pattern: "^[0-9]{1,20}$" },
};

function scalarOf(scalar: ScalarType): Schema {
  const schema = SCALARS[scalar];
  if (schema === undefined) throw new Error(`scripts/openapi/schemas.ts does not know how JSON writes ${ScalarType[scalar]}; add it there`);
  return schema;
}
