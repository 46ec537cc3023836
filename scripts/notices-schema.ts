// The JSON schema of the files that CALL_ME_NOTICES names, by what their reader knows (src/notices).
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { NOTICE_KINDS } from "../src/core/notice.ts";
import { TEMPLATES } from "../src/notices/receiver.ts";
import { MOST } from "../src/notices/rules.ts";
import { DURATION } from "./fleet-bounds.ts";
import { object, PATTERNS, some } from "./schema-parts.ts";
import { type Outcome, root } from "./tools.ts";

const place = path.join("gen", "schema", "notices.schema.json");

/** Writes the schema below `folder`. */
export function writeNoticesSchema(folder: string): Outcome {
  const file = path.join(folder, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, written());
  return { ok: true, output: "" };
}

/** Whether the committed schema is what would be written now. */
export function noticesSchemaIsFresh(): Outcome {
  const ok = readFileSync(path.join(root, place), "utf8") === written();
  return { ok, output: ok ? "" : `stale: ${place}` };
}

function written(): string {
  return `${JSON.stringify(SCHEMA, null, 2)}\n`;
}

const url = { type: "string", maxLength: 2_048, pattern: "^[Hh][Tt][Tt][Pp][Ss]?://[^#]*$" };
const variable = { type: "string", pattern: "^CALL_ME_SECRET_[A-Za-z0-9_]{1,100}$" };
const secret = {
  description: "The variable of the server that has the key which it is signed with, whsec_…: needed for json.",
  ...variable,
};
const template = { description: "How it is written: json without it.", enum: TEMPLATES };
/** Without a key nobody could tell that JSON comes from here. */
const signed = {
  anyOf: [
    { required: ["secret_from"], properties: { secret_from: { type: "string" } } },
    { required: ["template"], properties: { template: { const: "slack" } } },
  ],
};

const rule = object(
  ["name", "patterns", "kinds"],
  {
    name: { description: "What is shown of the rule: unique.", type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$" },
    patterns: { description: `About what: ${PATTERNS.description}`, ...PATTERNS.schema },
    kinds: { description: "Of what.", ...some({ enum: NOTICE_KINDS }, NOTICE_KINDS.length) },
    url: { description: "Whom: the URL that is called with POST.", ...url },
    url_from: { description: "In its place: the variable of the server that has it, where it is secret.", ...variable },
    secret_from: secret,
    template,
    queued_for: { description: "After how long in line queued_long is told: 15m without it.", ...DURATION },
    expires_in: { description: "How long before the end expiring_soon is told, at most: 5m without it.", ...DURATION },
  },
  {
    allOf: [
      signed,
      {
        oneOf: [
          { required: ["url"], properties: { url: { type: "string" } } },
          { required: ["url_from"], properties: { url_from: { type: "string" } } },
        ],
      },
    ],
  },
);

const SCHEMA = {
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Notices of call-me",
  description: "What CALL_ME_NOTICES reads, in YAML or JSON: who is told of what.",
  ...object([], {
    rules: { description: "Who is told of what.", type: "array", maxItems: MOST.rules, items: rule },
    private: {
      description: "Addresses and networks that may be called though they are not public.",
      type: "array",
      maxItems: MOST.networks,
      items: { type: "string", minLength: 1 },
    },
    notify: {
      description: "Where leases may ask to be told of.",
      type: "array",
      maxItems: MOST.allowed,
      items: object(
        ["prefix"],
        {
          prefix: { description: "What such a URL begins with.", ...url, pattern: url.pattern.replace("[^#]", "[^#?]") },
          secret_from: secret,
          template,
        },
        signed,
      ),
    },
  }),
  patternProperties: { "^x-": { description: "The file's own: a place for anchors, for example." } },
};
