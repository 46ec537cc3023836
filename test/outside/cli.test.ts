// The command line as a process against the real server.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { BIN } from "../packed.ts";
import { type Clients, clientsOf, leaseIn } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

type Variables = Readonly<Record<string, string>>;

/** A command under way; what it has printed so far. */
class Command {
  readonly #child: ChildProcess;
  /** The exit code, once all was printed. */
  readonly end: Promise<number | null>;
  stdout = "";
  stderr = "";

  constructor(args: readonly string[], at: Server = server, env: Variables = {}) {
    const own = { PATH: process.env["PATH"], HOST: `127.0.0.1:${at.port}`, API_KEY: at.key };
    this.#child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "pipe", "pipe"], env: { ...own, ...env } });
    this.end = once(this.#child, "close").then(([code]) => code as number | null);
    this.#child.stdout?.on("data", (chunk) => {
      this.stdout += chunk;
    });
    this.#child.stderr?.on("data", (chunk) => {
      this.stderr += chunk;
    });
  }

  /** Waits until stdout or stderr has the text. */
  async says(words: string): Promise<void> {
    await eventually(() => this.stdout.includes(words) || this.stderr.includes(words));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Runs a command to its end. */
async function run(args: readonly string[], env: Variables = {}, at: Server = server) {
  const command = new Command(args, at, env);
  const code = await command.end;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

describe("the original's commands and texts", () => {
  test("request and release, with HOST and API_KEY", async () => {
    const taken = await run(["request", "uat"]);
    expect(taken).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^acquired slot for environment: uat\nwaited \d+(\.\d+)?(µs|ms|s)\n$/),
    });
    expect(taken.stderr).toMatch(/lease \S+ is held until (tomorrow )?\d\d:\d\d \(for 1 h\)/);
    expect(await run(["release", "uat"])).toMatchObject({ code: 0, stdout: "slot has been freed for environment: uat\n" });
    expect(await run(["release", "uat"])).toMatchObject({ code: 0, stdout: "slot has been freed for environment: uat\n" });
  });

  test("a request waits for what a POST /maybe holds", async () => {
    const maybe = (method: string) => fetch(`${server.url}/maybe?environment=old`, { method, headers: { "x-api-key": server.key } });
    await maybe("POST");
    const waiting = new Command(["request", "old"]);
    await waiting.says("waiting for free slot on environment: old\n");
    await maybe("DELETE");
    expect(await waiting.end).toBe(0);
    expect(waiting.stdout).toMatch(/^waiting for free slot on environment: old\nacquired slot for environment: old\nwaited \S+\n$/);
  });
});

test("a waiting acquire keeps its place through a kill -9 and a restart of the server", async () => {
  await using other = await Server.start();
  const { locks } = clientsOf(other);
  const held = leaseIn(await locks.acquire({ environment: "uat" }));
  const waiting = new Command(["acquire", "uat", "--request-id", "mine"], other);
  await waiting.says("position 1 of 1");
  const late = leaseIn(await locks.acquire({ environment: "uat", requestId: "late" }));
  await other.kill9();
  await waiting.says("lost contact with the server");
  await other.restart();
  await waiting.says("contact regained");
  await locks.release({ leaseId: held.id });
  expect(await waiting.end).toBe(0);
  const [holder] = (await locks.check({ environment: "uat" })).environments[0]?.holders ?? [];
  const mine = leaseIn(await locks.acquire({ environment: "uat", requestId: "late" }));
  expect(mine).toMatchObject({ id: late.id, position: 1, holders: [{ leaseId: holder?.leaseId }] });
  expect(waiting.stderr).toContain(holder?.leaseId);
});

test("an interrupted acquire gives its place up", async () => {
  const held = leaseIn(await clients.locks.acquire({ environment: "interrupted" }));
  const waiting = new Command(["acquire", "interrupted"]);
  await waiting.says("position 1 of 1");
  waiting.kill("SIGTERM");
  expect(await waiting.end).toBe(143);
  const { environments } = await clients.locks.check({ environment: "interrupted" });
  expect(environments).toMatchObject([{ queueLength: 0, holders: [{ leaseId: held.id }] }]);
});

