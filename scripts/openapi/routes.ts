// What no .proto file tells: the plain routes, how errors look, and the keys.
import { Code } from "@connectrpc/connect";

const json = (schema: object) => ({ "application/json": { schema } });
const refer = (name: string) => ({ $ref: `#/components/schemas/${name}` });
const response = (name: string) => ({ $ref: `#/components/responses/${name}` });

/** What a method may answer instead of 200. */
export const FAILURES = {
  400: response("Refused"),
  401: response("NoKey"),
  403: response("Forbidden"),
  404: response("NotFound"),
  409: response("Conflict"),
  415: response("NotJson"),
  429: response("TooMuch"),
  500: response("Broken"),
  503: response("NotNow"),
  default: response("Failed"),
};

const failed = (description: string) => ({ description, content: json(refer("Error")) });

/** Codes of Connect, by their names in JSON. */
const CODES = Object.values(Code)
  .filter((name) => typeof name === "string")
  .map((name) => name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase());

export const COMPONENTS = {
  securitySchemes: {
    apiKey: {
      type: "apiKey",
      in: "header",
      name: "x-api-key",
      description: "The server's API_KEY. Or a `leaseToken`, for Renew, Release and GetLease of its one lease.",
    },
    bearer: { type: "http", scheme: "bearer", description: "The same keys as `Authorization: Bearer KEY`." },
  },
  responses: {
    Refused: failed("`invalid_argument`: bad input; a google.rpc.BadRequest names the field. Or `failed_precondition`: not in this state."),
    NoKey: failed("`unauthenticated`: no key, or a wrong one."),
    Forbidden: failed("`permission_denied`: this key may not do it."),
    NotFound: failed("`not_found`; or `unimplemented`: the server has no such method."),
    Conflict: failed("`already_exists`: the request_id was used with other content."),
    NotJson: failed("The body is not declared as `application/json`."),
    TooMuch: failed("`resource_exhausted`: a limit was reached; a google.rpc.RetryInfo says when to try again, if that can help."),
    Broken: failed("`internal`: the server's log has the cause."),
    NotNow: failed("`unavailable`: draining, or the store fails; safe to retry with the same request_id."),
    Failed: failed("Any other error."),
  },
  schemas: {
    Error: {
      type: "object",
      description: "An error as Connect writes it in JSON.",
      required: ["code", "message"],
      properties: {
        code: { type: "string", description: "What kind it is, for programs.", enum: CODES },
        message: { type: "string", description: "What was wrong, with which value, and what to do next." },
        details: { type: "array", description: "At least a google.rpc.ErrorInfo with a stable `reason`.", items: refer("ErrorDetail") },
      },
    },
    ErrorDetail: {
      type: "object",
      description: "A protobuf message about an error.",
      required: ["type", "value"],
      properties: {
        type: {
          type: "string",
          description: "Its full name.",
          examples: ["google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo"],
        },
        value: { type: "string", description: "Its bytes in base64 without padding.", contentEncoding: "base64" },
        debug: { type: "object", description: "The same as JSON, for people." },
      },
    },
    PlainError: {
      type: "object",
      description: "An error as the original service wrote it.",
      required: ["code", "message"],
      properties: { code: { type: "integer" }, message: { type: "string" } },
    },
    Status: { type: "object", required: ["status"], properties: { status: { type: "string", enum: ["ok", "ready", "not ready"] } } },
  },
};

const environment = {
  name: "environment",
  in: "query",
  required: true,
  description: "The environment's name.",
  schema: { type: "string", minLength: 1 },
};

const plain = (description: string) => ({ description, content: json(refer("PlainError")) });
const REFUSALS = {
  401: plain("No key, or a wrong one."),
  413: plain("The body is too large."),
  415: plain("The body is not JSON."),
  422: plain("No environment was named."),
  500: plain("The server's log has the cause."),
  503: plain("Not now; try again."),
};
const holder = { "x-call-me-holder": { description: "Who holds it.", schema: { type: "string" } } };
const leaseId = { "x-call-me-lease-id": { description: "The lease.", schema: { type: "string" } } };
const again = { "retry-after": { description: "Seconds.", schema: { type: "string" } } };
const locked = { description: "Locked.", headers: { ...holder, ...again } };

const original = (operationId: string, description: string, responses: object) => ({
  tags: ["plain"],
  operationId,
  description,
  parameters: [environment],
  responses: { ...responses, 403: locked, ...REFUSALS },
});

const open = (operationId: string, description: string, responses: object) => ({
  get: { tags: ["plain"], operationId, description, security: [], responses },
});

const since = {
  name: "since_revision",
  in: "query",
  description: "Resume after this revision of an earlier watch.",
  schema: { type: "string", pattern: "^[0-9]{1,19}$" },
};

export const ROUTES = {
  "/watch": {
    get: {
      tags: ["plain"],
      operationId: "watch",
      description:
        "WatchEnvironment for curl: one WatchEnvironmentResponse a line, at every change, until the caller hangs up. Give either environment or pool.",
      parameters: [
        { ...environment, required: false },
        { name: "pool", in: "query", description: "Or: all environments of this pool.", schema: { type: "string", minLength: 1 } },
        since,
      ],
      responses: {
        200: {
          description: "Lines of JSON, each a WatchEnvironmentResponse.",
          content: { "application/x-ndjson": { schema: { type: "string" }, "x-line-schema": refer("WatchEnvironmentResponse") } },
        },
        ...FAILURES,
      },
    },
  },
  "/maybe": {
    get: original("maybe_look", "The original service's look: is it free?", { 200: { description: "Free." } }),
    post: original("maybe_take", "The original service's lock. It has no ttl, unless the server sets one.", {
      201: { description: "Taken.", headers: leaseId },
    }),
    delete: original("maybe_free", "The original service's unlock, of what was taken here.", {
      204: { description: "Free.", headers: leaseId },
    }),
  },
  "/healthz": open("healthz", "The process lives.", { 200: { description: "It does.", content: json(refer("Status")) } }),
  "/readyz": open("readyz", "The server takes work: not while it drains, nor just after the store failed.", {
    200: { description: "It does.", content: json(refer("Status")) },
    503: { description: "It does not.", content: json(refer("Status")) },
  }),
  "/openapi.json": open("openapi", "This document.", { 200: { description: "OpenAPI 3.1.", content: json({ type: "object" }) } }),
};
