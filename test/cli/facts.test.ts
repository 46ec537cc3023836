// What is on an environment now, as the command line tells and shows it.
import { spawn } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Clients, clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { finish } from "./plumbing.ts";
import { open, type } from "./terminal.ts";

let server: Server;
let clients: Clients;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key, CALL_ME_HOLDER: "checkout #4711" };
});
afterAll(() => server[Symbol.asyncDispose]());

async function factsOf(environment: string): Promise<Record<string, string>> {
  const { environments } = await clients.locks.check({ environment });
  return Object.fromEntries(Object.entries(environments[0]?.facts ?? {}).map(([name, { value }]) => [name, value]));
}

/** Runs `call-me exec ARGS` as a process. */
function exec(args: readonly string[]) {
  return finish(
    spawn(process.execPath, [BIN, "exec", ...args], { stdio: ["ignore", "pipe", "pipe"], env: { PATH: process.env["PATH"], ...env } }),
  );
}

test("exec --fact is told when the command has succeeded, and not when it has failed", async () => {
  expect(await exec(["done", "--fact", "version=1.2.3", "--fact", "url=http://x/?a=b", "--", "true"])).toMatchObject({ code: 0 });
  expect(await factsOf("done")).toEqual({ version: "1.2.3", url: "http://x/?a=b" });
  expect(await exec(["done", "--fact", "version=2", "--", "false"])).toMatchObject({ code: 1 });
  expect(await factsOf("done")).toEqual({ version: "1.2.3", url: "http://x/?a=b" });
});

test("a command of exec tells facts by its lease's token", async () => {
  const { code, stderr } = await exec([
    "inner",
    "--",
    "sh",
    "-c",
    `${process.execPath} ${BIN} renew --fact sha=0b6c7f1 --fact step=deploy`,
  ]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(await factsOf("inner")).toEqual({ sha: "0b6c7f1", step: "deploy" });
});

test("release --fact and renew --fact tell them, NAME= takes one back, and check, status, env list and watch show them with who told them", async () => {
  const acquired = JSON.parse((await type(["acquire", "shown", "--json"], env)).stdout);
  const hand = { ...env, CALL_ME_LEASE_ID: acquired.lease.id, CALL_ME_LEASE_TOKEN: acquired.leaseToken };
  const watching = open(["watch", "shown"], env);
  await watching.stdout.shows("shown");
  expect(await type(["renew", "--fact", "version=1.2.3", "--fact", "stale=yes"], hand)).toMatchObject({ code: 0 });
  await watching.stdout.shows("checkout #4711 told version=1.2.3 stale=yes");
  await type(["renew", "--fact", "stale="], hand);
  await watching.stdout.shows("stale is not said any more");
  await type(["release", "shown", "--fact", "sha=abc"], hand);
  watching.interrupt("SIGINT");
  await watching.exit;
  expect(await factsOf("shown")).toEqual({ version: "1.2.3", sha: "abc" });
  for (const command of [
    ["check", "shown"],
    ["status", "shown"],
    ["env", "list"],
  ])
    expect((await type(command, env)).stdout).toMatch(/(version=1\.2\.3 sha=abc|sha=abc version=1\.2\.3), told by checkout #4711 .* ago/);
  expect(JSON.parse((await type(["check", "shown", "--json"], env)).stdout)).toMatchObject({
    environments: [{ facts: { sha: { value: "abc" } } }],
  });
});

test("renew --fact of a lease that waits says that they are not told", async () => {
  const holder = await clients.locks.acquire({ environment: "waits" });
  const { stdout } = await type(["acquire", "waits", "--no-wait", "--json", "--ticket-ttl", "60s"], env);
  const { lease, leaseToken } = JSON.parse(stdout);
  const answer = await type(["renew", "--lease", lease.id, "--fact", "version=1"], { ...env, CALL_ME_API_KEY: leaseToken });
  expect(answer.code).toBe(1);
  expect(answer.stderr).toContain("is not held yet: the facts are not told");
  for (const id of [lease.id, holder.lease?.id ?? ""]) await clients.locks.release({ leaseId: id });
  expect(await factsOf("waits")).toEqual({});
});

test.each([
  ["a word", ["--fact", "version"], '--fact "version" is not NAME=TEXT'],
  ["no name", ["--fact", "=1"], '--fact "=1" is not NAME=TEXT'],
  ["an odd name", ["--fact", "a b=1"], "is not NAME=TEXT"],
  ["a long text", ["--fact", `version=${"x".repeat(257)}`], "has 257 characters"],
  ["too many", Array.from({ length: 17 }, (_, n) => ["--fact", `f${n}=1`]).flat(), "given 17 times"],
])("%s is refused before anything is done", async (_, facts, words) => {
  for (const command of [
    ["exec", "refused", ...facts, "--", "true"],
    ["renew", "--lease", "x", ...facts],
    ["release", "refused", ...facts],
  ]) {
    const { code, stderr } = await type(command, env);
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
  }
});

test("what the server does not accept keeps no environment: it is given back without", async () => {
  const { code, stderr } = await exec(["kept", "--fact", "version=a\tb", "--", "true"]);
  expect(code).toBe(0);
  expect(stderr).toContain("the facts were not accepted");
  expect((await type(["check", "kept"], env)).code).toBe(0);
});
