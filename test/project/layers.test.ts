import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root, tool } from "../../scripts/tools.ts";

/** What biome.json must refuse: a sentence, the file (or its folder), the code, and the rule that objects. */
const violations: [sentence: string, file: string, code: string, rule: string][] = [
  ["core imports the store", "src/core", `export type { Store } from "../store/store.ts";`, "noRestrictedImports"],
  ["core loads the engine lazily", "src/core", `export const engine = () => import("../engine/engine.ts");`, "noRestrictedImports"],
  ["the values import the line", "src/core/model", `export { fits } from "../line/line.ts";`, "noRestrictedImports"],
  ["the line imports the verbs", "src/core/line", `export { acquire } from "../verbs/acquire.ts";`, "noRestrictedImports"],
  ["a verb imports the store", "src/core/verbs", `export type { Store } from "../../store/store.ts";`, "noRestrictedImports"],
  ["core imports a built-in module", "src/core", `export { readFileSync } from "node:fs";`, "noRestrictedImports"],
  ["core imports a package", "src/core", `export { create } from "@bufbuild/protobuf";`, "noRestrictedImports"],
  ["core asks for the date", "src/core", "export const now = Date.now();", "noRestrictedGlobals"],
  ["core reads a clock", "src/core", "export const now = performance.now();", "noRestrictedGlobals"],
  ["core sets a timer", "src/core", "setTimeout(() => {}, 1);", "noRestrictedGlobals"],
  ["core throws dice", "src/core", "export const dice = Math.random();", "noJsRestrictedProperties"],
  ["core makes an id", "src/core", "export const id = crypto.randomUUID();", "noRestrictedGlobals"],
  ["core looks at the process", "src/core", "export const pid = process.pid;", "noRestrictedGlobals"],
  ["core goes around by globalThis", "src/core", "export const now = globalThis.Date.now();", "noRestrictedGlobals"],
  ["core has an async function", "src/core", "export async function decide() {\n  await null;\n}", "plugin"],
  ["core has an async arrow", "src/core", "export const decide = async () => await null;", "plugin"],
  ["core has an async method", "src/core", "export class Pool {\n  async decide() {\n    await null;\n  }\n}", "plugin"],
  ["core speaks of promises", "src/core", "export type Later = Promise<number>;", "noRestrictedGlobals"],
  ["the store imports the engine", "src/store", `export type { Engine } from "../engine/engine.ts";`, "noRestrictedImports"],
  ["the store's folder imports the engine", "src/store/sqlite", `export type { Hub } from "../../engine/hub.ts";`, "noRestrictedImports"],
  [
    "the store imports generated code",
    "src/store",
    `export type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";`,
    "noRestrictedImports",
  ],
  ["the store imports the settings", "src/store", `export { config } from "../config.ts";`, "noRestrictedImports"],
  ["the engine imports a service", "src/engine", `export type { Listen } from "../rpc/listen.ts";`, "noRestrictedImports"],
  ["the engine imports the transport", "src/engine", `export { ConnectError } from "@connectrpc/connect";`, "noRestrictedImports"],
  ["the engine imports the database", "src/engine", `export { default } from "better-sqlite3";`, "noRestrictedImports"],
  ["what tells who calls imports the store", "src/access", `export type { Store } from "../store/store.ts";`, "noRestrictedImports"],
  ["its folder imports rpc", "src/access/oidc", `export { failure } from "../../rpc/errors.ts";`, "noRestrictedImports"],
  ["the metrics import rpc", "src/metrics", `export { sightOf } from "../rpc/sight.ts";`, "noRestrictedImports"],
  ["the notices import a service", "src/notices", `export { failure } from "../rpc/errors.ts";`, "noRestrictedImports"],
  ["the engine imports the notices", "src/engine", `export { Notices } from "../notices/notices.ts";`, "noRestrictedImports"],
  ["rpc imports the app", "src/rpc", `export type { App } from "../app.ts";`, "noRestrictedImports"],
  ["rpc imports the settings", "src/rpc", `export type { Config } from "../config.ts";`, "noRestrictedImports"],
  ["the app imports main", "src", `export { main } from "./main.ts";`, "noRestrictedImports"],
  ["the server imports the CLI", "src", `export { run } from "../cli/main.ts";`, "noRestrictedImports"],
  ["the server reads the environment outside config.ts", "src/rpc", `export const key = process.env["API_KEY"];`, "noProcessEnv"],
  ["the server prints", "src/rpc", `console.error("x");`, "noConsole"],
  ["the server writes past its log", "src", `process.stderr.write("x");`, "noJsRestrictedProperties"],
  ["the CLI writes to Node's stdout", "cli/commands", `process.stdout.write("x");`, "noJsRestrictedProperties"],
  ["the CLI takes Node's stdin", "cli", "export const { isTTY } = process.stdin;", "noJsRestrictedProperties"],
  ["the CLI prints", "cli/words", `console.log("x");`, "noConsole"],
  ["an integration writes to Node's stderr", "integrations/github", `process.stderr.write("x");`, "noJsRestrictedProperties"],
  ["a client prints", "clients/ts/src", `console.error("x");`, "noConsole"],
  ["the CLI imports the server", "cli/commands", `export { limits } from "../../src/core/limits.ts";`, "noRestrictedImports"],
  ["the CLI loads the server lazily", "cli", `export const main = () => import("../src/main.ts");`, "noRestrictedImports"],
  ["the CLI imports a client's testee", "cli", `export { main } from "../clients/ts/testee.ts";`, "noRestrictedImports"],
  ["what is said asks the server", "cli/words", `export { connect } from "../client.ts";`, "noRestrictedImports"],
  ["the CLI imports the process", "cli/words", `export { pid } from "node:process";`, "noRestrictedImports"],
  ["a client imports the server", "clients/ts/src", `export { limits } from "../../../src/core/limits.ts";`, "noRestrictedImports"],
  ["a client imports the CLI", "clients/ts/src", `export { explain } from "../../../cli/exit.ts";`, "noRestrictedImports"],
  ["a client imports what it does not declare", "clients/ts/src", `export { pino } from "pino";`, "noUndeclaredDependencies"],
  ["a module imports another that imports it", "src/engine/ring.ts", `export { round } from "./round.ts";`, "noImportCycles"],
  [
    "and the other way round",
    "src/engine/round.ts",
    `import type { ring } from "./ring.ts";\nexport const round: typeof ring = 1;`,
    "noImportCycles",
  ],
  [
    "a promise is dropped",
    "src/engine",
    "async function save() {\n  await null;\n}\nexport const go = () => {\n  save();\n};",
    "noFloatingPromises",
  ],
  ["a package is not declared", "src/rpc", `export { z } from "zod";`, "noUndeclaredDependencies"],
  ["an import lacks its extension", "src/engine", `export { lane } from "./ring";`, "useImportExtensions"],
  ["any", "src/engine", "export const lane: any = 1;", "noExplicitAny"],
  [
    "an integration imports a client",
    "integrations/github",
    `export { reasonOf } from "../../clients/ts/src/errors.ts";`,
    "noRestrictedImports",
  ],
  ["an integration imports the server", "integrations/github", `export { main } from "../../src/main.ts";`, "noRestrictedImports"],
  ["the page imports the CLI", "web/words", `export { spell } from "../../cli/words/duration.ts";`, "noRestrictedImports"],
  ["the page imports the server", "web", `export { limits } from "../src/core/limits.ts";`, "noRestrictedImports"],
  ["the page imports a client", "web/state", `export { Client } from "../../clients/ts/src/index.ts";`, "noRestrictedImports"],
  ["the page imports a module of Node", "web", `export { join } from "node:path";`, "noRestrictedImports"],
  [
    "the page makes HTML of text",
    "web/planted.tsx",
    "export const bold = (text: string) => <b dangerouslySetInnerHTML={{ __html: text }} />;",
    "noDangerouslySetInnerHtml",
  ],
  ["a non-null assertion", "src/engine", "export const first = (list: string[]) => list[0]!.length;", "noNonNullAssertion"],
  ["a file of over 300 lines", "src/engine", "export {};\n".repeat(301), "noExcessiveLinesPerFile"],
  ["a function of over 50 lines", "src/engine", `export function long() {\n${"  long();\n".repeat(51)}}`, "noExcessiveLinesPerFunction"],
  ["a test sleeps", "test/lock", "setTimeout(() => {}, 100);", "noRestrictedGlobals"],
  ["a test imports sleep", "test/lock", `export { setTimeout } from "node:timers/promises";`, "noRestrictedImports"],
  ["a test runs alone", "test/lock", `import { it } from "vitest";\nit.only("x", () => {});`, "noFocusedTests"],
];