describe("acquire", () => {
  test("--json gives the answer, with the token that suffices for a release", async () => {
    const { code, stdout } = await run(["acquire", "json-a", "json-b", "--ttl", "90s", "--tag", "t", "--reason", "test", "--json"]);
    expect(code).toBe(0);
    const { lease, leaseToken } = JSON.parse(stdout) as { lease: Record<string, unknown> & { id: string }; leaseToken: string };
    expect(lease).toMatchObject({ state: "LEASE_STATE_HELD", ttl: "90s", tags: ["t"], reason: "test" });
    const env = { API_KEY: "", CALL_ME_LEASE_ID: lease.id, CALL_ME_LEASE_TOKEN: leaseToken };
    expect(await run(["release", "json-b"], env)).toMatchObject({ code: 0 });
    expect(leaseIn(await clients.locks.getLease({ leaseId: lease.id })).endReason).toBe(EndReason.RELEASED);
  });

  test("exit code 4 when it is busy, timed out or can never be", async () => {
    await clients.locks.acquire({ environment: "busy" });
    expect(await run(["acquire", "busy", "--fail"])).toMatchObject({ code: 4, stderr: expect.stringContaining("not acquired: busy") });
    const timedOut = await run(["acquire", "busy", "--queue-timeout", "100ms"]);
    expect(timedOut).toMatchObject({ code: 4, stderr: expect.stringContaining("not acquired: timed out") });
    expect(await run(["acquire", "busy=2"])).toMatchObject({ code: 4, stderr: expect.stringContaining("unsatisfiable") });
    expect(await run(["acquire", "busy", "--no-wait"])).toMatchObject({ code: 4, stderr: expect.stringContaining("position 1 of 1") });
  });

  test("exit code 2 for what the server calls invalid, and 3 for a wrong key", async () => {
    expect(await run(["acquire", "no name"])).toMatchObject({ code: 2, stderr: expect.stringContaining("is not a name") });
    const colon = await run(["acquire", "db:2"]);
    expect(colon).toMatchObject({ code: 2, stderr: expect.stringContaining("Slots are written with =, as in db=2") });
    expect(await run(["acquire", "x", "--ttl", "60d"])).toMatchObject({ code: 2, stderr: expect.stringContaining("ttl") });
    expect(await run(["acquire", "x"], { API_KEY: "wrong" })).toMatchObject({
      code: 3,
      stderr: expect.stringContaining("does not accept the key"),
    });
  });
});

describe("release", () => {
  test("what another run holds is refused with 5, unless its lease is named", async () => {
    const { id } = leaseIn(await clients.locks.acquire({ environment: "foreign", holder: { name: "other", runUrl: "https://ci/other" } }));
    const refused = await run(["release", "foreign", "--run-url", "https://ci/mine"]);
    expect(refused).toMatchObject({ code: 5, stdout: "", stderr: expect.stringContaining("https://ci/other") });
    expect(leaseIn(await clients.locks.getLease({ leaseId: id })).state).toBe(LeaseState.HELD);
    expect(await run(["release", "--lease", id])).toMatchObject({ code: 0 });
  });

  test("an outcome and a note are kept", async () => {
    const { id } = leaseIn(await clients.locks.acquire({ environment: "noted" }));
    expect((await run(["release", "noted", "--outcome", "broken", "--note", "disk full"])).code).toBe(0);
    expect(leaseIn(await clients.locks.getLease({ leaseId: id })).endNote).toBe("disk full");
    expect(await run(["check", "noted"])).toMatchObject({ code: 4, stdout: expect.stringContaining("maintenance") });
  });
});

