// What the OpenAPI document says, as validators of JSON.
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";

interface Responses {
  readonly [status: string]: { readonly $ref?: string; readonly content?: object };
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly components: { readonly schemas: Record<string, DescribedSchema> };
}

interface DescribedSchema {
  properties?: object;
  additionalProperties?: unknown;
  anyOf?: readonly { enum?: readonly string[] }[];
}

/** One schema of the document. */
export interface Schema {
  /** What is wrong with a value; empty if it fits. */
  errorsOf(value: unknown): string[];
}

/** The document, as it is for clients, or with every object and enum closed: then an answer may hold nothing that is not described. */
class Described {
  readonly document = JSON.parse(readFileSync("gen/openapi/callme.openapi.json", "utf8")) as Document;
  // Descriptions, examples and the like are OpenAPI's, of which ajv in its strict mode knows nothing.
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });

  constructor(how: "as it is" | "closed") {
    for (const schema of how === "closed" ? Object.values(this.document.components.schemas) : []) {
      if (schema.properties !== undefined) schema.additionalProperties ??= false;
      if (schema.anyOf !== undefined) schema.anyOf = schema.anyOf.filter((one) => one.enum !== undefined);
    }
    formats.default(this.#ajv);
    for (const name of ["int32", "uint32", "uint64"]) this.#ajv.addFormat(name, true);
    this.#ajv.addSchema(this.document, "callme");
  }

  /** The schema at a place in the document. */
  schema(place: string): Schema {
    const validate: ValidateFunction = this.#ajv.compile({ $ref: `callme${place}` });
    return {
      errorsOf: (value) => (validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`)),
    };
  }

  /** Every object of the document, with its JSON pointer. */
  everyObject(): { at: string; value: object }[] {
    const found: { at: string; value: object }[] = [];
    const visit = (value: unknown, at: string) => {
      if (typeof value !== "object" || value === null) return;
      found.push({ at, value });
      for (const [key, inner] of Object.entries(value)) visit(inner, `${at}/${key}`);
    };
    visit(this.document, "");
    return found;
  }
}

export const published = new Described("as it is");
export const closed = new Described("closed");

/** All operations, as `post /path`. */
export const operations: ReadonlySet<string> = new Set(
  Object.entries(closed.document.paths).flatMap(([path, item]) => Object.keys(item).map((method) => `${method} ${path}`)),
);

/** What the body of a POST must be. */
export function requestSchema(path: string): Schema {
  return closed.schema(`#/paths/${escaped(path)}/post/requestBody/content/application~1json/schema`);
}

/** What the body of an answer with this status must be; undefined if there must be none. Throws if there may be no such answer. */
export function answerSchema(path: string, method: string, status: number): Schema | undefined {
  const response = closed.document.paths[path]?.[method]?.responses[status];
  if (response === undefined) throw new Error(`${method} ${path} answered ${status}, of which the document says nothing`);
  if (response.$ref !== undefined) return closed.schema(`${response.$ref}/content/application~1json/schema`);
  if (response.content === undefined) return undefined;
  return closed.schema(`#/paths/${escaped(path)}/${method}/responses/${status}/content/application~1json/schema`);
}

function escaped(path: string): string {
  return path.replaceAll("~", "~0").replaceAll("/", "~1");
}
