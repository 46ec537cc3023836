// The fleet as a file that the server itself applies, at its start and at every SIGHUP.
import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { BIN } from "../packed.ts";
import { clientsOf, leaseIn } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { type LogLine, Server } from "./server.ts";

let folder: string;
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "call-me-configuration-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A file with this text. */
async function file(text: string): Promise<string> {
  const at = path.join(folder, `fleet-${++files}.yaml`);
  await writeFile(at, text);
  return at;
}

/** Replaces a file whole, as editors and Kubernetes do. */
async function replace(at: string, text: string): Promise<void> {
  await writeFile(`${at}.new`, text);
  await rename(`${at}.new`, at);
}

const FLEET = `pools:
  - { name: boards, max_queue: 1, auto_create: false }
environments:
  - { name: board-1, pool: boards, capacity: 2 }
  - { name: uat }
`;
const APPLIED = "the server is as its configuration file says";

const named = async (server: Server) => (await clientsOf(server).environments.listEnvironments({})).environments.map(({ name }) => name);
const said = (server: Server, text: string | RegExp): LogLine[] =>
  server.log.filter(({ msg }) => (typeof text === "string" ? msg === text : text.test(msg)));

/** Sends SIGHUP, and waits for another line like that. */
async function hangUp(server: Server, text: string | RegExp): Promise<LogLine | undefined> {
  const before = said(server, text).length;
  server.signal("SIGHUP");
  await eventually(() => said(server, text).length > before);
  return said(server, text).at(-1);
}

test("it is applied before anybody is served, and again at every SIGHUP", async () => {
  const at = await file(FLEET);
  await using server = await Server.start({ CALL_ME_CONFIG: at });
  expect(server.log[0]).toMatchObject({ msg: APPLIED, file: at, created: ["pool boards", "board-1", "uat"] });
  expect(await named(server)).toEqual(["board-1", "uat"]);
  const { locks, environments } = clientsOf(server);
  const lease = leaseIn(await locks.acquire({ environment: "board-1" }));
  await replace(at, FLEET.replace("capacity: 2", "capacity: 3").replace("name: uat", "name: uat-2"));
  const line = await hangUp(server, APPLIED);
  expect(line).toMatchObject({ created: ["uat-2"], changed: ["board-1"] });
  expect(line).not.toHaveProperty("deleted");
  expect(await named(server)).toEqual(["board-1", "uat", "uat-2"]);
  expect((await environments.getEnvironment({ environment: "board-1" })).environment?.capacity).toBe(3);
  expect((await locks.getLease({ leaseId: lease.id })).lease?.state).toBe(lease.state);
  await server.kill9();
  await server.restart();
  expect(said(server, APPLIED).at(-1)).not.toHaveProperty("changed");
  expect(server.complaints).toEqual([]);
});

test.each([
  [
    "- name: a\n- name: b\n  capcity: 2\n",
    /CALL_ME_CONFIG: \S+fleet-\d+\.yaml:3: environments\[1\]: "capcity" is unknown; did you mean "capacity"\?/,
  ],
  ["- name: a\n- name: b\n  max_hold: 400d\n", /fleet-\d+\.yaml:3: environments\[1\]\.max_hold: 400d is out of range; give 1s to 30d/],
  ["pools: [{ name: 'a b' }]\nenvironments: []\n", /fleet-\d+\.yaml:1: pools\[0\]\.name: "a b" is not a name/],
  ["environments: [\n", /fleet-\d+\.yaml:\d: /],
  ["", /fleet-\d+\.yaml is empty/],
  ["x".repeat(17 * 1024 * 1024), /fleet-\d+\.yaml is larger than 16 MiB/],
])("a bad file stops the start with 78, line and field (%#)", async (text, words) => {
  const directory = await mkdtemp(path.join(folder, "store-"));
  const store = { CALL_ME_STORE: `sqlite:${path.join(directory, "call-me.db")}` };
  const error = await Server.start({ CALL_ME_CONFIG: await file(text), ...store }).catch((thrown: Error) => thrown.message);
  expect(error).toMatch(/ended with 78/);
  expect(error).toMatch(words);
  // Nothing of it was applied.
  await using server = await Server.start(store);
  expect(await named(server)).toEqual([]);
});

