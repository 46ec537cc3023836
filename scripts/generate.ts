// npm run generate                      writes gen/ from proto/, each language whose toolchain is on this machine, the OpenAPI document, the GitHub Action's bundle and the page
// npm run generate -- --only go,ts      of the languages these alone; one that cannot be generated is an error
// npm run generate -- --baseline        declares today's proto/ to be the contract that `buf breaking` compares with
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { writeAccessSchema } from "./access-schema.ts";
import { bundleAction } from "./action.ts";
import { writeSystems } from "./ci-systems.ts";
import { writeFleetSchema } from "./fleet-schema.ts";
import { writeNoticesSchema } from "./notices-schema.ts";
import { writeOpenapi } from "./openapi.ts";
import { bundlePage } from "./page.ts";
import { languages, prepare } from "./toolchains.ts";
import { type Outcome, root, tool } from "./tools.ts";

/** The contract that changes are compared with: a committed image of proto/, without comments. */
export const baseline = path.join("proto", "baseline.binpb");

/** What became of one language. */
export interface Generated extends Outcome {
  /** Why it was left out, if it was. */
  missing?: string;
}

/** Generates one language into a temporary folder and gives its path to `use`, whose outcome it answers with. Changes nothing in gen/. */
export function generated(language: string, use: (folder: string) => Outcome): Generated {
  const { missing, search, files } = prepare(language);
  if (missing !== undefined) return { ok: false, output: "", missing };
  const temporary = mkdtempSync(path.join(os.tmpdir(), "call-me-generated-"));
  try {
    const done = tool("buf", ["generate", "--template", template(language), "--output", temporary], {
      search,
      env: { CALL_ME_SCRIPTS: import.meta.dirname },
    });
    if (!done.ok) return done;
    const folder = path.join(temporary, "gen", language);
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    return use(folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** buf.gen.yaml without the plugins of other languages: buf itself can only run all of them. */
function template(language: string): string {
  const [head = "", ...plugins] = readFileSync(path.join(root, "buf.gen.yaml"), "utf8").split(/^(?= {2}- (?:local|protoc_builtin):)/m);
  const own = plugins.filter((plugin) => new RegExp(`^ +out: gen/${language}(?:/|$)`, "m").test(plugin));
  if (own.length === 0) throw new Error(`buf.gen.yaml has no plugin for gen/${language}`);
  return [head, ...own].join("");
}

/** What compilers leave behind in gen/<language>. */
const built = new Set(["target", "bin", "obj", "__pycache__"]);

/** The generated files of a language by their paths below its folder. Those directly in the folder are written by hand. */
export function contents(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const names = files.map((file) => path.relative(folder, path.join(file.parentPath, file.name)));
  const ours = names.filter((name) => name.includes(path.sep) && !name.split(path.sep).some((part) => built.has(part)));
  return new Map(ours.map((name) => [name, readFileSync(path.join(folder, name), "utf8")]));
}

/** Writes gen/<language>: each folder in it is replaced, the files beside those folders stay. */
function write(language: string): Generated {
  return generated(language, (fresh) => {
    const folder = path.join(root, "gen", language);
    mkdirSync(folder, { recursive: true });
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) rmSync(path.join(folder, entry.name), { recursive: true });
    }
    cpSync(fresh, folder, { recursive: true });
    return { ok: true, output: "" };
  });
}

/** What is made beside the languages' code. */
const others: Readonly<Record<string, () => Outcome>> = {
  "gen/openapi": () => writeOpenapi(root),
  "gen/schema, of fleet files": () => writeFleetSchema(root),
  "gen/schema, of access rules": () => writeAccessSchema(root),
  "gen/schema, of notices": () => writeNoticesSchema(root),
  "clients/ci-systems.json's copies": writeSystems,
  "integrations/github/index.js": () => bundleAction(root),
  "gen/page": () => bundlePage(root),
};

function writeOthers(): boolean {
  const outcomes = Object.entries(others).map(([name, make]) => {
    const { ok, output } = make();
    process.stderr.write(`${ok ? "✓" : "✗"} ${name}: ${ok ? "written" : `failed\n${output}`}\n`);
    return ok;
  });
  return outcomes.every(Boolean);
}

/** Writes all languages that can be had, or those named, and what needs none of them, and tells what became of each. Whether nothing went wrong. */
function writeAll(only: string[] | undefined): boolean {
  const unknown = only?.filter((language) => !languages.includes(language)) ?? [];
  if (unknown.length > 0) {
    process.stderr.write(`--only ${unknown.join(",")}: there is no such folder in gen; choose from ${languages.join(",")}\n`);
    return false;
  }
  const outcomes = (only ?? languages).map((language) => {
    const { ok, output, missing } = write(language);
    const result = missing === undefined ? (ok ? "written" : `failed\n${output}`) : `LEFT OUT, not written: ${missing}`;
    process.stderr.write(`${ok ? "✓" : missing === undefined ? "✗" : "!"} gen/${language}: ${result}\n`);
    return ok || (missing !== undefined && only === undefined);
  });
  return [...outcomes, writeOthers()].every(Boolean);
}

function renewBaseline(): boolean {
  const { ok, output } = tool("buf", ["build", "--exclude-source-info", "--output", baseline]);
  if (output !== "") process.stderr.write(`${output}\n`);
  return ok;
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { baseline: { type: "boolean", default: false }, only: { type: "string" } } });
  process.exitCode = (values.baseline ? renewBaseline() : writeAll(values.only?.split(","))) ? 0 : 1;
}
