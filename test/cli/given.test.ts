// What environments give to the commands that run on them.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { givenVariables } from "../../clients/ts/src/process/given.ts";
import { LeasedEnvironmentSchema } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { finish } from "./plumbing.ts";
import { type } from "./terminal.ts";

const PASSWORD = "p%ss::word-1";
const KEY_FILE = "-----BEGIN-----\nsecond-line\n}\n";

let server: Server;
let clients: Clients;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start({ CALL_ME_SECRET_PASSWORD: PASSWORD, CALL_ME_SECRET_KEY: KEY_FILE });
  clients = clientsOf(server);
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
  const secret = (name: string) => ({ fromEnv: `CALL_ME_SECRET_${name}`, secret: true });
  const device = (value: string) => ({ variables: { DEVICE: { value } } });
  await clients.environments.applyEnvironments({
    environments: [
      {
        name: "uat",
        variables: { URL: { value: "https://uat.example/?a=1" }, NOTE: { value: "it's 'odd'" }, PASSWORD: secret("PASSWORD") },
      },
      { name: "db", variables: { URL: { value: "postgres://db" }, KEY: secret("KEY") } },
      { name: "rack", capacity: 3, variables: { HOST: { value: "rack" } }, slotVariables: [device("a"), device("b"), device("c")] },
      { name: "busy", variables: { URL: { value: "busy" } } },
    ],
  });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs `call-me exec … -- env`: what the command has, and all that was said on stderr. */
async function exec(args: readonly string[], more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [BIN, "exec", ...args, "--", process.execPath, "-p", "JSON.stringify(process.env)"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...env, ...more },
  });
  const { code, stdout, stderr } = await finish(child);
  const variables: Record<string, string> = stdout === "" ? {} : JSON.parse(stdout);
  return { code, stderr, given: Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith("CALL_ME_VAR_"))) };
}

describe("exec", () => {
  test("gives the command the variables of its environment, and none that another exec has given", async () => {
    const { code, given } = await exec(["uat"], { CALL_ME_VAR_OUTER: "left over", CALL_ME_VAR_URL: "wrong" });
    expect(code).toBe(0);
    expect(given).toEqual({ CALL_ME_VAR_URL: "https://uat.example/?a=1", CALL_ME_VAR_NOTE: "it's 'odd'", CALL_ME_VAR_PASSWORD: PASSWORD });
  });

  test("tells apart what several environments, or slots, give under one name", async () => {
    expect((await exec(["uat", "db"])).given).toEqual({
      CALL_ME_VAR_URL_UAT: "https://uat.example/?a=1",
      CALL_ME_VAR_URL_DB: "postgres://db",
      CALL_ME_VAR_NOTE: "it's 'odd'",
      CALL_ME_VAR_PASSWORD: PASSWORD,
      CALL_ME_VAR_KEY: KEY_FILE,
    });
    expect((await exec(["rack"])).given).toEqual({ CALL_ME_VAR_HOST: "rack", CALL_ME_VAR_DEVICE: "a" });
    expect((await exec(["rack=2"])).given).toEqual({ CALL_ME_VAR_HOST: "rack", CALL_ME_VAR_DEVICE_0: "a", CALL_ME_VAR_DEVICE_1: "b" });
  });

  test("says once what it does not give, since two values would have one name, and no value", async () => {
    const x = (value: string) => ({ variables: { X: { value } } });
    await clients.environments.applyEnvironments({
      environments: [
        { name: "a-b", ...x("one") },
        { name: "a.b", ...x("other") },
      ],
    });
    const { code, given, stderr } = await exec(["a-b", "a.b"]);
    expect([code, given]).toEqual([0, {}]);
    expect(stderr.match(/not given, since another value would have the same name: X of a-b, X of a\.b; see docs\/cli\.md\n/g)).toHaveLength(
      1,
    );
    expect(stderr).not.toMatch(/\b(?:one|other)\b/);
  });

  test("gives them also to who had to wait", async () => {
    const { lease } = await clients.locks.acquire({ environment: "busy" });
    const waiting = exec(["busy"]);
    for await (const { environments } of clients.locks.watchEnvironment({ environment: "busy" }))
      if (environments[0]?.queueLength === 1) break;
    await clients.locks.release({ leaseId: lease?.id ?? "" });
    expect((await waiting).given).toEqual({ CALL_ME_VAR_URL: "busy" });
  });

  test("hides what is secret of them in the log, line by line, and says none of it otherwise", async () => {
    const github = await exec(["uat", "db"], { GITHUB_ACTIONS: "true" });
    const masks = github.stderr.split("\n").filter((line) => line.startsWith("::add-mask::") && !line.includes("cml_"));
    expect(masks).toEqual(["::add-mask::p%25ss::word-1", "::add-mask::-----BEGIN-----", "::add-mask::second-line"]);
    const plain = await exec(["uat", "db"]);
    expect(plain.stderr).not.toMatch(/p%ss|BEGIN/);
  });

  test("runs nothing where the server lacks a value: the environment is given back, exit code 3", async () => {
    await using other = await Server.start({ CALL_ME_SECRET_PASSWORD: PASSWORD });
    const variables = { PASSWORD: { fromEnv: "CALL_ME_SECRET_PASSWORD", secret: true } };
    await clientsOf(other).environments.applyEnvironments({ environments: [{ name: "uat", variables }] });
    await other.stop();
    await other.restart({ CALL_ME_SECRET_PASSWORD: "" });
    const at = { CALL_ME_URL: other.url };
    // An operator may hand it out all the same.
    expect((await type(["env", "set-state", "uat", "available"], { ...env, ...at })).code).toBe(0);
    const { code, stderr, given } = await exec(["uat"], at);
    expect({ code, given }).toEqual({ code: 3, given: {} });
    expect(stderr).toContain("the server has no value for PASSWORD of uat");
    expect(await type(["acquire", "uat"], { ...env, ...at })).toMatchObject({ code: 3, stdout: "" });
    expect((await type(["check", "uat"], { ...env, ...at })).code).toBe(0);
  });
});

