// The JSON schema of the files that CALL_ME_ACCESS names, by what their reader knows (src/access). Editors complete and check such files by it.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { NAME_KINDS } from "../src/access/certificates/certificate.ts";
import { PROVIDERS, type Provider } from "../src/access/oidc/providers.ts";
import { ALGORITHMS } from "../src/access/oidc/rule.ts";
import { ROLES } from "../src/core/access/grant.ts";
import { limits } from "../src/core/limits.ts";
import { DURATION } from "./fleet-bounds.ts";
import { object, PATTERNS, type Schema, some } from "./schema-parts.ts";
import { type Outcome, root } from "./tools.ts";

const place = path.join("gen", "schema", "access.schema.json");

/** Writes the schema below `folder`. */
export function writeAccessSchema(folder: string): Outcome {
  const file = path.join(folder, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, written());
  return { ok: true, output: "" };
}

/** Whether the committed schema is what would be written now. */
export function accessSchemaIsFresh(): Outcome {
  const ok = readFileSync(path.join(root, place), "utf8") === written();
  return { ok, output: ok ? "" : `stale: ${place}` };
}

function written(): string {
  return `${JSON.stringify(SCHEMA, null, 2)}\n`;
}

/** Ids and truths may stand without quotes. */
const scalar: Schema = { type: ["string", "number", "boolean"], minLength: 1, maxLength: limits.text };
const text: Schema = { type: "string", minLength: 1, maxLength: limits.text };
const mode: Schema = { enum: ["enforce", "audit"], description: "audit: nobody is let in by it, but the log says who would be." };

const grant = object(["role", "patterns"], {
  role: { enum: ROLES, description: "What may be done." },
  patterns: { description: `On what: ${PATTERNS.description}`, ...PATTERNS.schema },
  max_hold: { description: "No lease is held for longer.", ...DURATION },
  max_priority: { description: "No request has a higher priority.", type: "integer", minimum: -limits.priority, maximum: limits.priority },
  max_leases: { description: "So many leases at once, waiting ones included.", type: "integer", minimum: 1, maximum: limits.leases.total },
});

const name = {
  description: "Part of the principal of all whom it lets in: unique.",
  type: "string",
  pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
};
const grants = { description: "What for.", ...some({ $ref: "#/definitions/grant" }, limits.patterns.count) };
const names = some(text, 16);
const rule = object(["name", "claims", "grants"], {
  name,
  claims: { description: "Whom it means: all must fit. * is any characters but / and :, ? is one of these.", type: "object" },
  grants,
  identity: { description: "The claims that tell one caller from another.", ...names },
  label: { description: "The claim that is shown beside the principal.", ...text },
  record: { description: "Claims for the record of what the caller did, beside those of every rule.", ...names },
  mode,
});

const endpoint = { type: "string", pattern: "^(https://|http://(127[.]|localhost|\\[::1\\]))" };
const browser = object(["client_id"], {
  client_id: {
    description: "The page's id at the issuer, where it is a public client: the aud of people's tokens.",
    ...text,
    maxLength: 255,
  },
  scopes: { description: "Without it openid, profile and email.", ...some({ type: "string", pattern: "^[^ ]+$" }, 16) },
  label: { description: "What the button says.", ...text, maxLength: 64 },
  authorization_endpoint: { description: "Without it as the issuer's .well-known/openid-configuration says.", ...endpoint },
  token_endpoint: { description: "Likewise.", ...endpoint },
});

const issuer = object(["provider", "rules"], {
  provider: { enum: Object.keys(PROVIDERS), description: "Whose tokens they are." },
  issuer: { description: "The iss of its tokens, to the letter.", type: "string", pattern: "^https?://" },
  jwks_uri: { description: "Where its keys are.", type: "string", pattern: "^(https://|http://(127[.]|localhost|\\[::1\\]))" },
  audience: { description: "The aud that its tokens must have: this server's URL, for example.", ...text, maxLength: 255 },
  algorithms: { description: "Without it RS256.", ...some({ enum: ALGORITHMS }, ALGORITHMS.length) },
  browser: { description: "How people sign in there by the page.", ...browser },
  max_age: { description: "No token is taken that was issued longer ago: 1m to 24h.", ...DURATION },
  mode,
  rules: { description: "Who is let in: the first that fits counts.", type: "array", minItems: 1, items: { $ref: "#/definitions/rule" } },
});

