// Makes dist/: JavaScript and types, for Node 20.3 and newer, and puts the licence beside it. `npm pack` runs it. With --link, examples/ can import @call-me/client from then on.
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import path from "node:path";
import process from "node:process";

const here = import.meta.dirname;
const modules = path.resolve(here, "../../node_modules");

rmSync(path.join(here, "dist"), { recursive: true, force: true });
copyFileSync(path.resolve(here, "../../LICENSE"), path.join(here, "LICENSE"));
const { status } = spawnSync(process.execPath, [path.join(modules, "typescript/bin/tsc"), "--project", here], { stdio: "inherit" });
if (status === 0 && process.argv.includes("--link")) {
  const link = path.join(modules, "@call-me/client");
  mkdirSync(path.dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(here, link, "junction");
}
process.exitCode = status ?? 1;