test("a file that cannot be had stops the start, also one that nobody would ever write to the end", async () => {
  const fifo = path.join(folder, "fifo");
  execFileSync("mkfifo", [fifo]);
  for (const [at, words] of [
    ["/nowhere/fleet.yaml", /CALL_ME_CONFIG: cannot read \/nowhere\/fleet.yaml: ENOENT/],
    [folder, /is no regular file; it is read again at each SIGHUP/],
    [fifo, /is no regular file/],
  ] as const)
    await expect(Server.start({ CALL_ME_CONFIG: at })).rejects.toThrow(words);
  await expect(Server.start({ CALL_ME_CONFIG_PRUNE: "on" })).rejects.toThrow(
    /CALL_ME_CONFIG_PRUNE is "on", and there is no CALL_ME_CONFIG/,
  );
});

test("what is wrong at a SIGHUP is logged with line and field, changes nothing, and the server goes on", async () => {
  const at = await file(FLEET);
  await using server = await Server.start({ CALL_ME_CONFIG: at });
  for (const [text, words] of [
    ["- name: new\n- name: b\n  capcity: 2\n", /yaml:3: environments\[1\]: "capcity" is unknown/],
    ["- name: new\n- name: uat\n  pool: boards\n", /yaml:2: environment "uat" is in pool "default"/],
    ["- name: new\n- name: b\n  cooldown: 400d\n", /yaml:3: environments\[1\]\.cooldown: 400d is out of range/],
  ] as const) {
    await replace(at, text);
    expect(await hangUp(server, /was not applied, nothing of it/)).toMatchObject({ level: "error", why: expect.stringMatching(words) });
  }
  await rm(at);
  expect(await hangUp(server, /was not applied/)).toMatchObject({ why: expect.stringContaining("ENOENT") });
  expect(await named(server)).toEqual(["board-1", "uat"]);
  await replace(at, FLEET);
  await hangUp(server, APPLIED);
  expect(await server.stop()).toBe(0);
});

test("a variable that the server lacks takes out of service what needs it, and nothing else, until it is there", async () => {
  const needing = (name: string) => `{ variables: { P: { from_env: CALL_ME_SECRET_${name}, secret: true } } }`;
  const at = await file(`- name: plain\n- name: uat\n  slot_variables: [${needing("A")}]\n`);
  await using server = await Server.start({ CALL_ME_CONFIG: at });
  const { locks, environments } = clientsOf(server);
  const lines = () => server.complaints.map(({ level, msg }) => `${level} ${path.basename(msg)}`);
  const first = /^warn fleet-\d+\.yaml:3: environments\[1\]\.slot_variables\[0\]\.variables\.P\.from_env: CALL_ME_SECRET_A is not set/;
  expect(lines()[0]).toMatch(first);
  const states = async () =>
    (await environments.listEnvironments({})).environments.map(({ name, stateReason }) => `${name}: ${stateReason}`);
  const lacks = (name: string) => `the server's environment lacks CALL_ME_SECRET_${name}`;
  expect(await states()).toEqual(["plain: ", `uat: ${lacks("A")}`]);
  expect(leaseIn(await locks.acquire({ environment: "plain" })).state).toBe(LeaseState.HELD);
  expect(leaseIn(await locks.acquire({ environment: "uat" })).state).toBe(LeaseState.QUEUED);
  // The same at a SIGHUP; a call refuses.
  await replace(at, `- name: plain\n- name: uat\n- name: new\n  slot_variables: [${needing("B")}]\n`);
  await hangUp(server, /1 environments have variables that are not set here/);
  expect(await states()).toEqual([`new: ${lacks("B")}`, "plain: ", "uat: "]);
  // Where it stands in the file is looked up after that.
  const second = /yaml:4: environments\[2\].*CALL_ME_SECRET_B is not set/;
  await eventually(async () => lines().some((line) => second.test(line)));
  const variables = { P: { fromEnv: "CALL_ME_SECRET_B" } };
  await expect(environments.applyEnvironments({ environments: [{ name: "other", variables }] })).rejects.toThrow(
    /CALL_ME_SECRET_B is not set/,
  );
  await server.stop();
  await server.restart({ CALL_ME_SECRET_B: "there" });
  expect(await states()).toEqual(["new: ", "plain: ", "uat: "]);
});

