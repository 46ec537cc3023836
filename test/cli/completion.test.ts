import { spawnSync } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"uat"},{"name":"ubuntu-1"},{"name":"db"}]' });
});

afterAll(() => server[Symbol.asyncDispose]());

async function completed(...words: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await type(["__complete", "--", ...words], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.split("\n").filter(Boolean);
}

test.each([
  [["re"], ["release", "renew", "request", "reserve"]],
  [
    ["env", "s"],
    ["schema", "set-state"],
  ],
  [
    ["acquire", "u"],
    ["uat", "ubuntu-1"],
  ],
  [["acquire", "uat", "d"], ["db"]],
  [["check", "uat", ""], []],
  [["force-release", "--environment", "d"], ["db"]],
  [["acquire", "uat", "--qu"], ["--queue-timeout"]],
  [["acquire", "uat", "--ttl", ""], []],
  [["release", "uat", "--outcome", "b"], ["broken"]],
  [["env", "set-state", "uat", "ma"], ["maintenance"]],
  [
    ["keys", "r"],
    ["revoke", "rotate"],
  ],
  [["keys", "create", "x", "--role", "o"], ["operate"]],
  [["completion", "z"], ["zsh"]],
  [["exec", "uat", "--", "u"], []],
  [["nonsense", "u"], []],
])("%j may become %j", async (words, expected) => {
  expect(await completed(...words)).toEqual(expected);
});

test.each([[["release", "uat", "--outcome"]], [["acquire", "uat", "--output"]], [["env", "set-state", "uat"]]])(
  "what may stand behind %j is what the command takes",
  async (words) => {
    const { stderr } = await type([...words, "nonsense"], env);
    const taken = /is none of (.*)\n$/.exec(stderr)?.[1]?.split(", ") ?? [];
    expect(taken.length).toBeGreaterThan(1);
    expect((await completed(...words, "")).sort()).toEqual(taken.sort());
  },
);

test("keys rotate and revoke complete the ids of keys", async () => {
  const { stdout } = await type(["keys", "create", "completed", "--role", "view", "--on", "*"], env);
  const id = stdout.split("_")[1] ?? "none";
  for (const verb of ["rotate", "revoke"]) expect(await completed("keys", verb, id.slice(0, 3))).toEqual([id]);
});

test("a server out of reach, or a bad setting, is met with silence", async () => {
  for (const url of ["http://127.0.0.1:1", "nonsense"])
    expect(await type(["__complete", "--", "acquire", ""], { CALL_ME_URL: url })).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("bash completes the names of environments", async () => {
  const { stdout: script } = await type(["completion", "bash"]);
  const bin = mkdtempSync(path.join(os.tmpdir(), "call-me-complete-"));
  symlinkSync(path.resolve("cli/bin.js"), path.join(bin, "call-me"));
  const press = `${script}COMP_WORDS=(call-me acquire ub); COMP_CWORD=2; _call_me; printf '%s\\n' "\${COMPREPLY[@]}"`;
  writeFileSync(path.join(bin, "press.sh"), press);
  const PATH = `${bin}:${path.dirname(process.execPath)}:${process.env["PATH"]}`;
  const { stdout, stderr } = spawnSync("bash", [path.join(bin, "press.sh")], { env: { ...env, PATH }, encoding: "utf8" });
  expect({ stdout, stderr }).toEqual({ stdout: "ubuntu-1\n", stderr: "" });
});

test("there is a script for zsh and fish, and a sentence for other shells", async () => {
  expect((await type(["completion", "zsh"])).stdout).toContain("compdef _call_me call-me");
  expect((await type(["completion", "fish"])).stdout).toContain("complete -c call-me");
  expect(await type(["completion", "cmd"])).toMatchObject({ code: 2, stderr: expect.stringContaining("bash, zsh and fish") });
});