test("env clean gives them to the script that cleans, and runs none where the server lacks a value", async () => {
  await using other = await Server.start({ CALL_ME_SECRET_PASSWORD: PASSWORD });
  const { locks, environments } = clientsOf(other);
  const variables = { PASSWORD: { fromEnv: "CALL_ME_SECRET_PASSWORD", secret: true } };
  await environments.applyEnvironments({ environments: [{ name: "uat", cleaning: { required: true }, variables }] });
  await locks.acquire({ environment: "uat" });
  await locks.release({ environment: "uat" });
  const clean = (script: string) =>
    finish(
      spawn(process.execPath, [BIN, "env", "clean", "uat", "--once", "--", "sh", "-c", script], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: process.env["PATH"], ...env, CALL_ME_URL: other.url },
      }),
    );
  const dirty = await clean('echo "$CALL_ME_VAR_PASSWORD"; exit 1');
  expect(dirty.stdout).toBe(`${PASSWORD}\n`);
  await other.stop();
  await other.restart({ CALL_ME_SECRET_PASSWORD: "" });
  const refused = await clean("echo ran");
  expect(refused).toMatchObject({ code: 3, stdout: "", stderr: expect.stringContaining("the server has no value for PASSWORD of uat") });
});

describe("acquire", () => {
  test("--json and --output env have all of them: they are kept nowhere", async () => {
    const json = await type(["acquire", "uat", "--json"], env);
    expect(JSON.parse(json.stdout)).toMatchObject({
      lease: { environments: [{ variables: { PASSWORD }, secretVariables: ["PASSWORD"] }] },
    });
    await type(["release", "uat"], env);
    const { stdout } = await type(["acquire", "uat", "--output", "env"], env);
    const child = spawn("sh", ["-c", `${stdout}printf '%s|%s' "$CALL_ME_VAR_NOTE" "$CALL_ME_VAR_PASSWORD"`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    expect((await finish(child)).stdout).toBe(`it's 'odd'|${PASSWORD}`);
    await type(["release", "uat"], env);
  });

  test.each(["dotenv", "gitlab"])(
    "--output %s leaves out what is secret, or cannot be written without quotes, and says so",
    async (format) => {
      const { stdout, stderr } = await type(["acquire", "uat", "--output", format], env);
      expect(stdout).toContain("CALL_ME_VAR_URL=https://uat.example/?a=1\n");
      expect(stdout).not.toMatch(/PASSWORD|NOTE/);
      expect(stderr).toContain("not handed on, since a file cannot keep it or must not: CALL_ME_VAR_NOTE, CALL_ME_VAR_PASSWORD");
      await type(["release", "uat"], env);
    },
  );

  test("--output gitlab has no more than GitLab takes: 20 variables, 5 KiB", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 30 }, (_, n) => [`V${n}`, { value: n === 3 ? "x".repeat(4_000) : "y".repeat(200) }]),
    );
    await clients.environments.applyEnvironments({ environments: [{ name: "many", variables: many }] });
    const { stdout, stderr } = await type(["acquire", "many", "--output", "gitlab"], env);
    expect(stdout.trim().split("\n").length).toBeLessThanOrEqual(20);
    expect(Buffer.byteLength(stdout)).toBeLessThanOrEqual(5_120);
    expect(stdout).toContain("CALL_ME_LEASE_TOKEN=");
    expect(stdout).toContain("CALL_ME_VAR_V0=");
    expect(stderr).toContain("not handed on");
    await type(["release", "many"], env);
    const all = await type(["acquire", "many", "--output", "dotenv"], env);
    expect(all.stdout.trim().split("\n").length).toBeGreaterThan(30);
    await type(["release", "many"], env);
  });

  test("--output github leaves out what is secret, and hides it in the log", async () => {
    const file = path.join(mkdtempSync(path.join(os.tmpdir(), "call-me-output-")), "output");
    writeFileSync(file, "");
    const { stderr } = await type(["acquire", "uat", "--output", "github"], { ...env, GITHUB_ACTIONS: "true", GITHUB_OUTPUT: file });
    const outputs = readFileSync(file, "utf8");
    expect(outputs).toContain("CALL_ME_VAR_URL=https://uat.example/?a=1\nCALL_ME_VAR_NOTE=it's 'odd'\n");
    expect(outputs).not.toContain(PASSWORD);
    expect(stderr).toContain("::add-mask::p%25ss::word-1\n");
    await type(["release", "uat"], env);
  });

  test("whoever the lease was handed on to reads them with renew --json, by its token, and the log hides them", async () => {
    const { lease, leaseToken } = await clients.locks.acquire({ environment: "uat" });
    const later = { GITHUB_ACTIONS: "true", CALL_ME_URL: server.url, CALL_ME_LEASE_ID: lease?.id ?? "", CALL_ME_LEASE_TOKEN: leaseToken };
    for (const command of [
      ["renew", "--json"],
      ["wait", "--lease", lease?.id ?? "", "--json"],
    ]) {
      const { stdout, stderr } = await type(command, later);
      expect(stdout).toContain(PASSWORD);
      expect(stderr).toContain("::add-mask::p%25ss::word-1\n");
    }
    await clients.locks.release({ leaseId: lease?.id ?? "" });
  });
});

