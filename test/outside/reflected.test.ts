// Tools that know the server by its reflection alone, as examples/reflection/README.md shows them: each of its lines is run.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

// Go puts what it installs where PATH need not lead.
const PATH = [
  path.resolve("node_modules/.bin"),
  path.dirname(process.execPath),
  process.env["PATH"],
  path.join(os.homedir(), "go/bin"),
].join(path.delimiter);

const guide = readFileSync("examples/reflection/README.md", "utf8");
const lines = [...guide.matchAll(/^((buf|grpcurl) .*)\n# (.*)$/gm)].map(([, command = "", tool = "", says = ""]) => ({
  command,
  tool,
  says,
}));

let server: Server;
beforeAll(async () => {
  server = await Server.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs a line until it has printed the text, and to its end unless it watches. Throws with what it printed. */
async function run(command: string, says: string): Promise<void> {
  const env = { ...process.env, PATH, URL: server.url, HOST: `127.0.0.1:${server.port}`, API_KEY: server.key };
  // A group of its own: buf is started by a script, which would leave it behind.
  const child = spawn("sh", ["-c", command], { env, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = once(child, "close");
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (printed += chunk));
  try {
    await eventually(() => printed.includes(says) || child.exitCode !== null, 15_000);
    if (command.includes("Watch")) process.kill(-(child.pid ?? 0), "SIGTERM");
    const [code] = await end;
    if (!command.includes("Watch")) expect(code, printed).toBe(0);
    expect(printed).toContain(says);
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(-(child.pid ?? 0), "SIGKILL");
  }
}

function has(tool: string): boolean {
  try {
    execFileSync(tool, [tool === "buf" ? "--version" : "-version"], { stdio: "ignore", env: { ...process.env, PATH } });
    return true;
  } catch {
    return false;
  }
}

describe.each(["buf", "grpcurl"])("%s", (name) => {
  const missing = !has(name);
  if (missing) console.warn(`SKIPPED: the tests with ${name} need it: go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.4`);
  const own = lines.filter(({ tool }) => tool === name);

  test("the guide has lines for it", () => expect(own.length).toBeGreaterThan(3));

  test.skipIf(missing).each(own)("$command", async ({ command, says }) => await run(command, says), 30_000);
});

test("the guide shows each protocol of buf curl", () => {
  const shown = new Set([...guide.matchAll(/--protocol (\w+)/g)].map(([, protocol]) => protocol));
  expect(shown).toEqual(new Set(["grpc", "grpcweb", "connect"]));
});
