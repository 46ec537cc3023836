import { type DescEnum, type DescField, type DescMessage, type DescMethod, ScalarType } from "@bufbuild/protobuf";
import { commentOf } from "./comments.ts";

type Schema = Readonly<Record<string, unknown>>;
/** What has a schema of its own. */
type Described = DescMessage | DescEnum;
/** The schema that stands for another declaration. */
type Refer = (other: Described) => Schema;

/**
 * The schemas of all messages and enums that methods take or give. What is taken is closed, since the server refuses what it does not know;
 * what is given is open, since a newer server may say more. What goes both ways has two: `Holder`, and `HolderInput`.
 */
export class Schemas {
  readonly #taken: ReadonlySet<Described>;
  readonly #given: ReadonlySet<Described>;

  constructor(methods: readonly DescMethod[]) {
    const unary = methods.filter(({ methodKind }) => methodKind === "unary");
    this.#taken = reachable(unary.map(({ input }) => input));
    // Those of the streams as well: /watch gives them, line by line.
    this.#given = reachable(methods.map(({ output }) => output));
  }

  request(what: Described): Schema {
    return refer(this.#inputName(what));
  }

  answer(what: Described): Schema {
    return refer(what.name);
  }

  /** By name, sorted. */
  all(): Record<string, Schema> {
    const answer: Refer = (other) => this.answer(other);
    const request: Refer = (other) => this.request(other);
    const given = [...this.#given].map(
      (what) => [what.name, what.kind === "enum" ? opened(enumOf(what)) : objectOf(what, answer)] as const,
    );
    const taken = [...this.#taken].map(
      (what) => [this.#inputName(what), what.kind === "enum" ? enumOf(what) : closed(objectOf(what, request))] as const,
    );
    return Object.fromEntries([...given, ...taken].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #inputName(what: Described): string {
    return this.#given.has(what) ? `${what.name}Input` : what.name;
  }
}

function refer(name: string): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function reachable(roots: readonly DescMessage[]): Set<Described> {
  const found = new Set<Described>();
  const visit = (message: DescMessage) => {
    if (found.has(message) || WELL_KNOWN[message.typeName] !== undefined) return;
    found.add(message);
    for (const field of message.fields) {
      if (field.message !== undefined) visit(field.message);
      if (field.enum !== undefined) found.add(field.enum);
    }
  };
  for (const root of roots) visit(root);
  return found;
}

function objectOf(message: DescMessage, other: Refer): Schema {
  const properties = message.fields.map((field) => [field.jsonName, { ...fieldOf(field, other), description: commentOf(field) }]);
  return { type: "object", description: commentOf(message), properties: Object.fromEntries(properties) };
}

function closed(object: Schema): Schema {
  return { ...object, additionalProperties: false };
}

function fieldOf(field: DescField, other: Refer): Schema {
  switch (field.fieldKind) {
    case "list":
      return { type: "array", items: itemOf(field, other) };
    case "map":
      return { type: "object", additionalProperties: itemOf(field, other) };
    default:
      return itemOf(field, other);
  }
}

function itemOf({ message, enum: choice, scalar }: DescField, other: Refer): Schema {
  if (message !== undefined) return WELL_KNOWN[message.typeName] ?? other(message);
  return choice === undefined ? scalarOf(scalar as ScalarType) : other(choice);
}

function enumOf(one: DescEnum): Schema {
  const lines = one.values.map((value) => `- \`${value.name}\`: ${commentOf(value)}`);
  return { type: "string", description: [commentOf(one), ...lines].join("\n"), enum: one.values.map(({ name }) => name) };
}

function opened({ description, ...known }: Schema): Schema {
  return { description, anyOf: [known, { type: "string", description: "What only a newer server knows." }] };
}

/** What has a form of its own in JSON. JSON Schema's own format `duration` is another one (ISO 8601). */
const WELL_KNOWN: Readonly<Record<string, Schema>> = {
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$", examples: ["30s", "0.5s"] },
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
};

const SCALARS: Partial<Record<ScalarType, Schema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.DOUBLE]: { type: "number" },
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
