// A result counts when it has been written.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { Pipe } from "./plumbing.ts";
import { leasesOn, until } from "./wrapped.ts";

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Starts a command line with this stdout. */
function start(args: string[], stdout: number | "pipe"): ChildProcess {
  const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const child = spawn(process.execPath, [BIN, ...args], { env, stdio: ["ignore", stdout, "pipe"] });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  if (child.stderr === null) throw new Error("started without a pipe");
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  return { code, stderr };
}

const FORMS = { json: ["--json"], env: ["--output", "env"], words: [] };

describe.each(Object.entries(FORMS))("acquire with a result in %s", (form, options) => {
  test("on a full disk gives the lease back, and says so", async () => {
    const full = openSync("/dev/full", "w");
    const { code, stderr } = await finish(start(["acquire", `full-${form}`, ...options], full));
    closeSync(full);
    expect(stderr).toMatch(/call-me: full-\w+ is given back\n.*could not be written to stdout.*\(ENOSPC/);
    expect(code).toBe(1);
    expect(await leasesOn(server, `full-${form}`)).toEqual([]);
  });

  test.each(["a pipe", "a socket"])("gives it back where nobody reads %s", async (kind) => {
    const environment = `${kind.replaceAll(" ", "-")}-${form}`;
    using pipe = kind === "a pipe" ? new Pipe() : undefined;
    pipe?.close();
    const child = start(["acquire", environment, ...options], pipe?.end ?? "pipe");
    child.stdout?.destroy();
    const { code, stderr } = await finish(child);
    expect(stderr).toMatch(/is given back\n.*could not be written to stdout/);
    expect(code).toBe(1);
    expect(await leasesOn(server, environment)).toEqual([]);
  });
});

test("a place in line whose id nobody was told is given up", async () => {
  const { locks } = clientsOf(server);
  await locks.acquire({ environment: "taken" });
  const full = openSync("/dev/full", "w");
  expect((await finish(start(["acquire", "taken", "--no-wait", "--json"], full))).code).toBe(1);
  closeSync(full);
  expect(await leasesOn(server, "taken")).toHaveLength(1);
});

test("a reader that leaves ends the waiting of request, and gives its place in line up", async () => {
  const { locks } = clientsOf(server);
  await locks.acquire({ environment: "left" });
  const child = start(["request", "left"], "pipe");
  child.stdout?.destroy();
  const { code } = await finish(child);
  expect(code).toBe(141);
  expect(await leasesOn(server, "left")).toHaveLength(1);
});

test("an answer that could not be written is no success", async () => {
  const full = openSync("/dev/full", "w");
  const { code, stderr } = await finish(start(["check", "free", "--json"], full));
  closeSync(full);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^call-me: the answer could not be written to stdout \(ENOSPC/),
  });
});

test("a reader that is slow is waited for, and gets all of it", async () => {
  const { environments } = clientsOf(server);
  const many = Array.from({ length: 400 }, (_, number) => ({ name: `slow-${number}`, labels: { about: "x".repeat(200) } }));
  await environments.applyEnvironments({ environments: many });
  using pipe = new Pipe();
  const child = start(["env", "list", "--json"], pipe.end);
  const end = finish(child);
  await pipe.shows(/\n\}\n$/);
  expect((await end).code).toBe(0);
  expect(pipe.read()).toMatch(/"slow-399"/);
});

test("a slow reader keeps nobody from giving a lease back", async () => {
  using pipe = Pipe.full();
  const child = start(["acquire", "interrupted", "--json"], pipe.end);
  const end = finish(child);
  await until(async () => (await leasesOn(server, "interrupted")).length === 1, 50);
  child.kill("SIGTERM");
  expect((await end).code).toBe(143);
  expect(await leasesOn(server, "interrupted")).toEqual([]);
});

test("a word that nobody reads keeps no command from its end, nor its result from its reader", async () => {
  using words = Pipe.full();
  const env = { PATH: process.env["PATH"], CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const child = spawn(process.execPath, [BIN, "acquire", "wordless", "--json"], { env, stdio: ["ignore", "pipe", words.end] });
  if (child.stdout === null) throw new Error("started without a pipe");
  const [stdout, [code]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ lease: { state: "LEASE_STATE_HELD" } });
});