/** What it must let pass, so that the rules are no wider than meant. */
const permitted: [sentence: string, file: string, code: string][] = [
  ["core imports core", "src/core/planted.ts", `export type { Pool } from "./model/pool.ts";`],
  [
    "the verbs import the line",
    "src/core/verbs/planted.ts",
    `export { fits } from "../line/line.ts";\nexport { limits } from "../limits.ts";`,
  ],
  [
    "a store imports core and the database",
    "src/store/sqlite/main.ts",
    `export { decide } from "../../core/decide.ts";\nexport { default } from "better-sqlite3";`,
  ],
  [
    "the engine imports the store and keeps time",
    "src/engine/planted.ts",
    `export type { Store } from "../store/store.ts";\nexport const now = Date.now();`,
  ],
  [
    "rpc imports the engine and generated code",
    "src/rpc/planted.ts",
    `export { engine } from "../engine/engine.ts";\nexport type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";`,
  ],
  ["main imports the app", "src/main.ts", `export { open } from "./app.ts";`],
  ["config.ts reads the environment", "src/config.ts", `export const port = process.env["PORT"];`],
  [
    "a client imports generated code and its own files",
    "clients/ts/src/planted.ts",
    `export { ending } from "./errors.ts";\nexport type { Lease } from "../../../gen/ts/callme/v1/types_pb.ts";`,
  ],
  [
    "the CLI imports the TypeScript client's rooms and generated code",
    "cli/commands/planted.ts",
    `export { ending } from "../../clients/ts/src/errors.ts";\nexport type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";`,
  ],
  [
    "the page imports generated code and its own files",
    "web/state/planted.ts",
    `export { ring } from "./rows.ts";\nexport type { Lease } from "../../gen/ts/callme/v1/types_pb.ts";`,
  ],
  ["serve loads the server", "cli/commands/serve.ts", `export const main = () => import("../../src/main.ts");`],
];