test("many SIGHUPs, also while a file is applied, end with the last file", async () => {
  const many = (last: string) =>
    `environments:\n${Array.from({ length: 3_000 }, (_, index) => `  - name: e${index}\n`).join("")}  - name: ${last}\n`;
  const at = await file(many("first"));
  await using server = await Server.start({ CALL_ME_CONFIG: at });
  for (let time = 0; time < 5; time++) server.signal("SIGHUP");
  await replace(at, many("last"));
  server.signal("SIGHUP");
  const has = async (environment: string) =>
    (await clientsOf(server)
      .environments.getEnvironment({ environment })
      .catch(() => undefined)) !== undefined;
  await eventually(() => has("last"));
  expect(server.complaints).toEqual([]);
});

test("a damaged pool that the file names keeps the server from starting as little as without a file", async () => {
  const at = await file("environments: [{ name: uat, pool: lab }]");
  await using server = await Server.start({ CALL_ME_CONFIG: at });
  await clientsOf(server).locks.acquire({ environment: "uat" });
  await server.stop();
  const db = new Database(path.join(server.directory, "call-me.db"));
  db.exec("DELETE FROM environments");
  db.close();
  await server.restart();
  const [line] = said(server, /was not applied/);
  expect(line).toMatchObject({ level: "error", why: expect.stringMatching(/pool "lab" is damaged/) });
  expect(await clientsOf(server).locks.acquire({ environment: "other" })).toMatchObject({ environmentCreated: true });
});

test("without a file SIGHUP ends nothing, and says so", async () => {
  await using server = await Server.start();
  await hangUp(server, /there is no file that could be read anew, such as CALL_ME_CONFIG/);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test("a server whose terminal is gone stops as at SIGTERM", async () => {
  const log = path.join(folder, "log");
  const words = [process.execPath, BIN, "serve"].map((word) => `'${word}'`).join(" ");
  const env = { PATH: process.env["PATH"], PORT: "0", CALL_ME_STORE: `sqlite:${folder}/terminal.db`, CALL_ME_CONFIG: await file(FLEET) };
  const terminal = spawn("script", ["-qefc", `exec ${words} 2>'${log}'`, "/dev/null"], { env, stdio: ["pipe", "ignore", "inherit"] });
  onTestFinished(() => void terminal.kill("SIGKILL"));
  const wrote = async (text: string) => (await readFile(log, "utf8").catch(() => "")).includes(text);
  await eventually(() => wrote("call-me is ready"));
  terminal.kill("SIGKILL");
  await eventually(() => wrote('"signal":"SIGHUP","msg":"stopping'));
});

test("with CALL_ME_CONFIG_PRUNE what the file does not name goes, unless somebody is on it: then nothing goes, and the rest is applied", async () => {
  const at = await file(FLEET);
  const prune = { CALL_ME_CONFIG: at, CALL_ME_CONFIG_PRUNE: "on" };
  await using server = await Server.start(prune);
  const lease = leaseIn(await clientsOf(server).locks.acquire({ environment: "uat" }));
  await replace(at, "environments: [{ name: new }]");
  const line = await hangUp(server, /nothing was deleted/);
  expect(line).toMatchObject({ level: "warn", msg: expect.stringContaining(lease.id) });
  await eventually(() => said(server, "what the configuration file names is as it says").length === 1);
  expect(said(server, APPLIED)).toHaveLength(1);
  expect(await named(server)).toEqual(["board-1", "new", "uat"]);
  // Nor does it keep the server from starting.
  await server.kill9();
  await server.restart();
  const { locks } = clientsOf(server);
  await locks.release({ leaseId: lease.id });
  expect(await hangUp(server, APPLIED)).toMatchObject({ deleted: ["pool boards", "board-1", "uat"] });
  expect(await named(server)).toEqual(["new"]);
});
