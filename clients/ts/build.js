// Makes dist/: JavaScript and types, for Node 20.3 and newer, and puts the licence beside it. `npm pack` runs it. With --link, examples/
// can import @call-me/client from then on.
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { build } from "esbuild";

const here = import.meta.dirname;
const dist = path.join(here, "dist");
const modules = path.resolve(here, "../../node_modules");

rmSync(dist, { recursive: true, force: true });
copyFileSync(path.resolve(here, "../../LICENSE"), path.join(here, "LICENSE"));
const { status } = spawnSync(process.execPath, [path.join(modules, "typescript/bin/tsc"), "--project", here], { stdio: "inherit" });
if (status === 0) {
  await takeTransport();
  takeTypes();
  if (process.argv.includes("--link")) link();
}
process.exitCode = status ?? 1;

/** connect-node asks for a newer Node than what we use of it needs: that becomes a part of the package. */
async function takeTransport() {
  await build({
    stdin: { contents: 'export { createConnectTransport } from "@connectrpc/connect-node";', resolveDir: here },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    legalComments: "eof",
    logLevel: "warning",
    external: ["@connectrpc/connect", "@bufbuild/protobuf"],
    outfile: path.join(dist, "connect-node.js"),
  });
  replace(/\.js$/, /"@connectrpc\/connect-node"/g, (file) => JSON.stringify(pathTo(file, "connect-node.js")));
}

/** connect's types name one that only a browser's have, HeadersInit: ours are a copy that makes it of Node's. */
function takeTypes() {
  const types = path.join(dist, "connect");
  cpSync(path.join(modules, "@connectrpc/connect/dist/esm"), types, {
    recursive: true,
    filter: (file) => !path.extname(file) || file.endsWith(".d.ts"),
  });
  replace(/\.d\.ts$/, /"@connectrpc\/connect"/g, (file) => JSON.stringify(pathTo(file, "connect/index.js")));
  replace(/\.d\.ts$/, /\bHeadersInit\b/g, () => "ConstructorParameters<typeof Headers>[0]");
}

/** In the files of dist whose names match. */
function replace(files, pattern, by) {
  for (const name of readdirSync(dist, { recursive: true }).filter((one) => files.test(one) && one !== "connect-node.js")) {
    const file = path.join(dist, name);
    const text = readFileSync(file, "utf8");
    if (text.search(pattern) >= 0) writeFileSync(file, text.replaceAll(pattern, by(file)));
  }
}

function pathTo(file, target) {
  const relative = path.relative(path.dirname(file), path.join(dist, target)).replaceAll(path.sep, "/");
  return relative.startsWith(".") ? relative : `./${relative}`;
}

function link() {
  const place = path.join(modules, "@call-me/client");
  mkdirSync(path.dirname(place), { recursive: true });
  rmSync(place, { force: true });
  symlinkSync(here, place, "junction");
}
