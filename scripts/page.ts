// node scripts/launch.js scripts/page.ts [--into FOLDER]     makes the page that the server shows at `/`, of web/: gen/page, below FOLDER
// It is committed: `npm run generate` writes it, `npm run check` compares.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { build, type Plugin } from "esbuild";
import { type Outcome, program, root } from "./tools.ts";

/** Its files, in gen/page. They name each other as they stand here: the server adds a hash when it serves them. */
const FILES = ["index.html", "icon.svg", "page.js", "page.css"];
/** Those that are taken as they are. */
const COPIED = ["index.html", "icon.svg"];

const FOLDER = path.join("gen", "page");

/** Leaves out what the page has no use for, a quarter of all: it speaks protobuf's binary format alone. */
const slim: Plugin = {
  name: "slim",
  setup({ onLoad }) {
    onLoad({ filter: /@bufbuild\/protobuf\/dist\/esm\/(from|to)-json\.js$/ }, ({ path: file }) => {
      const names = [...readFileSync(file, "utf8").matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
      return { contents: names.map((name) => `export function ${name}() { throw new Error("left out of the page"); }`).join("\n") };
    });
    onLoad({ filter: /_pb\.(ts|js)$/ }, ({ path: file }) => {
      const contents = readFileSync(file, "utf8")
        // Descriptors stand in the generated code in base64, of which a compressor can make nothing.
        .replace(
          /fileDesc\("([A-Za-z0-9+/=]+)"/g,
          (_, text: string) => `fileDesc(btoa(${JSON.stringify(Buffer.from(text, "base64").toString("latin1"))})`,
        )
        .replace(/boot\((\{.*\})\);/, (_, text: string) => `boot(${JSON.stringify(withoutOptions(JSON.parse(text)))});`);
      return { contents, loader: file.endsWith(".ts") ? "ts" : "js" };
    });
  },
};

/** The options of a contract that its reader goes by; all others it skips as it skips what it does not know. */
const OPTIONS = /^(features|map_entry|message_set_wire_format|packed|idempotency_level|allow_alias)$/;

interface Described {
  readonly messageType: readonly { readonly name: string; readonly field?: readonly { readonly name: string }[] }[];
}

/** protobuf's description of descriptions, without what it says of options, and of sources. */
function withoutOptions(described: Described): Described {
  const messageType = described.messageType.map((message) => {
    if (/^(SourceCodeInfo|GeneratedCodeInfo|UninterpretedOption)$/.test(message.name)) return { ...message, field: [] };
    return message.name.endsWith("Options")
      ? { ...message, field: message.field?.filter(({ name }) => OPTIONS.test(name)) ?? [] }
      : message;
  });
  return { ...described, messageType };
}

async function bundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [
      { in: path.join(root, "web/main.tsx"), out: "page" },
      { in: path.join(root, "web/style/page.css"), out: "page" },
    ],
    bundle: true,
    minify: true,
    format: "esm",
    // What browsers of the last two years have.
    target: ["chrome131", "firefox133", "safari18.2"],
    tsconfig: path.join(root, "web/tsconfig.json"),
    plugins: [slim],
    legalComments: "none",
    logLevel: "warning",
    outdir: folder,
  });
  for (const name of COPIED) copyFileSync(path.join(root, "web", name), path.join(folder, name));
}

/** Writes gen/page below `folder`. */
export function bundlePage(folder: string): Outcome {
  return program(process.execPath, [import.meta.filename, "--into", folder]);
}

/** Whether what is committed is what would be written now. */
export function pageIsFresh(): Outcome {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-page-"));
  try {
    const bundled = bundlePage(folder);
    if (!bundled.ok) return bundled;
    const read = (at: string, name: string) => readFileSync(path.join(at, FOLDER, name), "utf8");
    const stale = FILES.filter((name) => read(folder, name) !== read(root, name));
    return stale.length === 0 ? bundled : { ok: false, output: stale.map((name) => `stale: ${path.join(FOLDER, name)}`).join("\n") };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { into = root } = parseArgs({ options: { into: { type: "string" } } }).values;
  await bundle(path.join(into, FOLDER));
}
