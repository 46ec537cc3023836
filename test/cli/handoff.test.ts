import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseEnv } from "node:util";
import { Code } from "@connectrpc/connect";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { Server } from "../outside/server.ts";
import { lease, refusal, ScriptedServer } from "./scripted.ts";
import { type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});

afterAll(() => server[Symbol.asyncDispose]());

const TOKEN = /^cml_[0-9a-f-]+_[\w-]{43}$/;

test.each(["dotenv", "gitlab"])("--output %s prints NAME=value lines, and nothing else on stdout", async (format) => {
  const { code, stdout, stderr } = await type(["acquire", `job-${format}`, "--output", format], env);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^(\w+=[^'"\s]+\n){5}$/);
  expect(parseEnv(stdout)).toEqual({
    CALL_ME_LEASE_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    CALL_ME_LEASE_TOKEN: expect.stringMatching(TOKEN),
    CALL_ME_ENVIRONMENT: `job-${format}`,
    CALL_ME_SLOTS: "0",
    CALL_ME_FENCING_TOKEN: expect.stringMatching(/^\d+$/),
  });
  expect(stderr).toContain("is held until");
});

test("--output env can be evaluated by a shell, whatever the name", async () => {
  const name = 'it\'s $(touch /tmp/call-me-pwned) `id` "x"';
  await using scripted = await new ScriptedServer({
    locks: { acquire: () => ({ lease: lease(LeaseState.HELD, { environments: [{ name, slots: 1 }] }), leaseToken: "cml_L1_x" }) },
  }).start();
  const { stdout } = await type(["acquire", name, "--output", "env"], { CALL_ME_URL: scripted.url });
  const script = `${stdout}printf '%s|%s|%s' "$CALL_ME_LEASE_ID" "$CALL_ME_LEASE_TOKEN" "$CALL_ME_ENVIRONMENT"`;
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(`L1|cml_L1_x|${name}`);
  expect(existsSync("/tmp/call-me-pwned")).toBe(false);
});

test("--output github writes the step's outputs, and masks the token before", async () => {
  const file = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-output-")), "output");
  writeFileSync(file, "before=1\n");
  const step = { ...env, GITHUB_ACTIONS: "true", GITHUB_OUTPUT: file };
  const { code, stdout, stderr } = await type(["acquire", "gh", "--output", "github"], step);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  const [, token = ""] = /^lease-token=(.*)$/m.exec(readFileSync(file, "utf8")) ?? [];
  expect(token).toMatch(TOKEN);
  expect(readFileSync(file, "utf8")).toMatch(/^before=1\nlease-id=\S+\nlease-token=\S+\nenvironment=gh\nslots=0\nfencing-token=\d+\n$/);
  expect(stderr).toContain(`::add-mask::${token}\n`);
  const unmasked = await type(["acquire", "gh2", "--output", "github", "--no-mask"], step);
  expect(unmasked.stderr).not.toContain("add-mask");
});

test("a lease that cannot be handed on is given back", async () => {
  const { code } = await type(["acquire", "lost", "--output", "github"], { ...env, GITHUB_OUTPUT: "/nowhere/output" });
  expect(code).toBe(1);
  expect((await type(["check", "lost"], env)).code).toBe(0);
});

test("why it cannot be handed on is told, and the release tried again, where a server is draining meanwhile", async () => {
  const releases: (string | null)[] = [];
  await using draining = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.HELD), leaseToken: "cml_L1_x" }),
      release: (_, { requestHeader }) => {
        if (releases.push(requestHeader.get("x-api-key")) === 1) throw refusal(Code.Unavailable, "DRAINING", "stopping");
        return {};
      },
    },
  }).start();
  const at = { ...env, CALL_ME_URL: draining.url, GITHUB_OUTPUT: "/nowhere/output" };
  const { code, stderr } = await type(["acquire", "uat", "--output", "github"], at);
  expect(code).toBe(1);
  expect(stderr).toContain("/nowhere/output");
  expect(releases).toEqual(["cml_L1_x", "cml_L1_x"]);
});

test("another job releases it with the id and the token alone", async () => {
  const { stdout } = await type(["acquire", "handed", "--output", "dotenv"], env);
  const { CALL_ME_LEASE_ID: id = "", CALL_ME_LEASE_TOKEN: token = "" } = parseEnv(stdout) as Record<string, string>;
  const elsewhere = { CALL_ME_URL: server.url, CALL_ME_LEASE_TOKEN: token };
  expect((await type(["check", "handed"], env)).code).toBe(4);
  expect(await type(["release", "--lease", id], elsewhere)).toMatchObject({
    code: 0,
    stdout: "slot has been freed for environment: handed\n",
  });
  expect((await type(["check", "handed"], env)).code).toBe(0);
});

test("with the artifact's variables `release` needs no word more", async () => {
  const { stdout } = await type(["acquire", "artifact", "--output", "gitlab"], env);
  expect((await type(["release"], { CALL_ME_URL: server.url, ...(parseEnv(stdout) as Record<string, string>) })).code).toBe(0);
  expect((await type(["check", "artifact"], env)).code).toBe(0);
});

test.each([
  [["--output", "xml"], /--output "xml" is none of json, env, dotenv, gitlab, github/],
  [["--output", "github"], /GITHUB_OUTPUT, and that is not set; outside GitHub Actions use --output env/],
  [["--output", "env", "--json"], /give --json or --output env, not both/],
])("what cannot be handed on is refused before anything is taken: %j", async (args, words) => {
  const { code, stderr } = await type(["acquire", "untouched", ...args], env);
  expect(code).toBe(2);
  expect(stderr).toMatch(words);
  expect((await type(["check", "untouched"], env)).code).toBe(0);
});

test("a name that a line cannot hold is refused before anything is taken", async () => {
  const { code, stderr } = await type(["acquire", "a b", "--output", "dotenv"], env);
  expect(code).toBe(2);
  expect(stderr).toContain('--output dotenv has no way to quote "a b"; use --output env or json');
});
