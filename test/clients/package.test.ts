/** clients/ts as it is published, installed as a user would, away from the checkout. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../scripts/tools.ts";
import { Server } from "../outside/server.ts";

const run = promisify(execFile);
const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-client-"));
/** The machine's own Node, which may be too old for the checkout. */
const hostNode = spawnSync("sh", ["-c", "PATH=$(echo \"$PATH\" | tr : '\\n' | grep -v node_modules | paste -sd:) command -v node"], {
  encoding: "utf8",
}).stdout.trim();

const ofTheMachine = { ...process.env, PATH: [path.dirname(hostNode), process.env["PATH"]].join(path.delimiter) };
/** What npm said when it was installed. */
let warnings = "";

const CONSUMER = `
import { Client, LeaseLost, NotAcquired, type Lease } from "@call-me/client";
import { LockService, type AcquireResponse } from "@call-me/client/v1";
import { LockServiceClient, metadataWith } from "@call-me/client/grpc-js";
const client = new Client({ key: "k" });
export const token: bigint = await client.hold("uat", { ttl: "90s" }, async (lease, signal) => (signal.aborted ? 0n : lease.fencingToken));
export const answer: AcquireResponse = await client.locks.acquire({ environment: "uat" });
export const state: number | undefined = (answer.lease satisfies Lease | undefined)?.state;
// @ts-expect-error: it is no length of time
export const wrong = client.hold("uat", { ttl: "90 years" });
export const others = [LeaseLost, NotAcquired, LockService, LockServiceClient, metadataWith];
`;

const PROGRAM = `
import { Client } from "@call-me/client";
console.log(await new Client().hold("uat", (lease) => "held " + lease.environments[0].name));
`;

beforeAll(async () => {
  writeFileSync(path.join(folder, "package.json"), '{"private":true,"type":"module"}');
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: path.join(root, "clients/ts") });
  const [tarball = ""] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"];
  ({ stderr: warnings } = await run("npm", [...install, `./${tarball}`, "@grpc/grpc-js@1.14.7"], { cwd: folder, env: ofTheMachine }));
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("it has the version and the licence of the server", () => {
  const [client, server] = ["clients/ts/package.json", "package.json"].map((name) =>
    JSON.parse(readFileSync(path.join(root, name), "utf8")),
  );
  expect([client.version, client.license]).toEqual([server.version, server.license]);
  for (const [name, version] of Object.entries(client.dependencies)) expect(server.devDependencies[name]).toBe(version);
});

test.each([process.execPath, hostNode])("it holds an environment (%s)", async (node) => {
  await using server = await Server.start();
  writeFileSync(path.join(folder, "program.js"), PROGRAM);
  const env = { ...process.env, CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  expect((await run(node, ["program.js"], { cwd: folder, env })).stdout).toBe("held uat\n");
});

test("it is installed without a warning, on the machine's own Node", () => {
  expect(warnings).toBe("");
});

test.each(["es2022,esnext.disposable", "es2022,esnext.disposable,dom"])(
  "its types fit, all of them checked (lib %s)",
  async (lib) => {
    writeFileSync(path.join(folder, "consumer.ts"), CONSUMER);
    const tsc = path.join(root, "node_modules/typescript/bin/tsc");
    const options = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2022", "--lib", lib, "--types", "node"];
    const types = ["--typeRoots", path.join(root, "node_modules/@types")];
    const done = await run(process.execPath, [tsc, ...options, ...types, "consumer.ts"], { cwd: folder }).catch((error) => error);
    expect(done.stdout).toBe("");
  },
  60_000,
);
