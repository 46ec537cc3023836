// node scripts/launch.js scripts/page.ts [--into FOLDER]     makes the page that the server shows at `/`, of web/: gen/page, below FOLDER
// It is committed: `npm run generate` writes it, `npm run check` compares.
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { build } from "esbuild";
import { minify } from "terser";
import { slim } from "./page-slim.ts";
import { type Outcome, program, root } from "./tools.ts";

/** Its files, in gen/page. They name each other as they stand here: the server adds a hash when it serves them. */
const FILES = ["index.html", "icon.svg", "page.js", "page.css"];
/** Those that are taken as they are. */
const COPIED = ["index.html", "icon.svg"];

const FOLDER = path.join("gen", "page");

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
  await shrink(path.join(folder, "page.js"));
  for (const name of COPIED) copyFileSync(path.join(root, "web", name), path.join(folder, name));
}

/** Takes away what esbuild has left, some 2 kB gzipped. To read a signal is to listen to it, and must stay. */
async function shrink(file: string): Promise<void> {
  const { code = "" } = await minify(readFileSync(file, "utf8"), { module: true, compress: { passes: 3, pure_getters: false } });
  writeFileSync(file, code);
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
