import { accessSync, closeSync, constants, existsSync, openSync, readSync, statSync } from "node:fs";
import path from "node:path";
import { Failure } from "../exit.ts";
import type { Variables } from "../settings.ts";

/** Where a shell looks that has no PATH. */
const USUAL = "/usr/local/bin:/usr/bin:/bin";

/**
 * Makes sure that there is such a command, as a shell would look for it, before anybody waits for its turn. Throws a Failure: 127 if there is
 * none of that name, or none that its first line names, 126 if it is there and cannot be run. What only its start can tell (another machine's
 * binary) is told then.
 */
export function checkCommand(file: string, env: Variables): void {
  // Windows looks for it by rules of its own: with extensions, and in more places.
  if (process.platform === "win32") return;
  const named = file.includes("/");
  const places = named ? [file] : (env["PATH"] ?? USUAL).split(":").map((folder) => path.join(folder || ".", file));
  const found = file === "" ? [] : places.map(kindOf);
  if (found.includes("runs")) return;
  const script = places[found.indexOf("script")];
  if (script !== undefined) throw withoutInterpreter(file, interpreterOf(script));
  throw unstartable(file, found.includes("file") ? "EACCES" : named && found.includes("folder") ? "EISDIR" : "ENOENT");
}

/** What ends the attempt to start a command, as a shell tells it. `code` is the system's, or else words of its own. */
export function unstartable(file: string, code: string): Failure {
  const name = JSON.stringify(file);
  if (code === "ENOENT") return new Failure(127, `there is no command ${name}; check its name, PATH, and its first line`);
  const why = { EACCES: "it is not executable; chmod +x it", EISDIR: "it is a folder" }[code] ?? code;
  return new Failure(126, `cannot run ${name}: ${why}`);
}

function withoutInterpreter(file: string, interpreter: string): Failure {
  const ending = interpreter.endsWith("\r") ? ": its lines end as on Windows; write them with a line feed alone" : "";
  return new Failure(
    127,
    `cannot run ${JSON.stringify(file)}: its first line names ${JSON.stringify(interpreter)}, which is not there${ending}`,
  );
}

/** `script`: what its first line names is not there. */
function kindOf(file: string): "runs" | "script" | "file" | "folder" | "none" {
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) return "folder";
    accessSync(file, constants.X_OK);
    const interpreter = stats.isFile() ? interpreterOf(file) : "";
    return interpreter === "" || existsSync(interpreter) ? "runs" : "script";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES" ? "file" : "none";
  }
}

/** What is to run a script, as Linux reads it from the beginning of its first line; empty if the file is no script, or cannot be read. */
function interpreterOf(file: string): string {
  const head = Buffer.alloc(256);
  try {
    const descriptor = openSync(file, "r");
    try {
      readSync(descriptor, head);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return "";
  }
  return /^#![ \t]*([^ \t\n\0]+)/.exec(head.toString())?.[1] ?? "";
}
