/**
 * Makes dist/, what the published package runs on: the command line without native modules, for Node 20 and newer, and the server beside
 * it, which alone needs better-sqlite3 and a newer Node; each in pieces, of which a command loads those that it needs. `npm pack` runs it.
 * `--into FOLDER` puts the whole package together there, for the tests. `--action FILE` makes the one file of the GitHub Action instead,
 * which is committed, since GitHub runs actions from their repository: `npm run generate` does that.
 */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { isBuiltin } from "node:module";
import path from "node:path";
import { parseArgs } from "node:util";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { root } from "./tools.ts";

/** Paths that the sources find by import.meta.url, and where the same thing lies in dist/. */
const MOVED: Readonly<Record<string, readonly [from: string, to: string]>> = {
  "cli/run.ts": ['"../package.json"', '"../../package.json"'],
  "cli/access/reader.ts": ['"./reading.ts"', '"./access.js"'],
  "cli/fleet/reader.ts": ['"./reading.ts"', '"./fleet.js"'],
  "src/rpc/http/page/files.ts": ['"../../../../gen/page/"', '"../page/"'],
  "src/store/sqlite.ts": ['"./sqlite/worker.ts"', '"./worker.js"'],
  "src/version.ts": ['"../package.json"', '"../../package.json"'],
  "src/store/archive.ts": ['"./sqlite/archivist.ts"', '"./archivist.js"'],
};

const moves: Plugin = {
  name: "moves",
  setup({ onLoad, onResolve }) {
    onLoad(
      { filter: /\/(cli\/run|src\/version|cli\/(access|fleet)\/reader|src\/store\/(sqlite|archive)|src\/rpc\/http\/page\/files)\.ts$/ },
      ({ path: file }) => {
        const name = path.relative(root, file).replaceAll(path.sep, "/");
        const [from, to] = MOVED[name] ?? ["", ""];
        const source = readFileSync(file, "utf8");
        if (!source.includes(from)) throw new Error(`${name} does not mention ${from} any more; mend scripts/bundle.ts`);
        return { contents: source.replaceAll(from, to), loader: "ts" };
      },
    );
    // Importing it makes Node take hold of stdin, stdout and stderr, which others share with us. As CommonJS, since that asks for it as
    // well.
    onResolve({ filter: /^(node:)?process$/ }, () => ({ path: "process", namespace: "global" }));
    onLoad({ filter: /./, namespace: "global" }, () => ({ contents: "module.exports = process;" }));
    // Whoever runs the server has it, or has not; a library that cannot do without has its own.
    onResolve({ filter: /^@opentelemetry\/api$/ }, ({ path: name, kind }) =>
      kind === "dynamic-import" ? { path: name, external: true } : undefined,
    );
    // `serve` alone loads the server, when it runs.
    onResolve({ filter: /\/src\/main\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "../server/main.js", external: true } : undefined,
    );
  },
};

const REQUIRE = 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

const shared: BuildOptions = {
  bundle: true,
  platform: "node",
  format: "esm",
  minify: true,
  keepNames: true,
  legalComments: "eof",
  logLevel: "warning",
  external: ["better-sqlite3"],
  // Some of what is bundled is CommonJS, and asks for Node's own modules by `require`.
  banner: { js: REQUIRE },
};

/**
 * Node's own modules are asked for as the file runs, not before it does: some take hold of stderr as they are loaded (node:util does),
 * which makes a pipe non-blocking for all who share it. cli/bin.js sees to that for the package; in the action it is the first thing in the
 * file. And to `import` a module makes Node read all that it exports; of node:http that loads a WebSocket client, half the size of the
 * server.
 */
const late: Plugin = {
  name: "late",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /./ }, ({ path: name, kind, namespace }) =>
      kind === "import-statement" && namespace !== "late" && isBuiltin(name) && !/^(node:)?process$/.test(name)
        ? { path: name, namespace: "late" }
        : undefined,
    );
    onLoad({ filter: /./, namespace: "late" }, ({ path: name }) => ({ contents: `module.exports = require(${JSON.stringify(name)});` }));
  },
};
const HIDE = `if (process.platform !== "win32")
  for (const name of ["stdin", "stdout", "stderr"]) Object.defineProperty(process, name, { configurable: true, value: {} });`;

const { action, into } = parseArgs({ options: { action: { type: "string" }, into: { type: "string" } } }).values;
if (action !== undefined)
  await build({
    ...shared,
    plugins: [late, moves],
    banner: { js: `${REQUIRE}\n${HIDE}` },
    target: "node20",
    entryPoints: [path.join(root, "integrations/github/main.ts")],
    outfile: action,
  });
else if (into === undefined) await bundle(path.join(root, "dist"));
else await assemble(into);

async function bundle(dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const folder = (out: string, target: string, entryPoints: Readonly<Record<string, string>>) =>
    build({
      ...shared,
      plugins: [late, moves],
      target,
      entryPoints,
      splitting: true,
      chunkNames: "[name]-[hash]",
      outdir: path.join(dist, out),
    });
  const readers = { access: path.join(root, "cli/access/reading.ts"), fleet: path.join(root, "cli/fleet/reading.ts") };
  await folder("cli", "node20", { main: path.join(root, "cli/main.ts"), ...readers });
  const threads = { worker: path.join(root, "src/store/sqlite/worker.ts"), archivist: path.join(root, "src/store/sqlite/archivist.ts") };
  await folder("server", "node22", { main: path.join(root, "src/main.ts"), ...threads });
  cpSync(path.join(root, "src/store/migrations"), path.join(dist, "server/migrations"), { recursive: true });
  cpSync(path.join(root, "gen/page"), path.join(dist, "page"), { recursive: true });
}

/** All that the package holds. Below the checkout its dependencies are found in the checkout's. */
async function assemble(folder: string): Promise<void> {
  const { files } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")) as { files: string[] };
  for (const file of ["package.json", ...files.filter((one) => one !== "dist")]) cpSync(path.join(root, file), path.join(folder, file));
  await bundle(path.join(folder, "dist"));
}