test("check: 0 when free, 4 when not, and who has it", async () => {
  expect(await run(["check", "checked"])).toMatchObject({ code: 0, stdout: expect.stringMatching(/free +checked +0\/1/) });
  await clients.locks.acquire({ environment: "checked", holder: { name: "checkout #4711" } });
  expect(await run(["check", "checked"])).toMatchObject({ code: 4, stdout: expect.stringContaining("checkout #4711") });
  const { code, stdout } = await run(["check", "checked", "--json"]);
  expect(code).toBe(4);
  expect(JSON.parse(stdout)).toMatchObject({ environments: [{ name: "checked", used: 1 }] });
});

test("watch shows the state, then each change, and goes on over a restart without a gap", async () => {
  await using other = await Server.start();
  const { locks } = clientsOf(other);
  const watch = new Command(["watch", "uat", "--json"], other);
  await watch.says("WATCH_KIND_SNAPSHOT");
  const ids: string[] = [];
  const take = async () => {
    ids.push(leaseIn(await locks.acquire({ environment: "uat" })).id);
    await locks.release({ environment: "uat" });
  };
  await take();
  await watch.says("END_REASON_RELEASED");
  await other.kill9();
  await watch.says("lost contact with the server");
  await other.restart();
  await take();
  await take();
  await watch.says("contact regained");
  await eventually(() => ids.every((id) => watch.stdout.includes(id)));
  await eventually(() => watch.stdout.split("END_REASON_RELEASED").length === 4);
  const messages = watch.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; cause?: { leaseId: string; state: string } });
  const changes = messages.filter(({ kind }) => kind === "WATCH_KIND_CHANGE").map(({ cause }) => `${cause?.leaseId} ${cause?.state}`);
  expect(changes).toEqual(ids.flatMap((id) => [`${id} LEASE_STATE_HELD`, `${id} LEASE_STATE_ENDED`]));
  watch.kill("SIGINT");
  expect(await watch.end).toBe(130);
});

test("env apply, list and delete", async () => {
  await using other = await Server.start();
  const file = path.join(other.directory, "fleet.json");
  const runThere = (...args: string[]) => run(args, {}, other);
  await writeFile(
    file,
    JSON.stringify({
      environments: [
        { name: "uat", capacity: 2, defaultTtl: "1800s" },
        { name: "board-1", pool: "lab" },
      ],
    }),
  );
  expect(await runThere("env", "apply", file, "--dry-run")).toMatchObject({
    code: 0,
    stdout: "+ board-1 (pool lab)\n+ uat (pool default)\n",
  });
  expect(await runThere("env", "apply", file)).toMatchObject({
    code: 0,
    stdout: "created board-1 (pool lab)\ncreated uat (pool default)\n",
  });
  expect((await runThere("env", "list")).stdout).toMatch(/available +uat +default +2/);
  const listed = JSON.parse((await runThere("env", "list", "--json")).stdout) as { environments: object[] };
  expect(listed.environments).toMatchObject([{ name: "board-1" }, { name: "uat", capacity: 2, defaultTtl: "1800s" }]);
  await clientsOf(other).locks.acquire({ environment: "uat" });
  expect(await runThere("env", "delete", "uat")).toMatchObject({ code: 1, stderr: expect.stringContaining("is held") });
  expect(await runThere("env", "delete", "board-1")).toMatchObject({ code: 0, stdout: "deleted environment: board-1\n" });
  await writeFile(file, JSON.stringify([{ name: "uat", capcity: 3 }]));
  expect(await runThere("env", "apply", file)).toMatchObject({ code: 2, stderr: expect.stringContaining("capcity") });
});

test("serve: bad settings end it with 78 and a sentence", async () => {
  const child = spawn(process.execPath, [BIN, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { PATH: process.env["PATH"], PORT: "http" },
  });
  const [words, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  expect([code, words]).toEqual([78, 'call-me serve: PORT is "http"; give a number from 0 to 65535 (0: any free one)\n']);
});
