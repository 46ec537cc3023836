// docs/operating.md, "A key for each team": its commands as they stand there, by a shell, on a fresh machine and a fresh server.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../../scripts/tools.ts";
import { BIN } from "../packed.ts";
import { type } from "./terminal.ts";

const PAGE = readFileSync(path.join(root, "docs/operating.md"), "utf8");
const [, BLOCK = ""] = /^## A key for each team\n[\s\S]*?```sh\n([\s\S]*?)```/m.exec(PAGE) ?? [];
const COMMANDS = BLOCK.trim().split("\n");

const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-teams-"));
const bin = path.join(folder, "bin");
let server: ChildProcess | undefined;
let url = "";

/** What a shell has in this folder. */
function shellEnv(): Record<string, string> {
  const PATH = `${bin}:${path.dirname(process.execPath)}:${process.env["PATH"]}`;
  // Where the page leaves it to the defaults, other servers of this machine must not be met.
  return { PATH, PORT: "0", CALL_ME_BIND: "127.0.0.1", ...(url && { CALL_ME_URL: url }) };
}

/** Starts what the page starts in the background; resolves when it is ready. */
function serve(command: string): Promise<string> {
  const child = spawn("bash", ["-c", `exec env ${command.replace(/ &$/, "")}`], {
    ...{ cwd: folder, env: shellEnv(), stdio: ["ignore", "ignore", "pipe"] },
  });
  server = child;
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    if (child.stderr === null) throw new Error("spawned without a pipe");
    createInterface(child.stderr).on("line", (line) => {
      lines.push(line);
      const ready = /"url":"([^"]+)".*"msg":"call-me is ready"/.exec(line)?.[1];
      if (ready !== undefined) resolve(ready);
    });
    child.once("close", (code) => reject(new Error(`the server ended with ${code} before it was ready:\n${lines.join("\n")}`)));
  });
}

const saw: string[] = [];
beforeAll(async () => {
  await promisify(execFile)("mkdir", [bin]);
  symlinkSync(BIN, path.join(bin, "call-me"));
  for (const command of COMMANDS) {
    if (command.endsWith(" &")) url = await serve(command);
    else {
      const { stdout, stderr } = await promisify(execFile)("bash", ["-c", command], { cwd: folder, env: shellEnv() });
      saw.push(stdout, stderr);
    }
  }
});
afterAll(async () => {
  server?.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

/** A command line of who has the key in this file. */
const by = (file: string, ...args: string[]) =>
  type(args, { CALL_ME_URL: url, CALL_ME_API_KEY: readFileSync(path.join(folder, file), "utf8") });

describe("five commands set up two teams and a dashboard", () => {
  test("and there are no more of them", () => {
    expect(COMMANDS).toHaveLength(5);
  });

  test("each key lies in a file that its maker alone can read, and nowhere else that was seen", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".key"));
    expect(files.sort()).toEqual(["admin.key", "dashboard.key", "team-a.key", "team-b.key"]);
    for (const file of files) expect(statSync(path.join(folder, file)).mode & 0o777).toBe(0o600);
    for (const file of files) expect(saw.join("\n")).not.toContain(readFileSync(path.join(folder, file), "utf8").trim());
  });

  test("a team takes what is its own and what is shared, and is told who it is where something is not", async () => {
    expect((await by("team-a.key", "whoami")).stdout).toMatch(
      /^key:\w+ \(team a\), by a key\n {2}may use team-a\/\*, shared-\* \(max-leases 20\)\n/,
    );
    for (const environment of ["team-a/uat", "shared-db"])
      expect((await by("team-a.key", "exec", environment, "--", process.execPath, "--version")).code).toBe(0);
    const { code, stderr } = await by("team-a.key", "acquire", "team-b/uat");
    expect(code).toBe(3);
    expect(stderr).toMatch(/key:\w+ \(team a\) has no ROLE_USE on "team-b\/uat".*; it has ROLE_USE on team-a\/\*, shared-\*/);
  });

  test("what a team holds, another one sees by its label, and can neither release nor end", async () => {
    const { stdout } = await by("team-a.key", "acquire", "shared-held", "--json");
    const { lease } = JSON.parse(stdout) as { lease: { id: string } };
    expect((await by("team-b.key", "release", "--lease", lease.id)).code).toBe(5);
    expect((await by("team-b.key", "force-release", lease.id, "--reason", "mine")).code).toBe(3);
    expect((await by("dashboard.key", "status", "shared-held", "--json")).stdout).toContain('"principalLabel": "team a"');
    expect((await by("team-a.key", "release", "--lease", lease.id)).code).toBe(0);
  });

  test("a dashboard sees everything and takes nothing", async () => {
    expect((await by("dashboard.key", "status")).stdout).toContain("shared-held");
    for (const args of [
      ["acquire", "shared-db"],
      ["env", "set-state", "shared-db", "draining"],
      ["keys", "list"],
    ])
      expect((await by("dashboard.key", ...args)).code).toBe(3);
  });

  test("the administrator sees who there is", async () => {
    const { stdout } = await by("admin.key", "keys", "list");
    for (const label of ["team a", "team b", "dashboard"]) expect(stdout).toContain(label);
  });
});
