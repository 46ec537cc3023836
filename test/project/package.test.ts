/** What is published, installed as a user would, away from the checkout. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-package-"));
const installed = path.join(folder, "node_modules", ".bin", "call-me");
/** The machine's own Node, which may be too old for the checkout. */
const hostNode = spawnSync("sh", ["-c", "PATH=$(echo \"$PATH\" | tr : '\\n' | grep -v node_modules | paste -sd:) command -v node"], {
  encoding: "utf8",
}).stdout.trim();

beforeAll(async () => {
  writeFileSync(path.join(folder, "package.json"), '{"private":true}');
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  await run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball}`], { cwd: folder });
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("it brings one dependency, for the server alone", () => {
  expect(readdirSync(path.join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([
    "better-sqlite3",
    "call-me",
    "node-addon-api",
  ]);
  expect(existsSync(path.join(folder, "node_modules/call-me/src"))).toBe(false);
});

test.each([process.execPath, hostNode])("its commands run, against a server (%s)", async (node) => {
  await using server = await Server.start();
  const env = { ...process.env, CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  expect((await run(node, [installed, "acquire", "uat"], { env })).stdout).toContain("acquired slot for environment: uat");
  await expect(run(node, [installed, "check", "uat"], { env })).rejects.toMatchObject({ code: 4 });
  expect((await run(node, [installed, "release", "uat"], { env })).stdout).toBe("slot has been freed for environment: uat\n");
});

test("its server serves, and one on a Node that is too old says so instead of crashing", async () => {
  await using server = await Server.start({}, installed);
  const answer = await fetch(`${server.url}/readyz`);
  expect(answer.status).toBe(200);
  expect(await (await fetch(`${server.url}/openapi.json`)).json()).toMatchObject({ openapi: "3.1.0" });
  const [major = 0] = spawnSync(hostNode, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.split(".").map(Number);
  if (major >= 22) return;
  const refused = spawnSync(hostNode, [installed, "serve"], { encoding: "utf8" });
  expect([refused.status, refused.stderr]).toEqual([78, expect.stringContaining("needs Node 22.18 or newer")]);
});