describe("names", () => {
  const named = (environments: Parameters<typeof create<typeof LeasedEnvironmentSchema>>[1][]) =>
    Object.fromEntries(
      givenVariables(environments.map((one) => create(LeasedEnvironmentSchema, one))).map(({ name, value }) => [name.slice(12), value]),
    );

  test("one value everywhere needs nothing to tell it apart", () => {
    expect(
      named([
        { name: "a", variables: { X: "1" } },
        { name: "b", variables: { X: "1" } },
      ]),
    ).toEqual({ X: "1" });
  });

  test("several environments and slots: each as far as it takes", () => {
    const slots = [{ variables: { X: "1" } }, { variables: { X: "2" } }];
    expect(
      named([
        { name: "rack/a-1", slotIndexes: [1, 3], slotVariables: slots },
        { name: "b", variables: { X: "3" }, slotIndexes: [0, 1] },
      ]),
    ).toEqual({ X_RACK_A_1_1: "1", X_RACK_A_1_3: "2", X_B: "3" });
  });

  test("a slot's own counts, and the environment's for slots without", () => {
    expect(named([{ name: "a", variables: { X: "1" }, slotIndexes: [0, 2], slotVariables: [{ variables: { X: "2" } }, {}] }])).toEqual({
      X_0: "2",
      X_2: "1",
    });
  });

  test("what only some of the slots have is given with their indexes: it is not for all", () => {
    const some = { name: "a", slotIndexes: [1, 3], slotVariables: [{ variables: { X: "1" } }, {}] };
    expect(named([some])).toEqual({ X_1: "1" });
    expect(named([some, { name: "b", variables: { X: "1" } }])).toEqual({ X_A_1: "1", X_B: "1" });
    expect(named([{ ...some, variables: { X: "1" } }])).toEqual({ X: "1" });
  });

  test("what would still have one name is not given, and a name that is configured comes first", () => {
    expect(
      named([
        { name: "a-b", variables: { X: "1" } },
        { name: "a.b", variables: { X: "2" } },
        { name: "c", variables: { X: "3" } },
      ]),
    ).toEqual({ X_C: "3" });
    expect(
      named([
        { name: "a", variables: { X: "1", X_B: "mine" } },
        { name: "b", variables: { X: "2" } },
      ]),
    ).toEqual({ X_A: "1", X_B: "mine" });
  });
});
