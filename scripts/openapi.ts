// The OpenAPI document of what the port answers in JSON: the methods from the contract with its comments as descriptions, the plain routes
// from openapi/routes.ts. An own generator, because a protoc plugin for it would need Go wherever `npm run generate` and the check run.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { DescMethod, FileRegistry } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel as Idempotency } from "@bufbuild/protobuf/wkt";
import { commentOf } from "./openapi/comments.ts";
import { fromContract } from "./openapi/contract.ts";
import { COMPONENTS, FAILURES, ROUTES } from "./openapi/routes.ts";
import { Schemas } from "./openapi/schemas.ts";
import { type Outcome, root } from "./tools.ts";

/** Where the document lies, below the checkout or another folder that is generated into. */
const place = path.join("gen", "openapi", "callme.openapi.json");

const SERVICES = ["callme.v1.LockService", "callme.v1.EnvironmentService", "callme.v1.InsightService", "callme.v1.AccessService"];

const ABOUT = `Locks and reservations for test environments that many pipelines share. Everything here is plain JSON over HTTP: a method is a POST
of its request to /SERVICE/METHOD; one that changes nothing can also be asked with GET. Field names are lowerCamelCase (requests may also use
the names of the .proto files), 64-bit numbers are strings, durations are seconds as "1.5s", absent fields have their default. A field that
the server does not know is refused. The same methods are served as gRPC, gRPC-Web and Connect on the same port; the streams WatchEnvironment
and WatchLease only so, with /watch as the plain form of the first. A server without API_KEY and without stored keys asks for no key.`;

/** Writes the document below `folder`. */
export function writeOpenapi(folder: string): Outcome {
  const made = openapi();
  if (!made.ok) return made;
  const file = path.join(folder, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, made.output);
  return { ok: true, output: "" };
}

/** Whether the committed document is what would be written now. */
export function openapiIsFresh(): Outcome {
  const made = openapi();
  if (!made.ok) return made;
  const ok = readFileSync(path.join(root, place), "utf8") === made.output;
  return { ok, output: ok ? "" : `stale: ${place}` };
}

/** The document, or why buf could not read the contract. */
function openapi(): Outcome {
  return fromContract(documentOf);
}

function documentOf(registry: FileRegistry): object {
  const services = SERVICES.map((name) => registry.getService(name)).filter((service) => service !== undefined);
  const methods = services.flatMap((service) => service.methods);
  const schemas = new Schemas(methods);
  return {
    openapi: "3.1.0",
    info: { title: "call-me", version: "v1", description: words(ABOUT), license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    security: [{ apiKey: [] }, { bearer: [] }],
    tags: [...services.map((service) => ({ name: service.name, description: commentOf(service) })), { name: "plain" }],
    paths: {
      ...Object.fromEntries(
        methods.filter((method) => method.methodKind === "unary").map((method) => [pathOf(method), calls(method, schemas)]),
      ),
      ...ROUTES,
    },
    components: { ...COMPONENTS, schemas: { ...COMPONENTS.schemas, ...schemas.all() } },
  };
}

function pathOf({ parent, name }: DescMethod): string {
  return `/${parent.typeName}/${name}`;
}

function calls(method: DescMethod, schemas: Schemas): object {
  const { parent, name, input, output } = method;
  const content = (schema: object) => ({ "application/json": { schema } });
  const shared = {
    tags: [parent.name],
    description: commentOf(method),
  };
  const responses = { 200: { description: commentOf(output), content: content(schemas.answer(output)) }, ...FAILURES };
  const requestBody = { required: true, content: content(schemas.request(input)) };
  const post = { operationId: `${parent.name}_${name}`, ...shared, requestBody, responses };
  if (method.idempotency !== Idempotency.NO_SIDE_EFFECTS) return { post };
  const parameters = [
    { name: "message", in: "query", required: true, description: commentOf(input), content: content(schemas.request(input)) },
    { name: "encoding", in: "query", required: true, description: "How `message` is encoded.", schema: { type: "string", const: "json" } },
    { name: "connect", in: "query", description: "The version of the protocol.", schema: { type: "string", const: "v1" } },
  ];
  return { get: { operationId: `${parent.name}_${name}_get`, ...shared, parameters, responses }, post };
}

/** One paragraph on one line. */
function words(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
