import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import path from "node:path";
import type { Variables } from "../ci/systems.ts";
import { UNSAFE } from "../text.ts";
import { TokenError } from "./error.ts";
import { type IdToken, idTokenOf } from "./id-token.ts";

/** How long a command may take, in ms: Buildkite's tries five times by itself. */
const PATIENCE = 30_000;
/** How much of what it says is read, in bytes. */
const LONGEST = 65_536;

/** Where a command is, by the PATH; undefined: nowhere. */
export function findCommand(name: string, env: Variables): string | undefined {
  const places = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const endings = process.platform === "win32" ? [".exe"] : [""];
  return places.flatMap((folder) => endings.map((ending) => path.join(folder, `${name}${ending}`))).find(runs);
}

function runs(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The token that a command prints. Throws a TokenError with the last line of its stderr, without what looks like a token. */
export async function askCommand(
  [name = "", ...args]: readonly string[],
  source: string,
  remedy: string,
  env: Variables,
): Promise<IdToken> {
  const file = findCommand(name, env);
  if (file === undefined) throw TokenError.missing(`no token from ${source}: there is no command ${name} on the PATH`, remedy);
  const { CALL_ME_API_KEY: _, ...rest } = env;
  const options = { env: rest, timeout: PATIENCE, maxBuffer: LONGEST, killSignal: "SIGKILL" } as const;
  return await new Promise((resolve, reject) => {
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      const token = error === null ? idTokenOf(stdout) : undefined;
      if (token !== undefined) return resolve(token);
      const why = error === null ? "did not print one" : error.killed ? "gave none in time" : `ended with ${error.code}`;
      reject(TokenError.missing(`no token from ${source}: ${name} ${args[0]} ${args[1]} ${why}${lastLine(stderr)}`, remedy));
    });
    child.stdin?.end();
  });
}

function lastLine(text: string): string {
  const line =
    text
      .trim()
      .split("\n")
      .at(-1)
      ?.replace(UNSAFE, "")
      .replace(/[\w-]+\.[\w-]+\.[\w-]{8,}/g, "…") ?? "";
  return line === "" ? "" : ` (${line.slice(0, 200)})`;
}
