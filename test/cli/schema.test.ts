/** The JSON schema of fleet files: it refuses what env apply refuses, and takes what that takes. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FleetDocument } from "../../cli/fleet/document.ts";
import { fleetIn } from "../../cli/fleet/environments.ts";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start({ CALL_ME_SECRET_ONE: "one" });
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());

const printed = JSON.parse((await type(["env", "schema"])).stdout);
const isFleet = new Ajv({ allErrors: true, strictTypes: false }).compile(printed);

/** Whether the schema takes a file, and whether env apply does. */
async function verdicts(text: string): Promise<{ schema: boolean; apply: boolean }> {
  const document = await FleetDocument.parse("fleet.yaml", text);
  const { code } = await type(["env", "apply", "-", "--dry-run"], env, { stdin: text });
  return { schema: isFleet(document.value), apply: code === 0 };
}

test.each([
  ["a choice that there is not", "- { name: a, on_expiry: KEEP }"],
  ["a choice by its number", "- { name: a, on_expiry: 2 }"],
  ["a text for a number", "- { name: a, capacity: two }"],
  ["a number in quotes", '- { name: a, capacity: "2" }'],
  ["a number for a text", "- { name: a, description: 3 }"],
  ["a switch for a label", "- { name: a, labels: { gpu: true } }"],
  ["a label without a text", "- { name: a, labels: { gpu: } }"],
  ["a list for an object", "- { name: a, labels: [gpu] }"],
  ["a misspelt field", "- { name: a, capcity: 2 }"],
  ["a field given in both spellings", "- { name: a, defaultTtl: 1m, default_ttl: 2m }"],
  ["too many slots", "- { name: a, capacity: 10001 }"],
  ["no slot", "- { name: a, capacity: 0 }"],
  ["half a slot", "- { name: a, capacity: 1.5 }"],
  ["a duration without a unit", "- { name: a, max_ttl: 90 }"],
  ["a duration with a strange unit", "- { name: a, max_ttl: 3 weeks }"],
  ["no name", "- { capacity: 2 }"],
  ["a name without a text", "- { name: }"],
  ["a name that is none", "- { name: a b }"],
  ["a pool that is none", "- { name: a, pool: -x }"],
  ["a line break", '- { name: a, description: "b\\nc" }'],
  ["text that turns others around", '- { name: a, description: "b\\u202ec" }'],
  ["a long text", `- { name: a, description: ${"x".repeat(513)} }`],
  ["many labels", `- { name: a, labels: { ${Array.from({ length: 33 }, (_, index) => `l${index}: x`).join()} } }`],
  ["a label without a name", '- { name: a, labels: { "": x } }'],
  ["a link that no page should show", '- { name: a, links: { page: "javascript:1" } }'],
  ["a variable with two sources", "- { name: a, variables: { V: { value: x, fromEnv: CALL_ME_SECRET_ONE } } }"],
  ["a variable with none", "- { name: a, variables: { V: {} } }"],
  ["a secret that is written down", "- { name: a, variables: { V: { value: x, secret: true } } }"],
  ["a variable of the server's own", "- { name: a, variables: { V: { from_env: PATH } } }"],
  ["a variable that no shell could name", "- { name: a, variables: { a-b: { value: x } } }"],
  ["an environment that is a text", "- uat"],
  ["environments that are an object", "environments: { uat: {} }"],
  ["no environments", "pools: []"],
  ["an unknown key", "environments: []\npool: []"],
  ["pools that are an object", "environments: []\npools: { lab: {} }"],
  ["a pool without a name", "environments: []\npools: [{ maxQueue: 2 }]"],
  ["a line that is too long", "environments: []\npools: [{ name: lab, max_queue: 20001 }]"],
  ["a switch in words", 'environments: []\npools: [{ name: lab, autoCreate: "off" }]'],
  ["a file that is a text", "uat"],
])("both refuse %s", async (_, text) => {
  expect(await verdicts(text)).toEqual({ schema: false, apply: false });
});

test.each([
  ["nothing", "environments: []"],
  ["a list alone", "- { name: a }"],
  ["both spellings, of different fields", "- { name: a, defaultTtl: 1h30m, max_hold: 2d }"],
  ["keys without a value", "environments:\n  - name: a\n    labels:\n    capacity:\n    variables:\n    default_ttl:\npools:"],
  ["anchors of its own", "x-kind: &kind { capacity: 2 }\nenvironments: [{ <<: *kind, name: a }]"],
  [
    "all that can be said of an environment's holder",
    "- { name: a, variables: { V: { value: x }, S: { fromEnv: CALL_ME_SECRET_ONE, secret: true } }, slotVariables: [{ variables: { PORT: { value: '1' } } }] }",
  ],
  ["choices, with and without what they begin with", "[{ name: a, on_expiry: HOLD }, { name: b, onExpiry: ON_EXPIRY_CLEAN }]"],
  ["pools", "environments: []\npools: [{ name: lab }, { name: default, maxQueue: 0, auto_create: false }]"],
  ["what only the server sets", "- { name: a, state: ENVIRONMENT_STATE_DIRTY, on_demand: true, facts: {} }"],
])("both take %s", async (_, text) => {
  expect(await verdicts(text)).toEqual({ schema: true, apply: true });
});

test("what env list prints is such a file, as YAML and as JSON", async () => {
  const stdin =
    "pools: [{ name: lab, maxQueue: 2 }]\nenvironments: [{ name: a, on_expiry: HOLD, default_ttl: 1h, variables: { V: { value: x } } }]";
  await type(["env", "apply", "-"], env, { stdin });
  for (const option of ["--yaml", "--json"]) {
    const { stdout } = await type(["env", "list", option], env);
    expect(isFleet((await FleetDocument.parse("fleet.yaml", stdout)).value), JSON.stringify(isFleet.errors)).toBe(true);
  }
});

/** The YAML of the documentation that shows a fleet. */
const shown = ["README.md", ...readdirSync("docs").filter((name) => name.endsWith(".md"))]
  .map((name) => (name === "README.md" ? name : path.join("docs", name)))
  .flatMap((name) => {
    const blocks = readFileSync(name, "utf8").matchAll(/^```yaml\n(.*?)^```/gms);
    return [...blocks].filter(([, text = ""]) => /^environments:/m.test(text)).map(([, text = ""], index) => [name, index, text] as const);
  });

test("the documentation of the command line and of the server shows fleets", () => {
  const names = shown.map(([name]) => name);
  for (const name of ["docs/cli.md", "docs/operating.md"]) expect(names).toContain(name);
});

test.each(shown)("in %s fleet %i is one", async (_name, _index, text) => {
  const document = await FleetDocument.parse("fleet.yaml", text);
  expect(isFleet(document.value), JSON.stringify(isFleet.errors)).toBe(true);
  expect(fleetIn(document).leftOut).toEqual([]);
});

test("every field says what it is for", () => {
  const { definitions } = printed as { definitions: Record<string, { properties: Record<string, { description?: string }> }> };
  const silent = Object.entries(definitions).flatMap(([name, { properties }]) =>
    Object.entries(properties).flatMap(([field, { description = "" }]) => (description === "" ? [`${name}.${field}`] : [])),
  );
  expect(silent).toEqual([]);
});
