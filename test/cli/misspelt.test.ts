/** A name that nobody configured and that is near to a configured one: every command that takes it says which was probably meant. */
import process from "node:process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { open, type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"staging-1"}]' });
});

afterAll(() => server[Symbol.asyncDispose]());

const told = (name: string) => `call-me: nobody has configured ${name}; did you mean staging-1?\n`;

test.each([
  ["acquire", ["acquire", "stagin-1"], 0],
  ["acquire --no-wait", ["acquire", "stagin-1", "--no-wait"], 4],
  ["acquire --fail", ["acquire", "stagin-1", "--fail"], 4],
  ["check", ["check", "stagin-1"], 4],
  ["check --json", ["check", "stagin-1", "--json"], 4],
  ["queue", ["queue", "stagin-1"], 0],
  ["status", ["status", "stagin-1"], 0],
  ["release", ["release", "stagin-4"], 0],
  ["wait", ["wait", "stagin-1", "--timeout", "300ms"], 4],
  ["exec", ["exec", "stagng-1", "--", process.execPath, "--version"], 0],
])("%s says so once", async (_, args, status) => {
  const { code, stderr } = await type(args, env);
  expect(code).toBe(status);
  expect(stderr.split("did you mean staging-1?")).toHaveLength(2);
});

test("who waits is told before the wait, and who asks for the configured one hears nothing of it", async () => {
  const waiting = open(["acquire", "stagin-1"], env);
  await waiting.stderr.shows(told("stagin-1"));
  waiting.interrupt("SIGINT");
  expect(await waiting.exit).toBe(130);
  for (const verb of ["check", "queue", "status", "acquire", "release"])
    expect((await type([verb, "staging-1"], env)).stderr).not.toContain("did you mean");
});

test("who follows a misspelt name is told, and sees what becomes of it all the same", async () => {
  const following = open(["watch", "stagin-1"], env);
  await following.stderr.shows(told("stagin-1"));
  await following.stdout.shows("  stagin-1  ");
  following.interrupt("SIGINT");
  expect(await following.exit).toBe(130);
});

test("where no environment is made on demand, a line of one that is not there is an error, and a release says that it was none", async () => {
  await using strict = await Server.start({ CALL_ME_AUTO_CREATE: "off" });
  const there = { CALL_ME_URL: strict.url, CALL_ME_API_KEY: strict.key };
  await type(["env", "apply", "-"], there, { stdin: '[{"name":"staging-1"}]' });
  const none = 'call-me: there is no environment "stagin-1"; did you mean "staging-1"?\n';
  expect(await type(["queue", "stagin-1"], there)).toEqual({ code: 1, stdout: "", stderr: none });
  const { code, stderr } = await type(["release", "stagin-1"], there);
  expect({ code, stderr }).toEqual({ code: 0, stderr: `call-me: nothing was held on stagin-1\n${none}` });
});