const certificate = object(["name", "san", "grants"], {
  name,
  san: {
    description: "The alternative name that it is for, of one kind. * is any characters but those that part such names, ? is one of these.",
    type: "object",
    properties: Object.fromEntries(NAME_KINDS.map((kind) => [kind, some({ type: "string", minLength: 1, maxLength: 255 }, 256)])),
    additionalProperties: false,
    minProperties: 1,
    maxProperties: 1,
  },
  grants,
});

const count = (description: string) => ({ description, type: "integer", minimum: 1, maximum: 1_000_000 });
const rate = (description: string) => ({
  description,
  ...object([], { per_second: count("In the long run."), at_once: count("After a while without any.") }),
});
const requests = rate("Requests.");
const streams = count("Open streams.");
const leases = count("Live leases, waiting ones included, where no grant bounds them.");

const bounds = object([], {
  principal: {
    description: "What each principal may use: whoever has a key, a token or a certificate.",
    ...object([], { requests, streams, leases }),
  },
  lease: { description: "What may be asked by each lease_token.", ...object([], { requests, streams }) },
  address: {
    description: "What each address may use; an IPv6 network of 64 bits is one.",
    ...object([], {
      requests,
      streams,
      leases: count("Live leases, waiting ones included, of whomever."),
      connections: count("Open connections."),
      connects: rate("New connections."),
      failures: rate("Wrong keys and refused tokens: beyond it their connections are slowed down."),
    }),
  },
  exempt: {
    description: "Whom none of it binds.",
    ...object([], {
      principals: { description: "In place of admin and anonymous.", type: "array", maxItems: 1_000, items: text },
      addresses: {
        description: "Addresses and networks, in place of those of the server's own machine.",
        type: "array",
        maxItems: 1_000,
        items: text,
      },
    }),
  },
});

/** What holds for the tokens of one provider. */
function particular(name: string, { issuer: known, issuers, jwksUri, bound, unfit }: Provider): Schema {
  const id = some({ ...scalar, pattern: "^[^*?]+$" }, 256);
  const claims = {
    minProperties: 1,
    properties: {
      ...Object.fromEntries(bound.map((claim) => [claim, id])),
      ...Object.fromEntries(Object.entries(unfit).map(([claim, why]) => [claim, { not: {}, description: why }])),
    },
    additionalProperties: some(scalar, 256),
    ...(bound.length > 0 && { anyOf: bound.map((claim) => ({ required: [claim] })) }),
  };
  const needed = [...(known === undefined ? ["issuer"] : []), ...(jwksUri === undefined ? ["jwks_uri"] : [])];
  return {
    if: { properties: { provider: { const: name } } },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      ...(needed.length > 0 && { required: needed }),
      properties: {
        ...Object.fromEntries(needed.map((field) => [field, { type: "string" }])),
        ...(issuers && { issuer: { pattern: issuers.form.source } }),
        ...(name !== "other" && { browser: { not: {} } }),
        rules: { items: { properties: { claims } } },
      },
    },
  };
}

const SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Access rules of call-me",
  description: "What CALL_ME_ACCESS reads, in YAML or JSON: who is let in without a key of this server, and what they may do.",
  ...object([], {
    issuers: { description: "Whose tokens are taken.", type: "array", maxItems: 64, items: { $ref: "#/definitions/issuer" } },
    certificates: {
      description: "Whose client certificates are taken: the first that fits counts.",
      type: "array",
      maxItems: 1_000,
      items: { $ref: "#/definitions/certificate" },
    },
    limits: { description: "How much one principal, and one address, may use of the server.", ...bounds },
  }),
  patternProperties: { "^x-": { description: "The file's own: a place for anchors, for example." } },
  definitions: {
    issuer: {
      ...issuer,
      anyOf: [{ required: ["audience"] }, { required: ["browser"] }],
      allOf: Object.entries(PROVIDERS).map(([name, provider]) => particular(name, provider)),
    },
    rule,
    certificate,
    grant,
  },
};
