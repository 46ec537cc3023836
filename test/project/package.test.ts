/** What is published, installed as a user would, away from the checkout. */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";

const run = promisify(execFile);
const root = path.resolve(import.meta.dirname, "../..");
/** What the server alone needs. */
const DRIVER = `better-sqlite3@${JSON.parse(readFileSync(path.join(root, "package.json"), "utf8")).peerDependencies["better-sqlite3"]}`;
const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-package-"));
const installed = path.join(folder, "node_modules", ".bin", "call-me");
/** The machine's own Node, which may be too old for the checkout. */
const hostNode = spawnSync("sh", ["-c", "PATH=$(echo \"$PATH\" | tr : '\\n' | grep -v node_modules | paste -sd:) command -v node"], {
  encoding: "utf8",
}).stdout.trim();

/** What npm said when it was installed. */
let warnings = "";

/** Installs with the npm and on the Node of the machine. */
function install(what: string): Promise<{ stderr: string }> {
  const PATH = [path.dirname(hostNode), process.env["PATH"]].join(path.delimiter);
  return run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts", what], {
    cwd: folder,
    env: { ...process.env, PATH },
  });
}

beforeAll(async () => {
  writeFileSync(path.join(folder, "package.json"), '{"private":true}');
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  ({ stderr: warnings } = await install(`./${tarball}`));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("it brings nothing else, and npm has nothing to say about it, on the machine's own Node", () => {
  expect(warnings).toBe("");
  expect(readdirSync(path.join(folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual(["call-me"]);
  expect(existsSync(path.join(folder, "node_modules/call-me/src"))).toBe(false);
});

test.each([process.execPath, hostNode])("its commands run, against a server (%s)", async (node) => {
  await using server = await Server.start();
  const env = { ...process.env, CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  expect((await run(node, [installed, "acquire", "uat"], { env })).stdout).toContain("acquired slot for environment: uat");
  await expect(run(node, [installed, "check", "uat"], { env })).rejects.toMatchObject({ code: 4 });
  expect((await run(node, [installed, "release", "uat"], { env })).stdout).toBe("slot has been freed for environment: uat\n");
});

test("its server serves once what it keeps its state with is there, and says so before; on a Node that is too old it says that", async () => {
  const missing = spawnSync(process.execPath, [installed, "serve"], { encoding: "utf8" });
  expect([missing.status, missing.stderr]).toEqual([78, expect.stringContaining(`npm install --global ${DRIVER}`)]);
  await install(DRIVER);
  await using server = await Server.start({}, installed);
  const answer = await fetch(`${server.url}/readyz`);
  expect(answer.status).toBe(200);
  expect(await (await fetch(`${server.url}/openapi.json`)).json()).toMatchObject({ openapi: "3.1.0" });
  expect(await (await fetch(`${server.url}/`)).text()).toContain("<title>call-me</title>");
  const [major = 0] = spawnSync(hostNode, ["-p", "process.versions.node"], { encoding: "utf8" }).stdout.split(".").map(Number);
  if (major >= 22) return;
  const refused = spawnSync(hostNode, [installed, "serve"], { encoding: "utf8" });
  expect([refused.status, refused.stderr]).toEqual([78, expect.stringContaining("needs Node 22.18 or newer")]);
});