describe("the rules of biome.json, in a copy of the project that holds planted files only", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-planted-"));
  const found = new Map<string, string[]>();
  const place = (row: number) => {
    const at = violations[row]?.[1] ?? "";
    return /\.tsx?$/.test(at) ? at : `${at}/planted${row}.ts`;
  };

  function plant(file: string, code: string) {
    mkdirSync(path.join(folder, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(folder, file), `${code}\n`);
  }

  beforeAll(() => {
    for (const file of ["biome.json", "package.json", "clients/ts/package.json", ".gitignore", "scripts"])
      cpSync(path.join(root, file), path.join(folder, file), { recursive: true });
    violations.forEach(([, , code], row) => {
      plant(place(row), code);
    });
    for (const [, file, code] of permitted) plant(file, code);
    const { output } = tool("biome", ["lint", "--reporter=json", "--max-diagnostics=none"], { cwd: folder });
    const json = output.split("\n").find((line) => line.startsWith("{")) ?? `no JSON in: ${output}`;
    for (const { category, location } of JSON.parse(json).diagnostics) {
      found.set(location.path, [...(found.get(location.path) ?? []), category.split("/").at(-1)]);
    }
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(violations.map(([sentence, , , rule], row) => ({ sentence, rule, row })))("refuse: $sentence ($rule)", ({ rule, row }) => {
    expect(found.get(place(row)) ?? []).toContain(rule);
  });

  it.each(permitted)("let pass: %s", (_sentence, file) => {
    expect(found.get(file) ?? []).toEqual([]);
  });
});
