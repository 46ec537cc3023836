import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { type Holder, HolderKind, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { failure } from "../../src/rpc/errors.ts";
import { VECTORS } from "../cli/jobs.ts";
import { finish } from "../cli/plumbing.ts";
import { lease, ScriptedServer } from "../cli/scripted.ts";
import { type } from "../cli/terminal.ts";
import { runs, until } from "../cli/wrapped.ts";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";

const RECIPE = path.resolve("integrations/plain/with-lock.sh");
/** A lease's id as the server makes them, and its grant. */
const GRANT = { id: "12345678-1234-1234-1234-123456789012", environments: [{ name: "uat", fencingToken: 17n }] };
let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});

afterAll(() => server[Symbol.asyncDispose]());

/** Runs the recipe under the machine's sh. */
function start(args: string[], more: Record<string, string> = {}): ChildProcess {
  return spawn("sh", [RECIPE, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], CALL_ME_WAIT: "1s", ...env, ...more },
  });
}

/** Waits until the process has written something that contains `needle`; rejects with all that it wrote if it ends without. */
function says(stream: NodeJS.ReadableStream | null, needle: string): Promise<void> {
  let seen = "";
  return new Promise((resolve, reject) => {
    stream?.on("data", (chunk) => {
      seen += chunk;
      if (seen.includes(needle)) resolve();
    });
    stream?.on("end", () => reject(new Error(`it ended without saying ${JSON.stringify(needle)}: ${seen}`)));
  });
}

/** The leases on an environment, with why they ended. */
async function check(environment: string): Promise<{ available: boolean; queueLength: number; holder: string | undefined }> {
  const { stdout } = await type(["check", environment, "--json"], env);
  const [status] = JSON.parse(stdout).environments;
  return { available: status.available, queueLength: status.queueLength, holder: status.holders[0]?.holder.name };
}

test("the command runs while the environment is held, with its stdin, stdout and exit code", async () => {
  const child = start(["uat", "sh", "-c", "echo holding; cat; exit 7"], { CALL_ME_HOLDER: "checkout #7" });
  const end = finish(child);
  await says(child.stdout, "holding");
  expect(await check("uat")).toMatchObject({ available: false, holder: "checkout #7" });
  child.stdin?.end("from stdin\n");
  expect(await end).toEqual({ code: 7, stdout: "holding\nfrom stdin\n", stderr: "" });
  expect(await check("uat")).toMatchObject({ available: true });
});

test.each([
  ["SIGTERM", 143],
  ["SIGINT", 130],
  ["SIGHUP", 129],
] as const)("%s in mid-hold stops the command, and only then releases", async (signal, code) => {
  // The command tells at its end whether the environment was still held.
  const look = `[ "$(curl -s -H "x-api-key: $CALL_ME_API_KEY" -H 'content-type: application/json' -d '{"environment":"hold"}' $CALL_ME_URL/callme.v1.LockService/Check | grep -c '"used":1')" = 1 ] && echo still held`;
  const child = start([
    "hold",
    "sh",
    "-c",
    `trap '${look.replaceAll("'", "'\\''")}; exit 0' TERM; echo ready; while :; do sleep 0.05; done`,
  ]);
  const end = finish(child);
  await says(child.stdout, "ready");
  child.kill(signal);
  // The command's shell may say of its own child that it was terminated.
  expect(await end).toMatchObject({ code, stdout: "ready\nstill held\n" });
  expect(await check("hold")).toMatchObject({ available: true, queueLength: 0 });
});

test("two of them exclude each other, and the second gets its turn", async () => {
  const first = start(["desk", "sh", "-c", "echo one; cat"]);
  const firstEnd = finish(first);
  await says(first.stdout, "one");
  const second = start(["desk", "echo", "two"]);
  const secondEnd = finish(second);
  await says(second.stderr, "waiting for desk, position 1");
  first.stdin?.end();
  expect((await firstEnd).code).toBe(0);
  expect(await secondEnd).toMatchObject({ code: 0, stdout: "two\n" });
  expect(await check("desk")).toMatchObject({ available: true });
});

test("SIGTERM while it waits gives the place in line up", async () => {
  await type(["acquire", "line"], env);
  const child = start(["line", "echo", "never"]);
  const end = finish(child);
  await says(child.stderr, "waiting for line");
  child.kill("SIGTERM");
  expect(await end).toMatchObject({ code: 143, stdout: "" });
  expect(await check("line")).toMatchObject({ available: false, queueLength: 0 });
});

test("the key is in no list of processes", async () => {
  const child = start([
    "keys",
    "sh",
    "-c",
    "cat /proc/$PPID/cmdline | tr '\\0' ' '; ps -eo args 2>/dev/null | grep -c -- \"$CALL_ME_API_KEY\"",
  ]);
  child.stdin?.end();
  const { stdout } = await finish(child);
  expect(stdout).not.toContain(server.key);
});

test("a server that is away is waited for", async () => {
  await using other = await Server.start();
  await other.stop();
  const child = start(["late", "echo", "served"], { CALL_ME_URL: other.url });
  const end = finish(child);
  await says(child.stderr, "trying again");
  await other.restart();
  expect(await end).toMatchObject({ code: 0, stdout: "served\n" });
});

test.each(["DRAINING", "OVERLOADED"] as const)("a server that refuses with %s for now is asked again", async (reason) => {
  let asked = 0;
  await using scripted = await new ScriptedServer({
    locks: {
      acquire: () => {
        asked += 1;
        if (asked === 1) throw failure(reason, "not now");
        return { lease: lease(LeaseState.HELD) };
      },
      release: () => ({ lease: lease(LeaseState.ENDED) }),
    },
  }).start();
  const { code, stdout, stderr } = await finish(start(["uat", "echo", "served"], { CALL_ME_URL: scripted.url }));
  expect({ code, stdout, asked }).toEqual({ code: 0, stdout: "served\n", asked: 2 });
  expect(stderr).toContain("cannot serve this now; trying again");
});

/** A command that takes no notice of SIGTERM, with a child that does neither; the child is said on stdout. */
const STUBBORN = ["sh", "-c", "trap '' TERM; sleep 1000 & echo child $!; wait"];

/** Reads which process the command has started. */
async function childOf(recipe: ChildProcess): Promise<number> {
  const [line] = await once(recipe.stdout ?? recipe, "data");
  return Number(/child (\d+)/.exec(`${line}`)?.[1]);
}

test("it renews while its command runs; when the lease is lost all that the command started is ended: exit 6", async () => {
  let renewed = 0;
  await using scripted = await new ScriptedServer({
    locks: {
      acquire: () => ({ lease: lease(LeaseState.HELD, GRANT) }),
      renew: () => {
        renewed += 1;
        if (renewed > 1) throw failure("LEASE_ENDED", "over");
        return { lease: lease(LeaseState.HELD, GRANT) };
      },
      release: () => ({ lease: lease(LeaseState.ENDED, GRANT) }),
    },
  }).start();
  const recipe = start(["uat", ...STUBBORN], { CALL_ME_URL: scripted.url, CALL_ME_TTL: "15s" });
  const words = text(recipe.stderr ?? process.stdin);
  const child = await childOf(recipe);
  const [code] = await once(recipe, "exit");
  expect({ code, renewed }).toEqual({ code: 6, renewed: 2 });
  await until(() => !runs(child));
  expect(await words).toContain("the lease is lost; ending the command");
});

test("what the command leaves behind is ended before the environment is given back", { timeout: 30_000 }, async () => {
  const recipe = start(["left", "sh", "-c", "trap '' TERM; sleep 1000 >/dev/null 2>&1 & echo child $!"]);
  const end = finish(recipe);
  const child = await childOf(recipe);
  expect((await end).code).toBe(0);
  await until(() => !runs(child));
  expect(await check("left")).toMatchObject({ available: true });
});

test("killed with SIGKILL as soon as the command runs, it takes that along, long before the lease ends", async () => {
  const recipes = Array.from({ length: 10 }, (_, at) => start([`killed-${at}`, ...STUBBORN], { CALL_ME_TTL: "15s" }));
  const children = recipes.map(async (recipe) => {
    const child = await childOf(recipe);
    recipe.kill("SIGKILL");
    return child;
  });
  const all = await Promise.all(children);
  await until(() => !all.some(runs));
  expect(await check("killed-0")).toMatchObject({ available: false });
});

test("who it is for, and where that can be looked at, is what the CI system tells", async () => {
  const asked = new Map<string, Holder | undefined>();
  await using scripted = await new ScriptedServer({
    locks: {
      acquire: ({ environment, holder }) => {
        asked.set(environment, holder);
        return { lease: lease(LeaseState.HELD) };
      },
      release: () => ({ lease: lease(LeaseState.ENDED) }),
    },
  }).start();
  // No variable of a process has a NUL in it.
  const vectors = VECTORS.filter(({ env }) => !JSON.stringify(env).includes("\\u0000"));
  const ends = vectors.map(({ env }, at) => finish(start([`uat-${at}`, "true"], { ...env, CALL_ME_URL: scripted.url })));
  for (const { stderr } of await Promise.all(ends)) expect(stderr).toBe("");
  for (const [at, { name, holder }] of vectors.entries()) {
    const kind = holder["kind"] === "HOLDER_KIND_PIPELINE" ? HolderKind.PIPELINE : HolderKind.HUMAN;
    expect(asked.get(`uat-${at}`), name).toMatchObject({ name: holder["name"], kind, runUrl: holder["runUrl"] ?? "" });
  }
});

test.each([
  [["uat"], {}, 2, /say what to hold and what to run/],
  [["a b", "true"], {}, 2, /the name of an environment has only/],
  [["uat", "true"], { CALL_ME_URL: "" }, 3, /set CALL_ME_URL/],
  [["uat", "true"], { CALL_ME_API_KEY: "wrong" }, 3, /does not accept the key/],
  [["uat", "true"], { CALL_ME_API_KEY: "" }, 3, /does not accept the key; set CALL_ME_API_KEY/],
  [["-x", "true"], {}, 1, /refuses this: environment: "-x" is not a name; use 1 to 128 of /],
  [["uat", "true"], { CALL_ME_TTL: "soon" }, 2, /whole seconds, such as 90s, not soon/],
  [["uat", "true"], { CALL_ME_TTL: "45m" }, 2, /whole seconds, such as 90s, not 45m/],
  [["uat", "true"], { CALL_ME_TTL: "10s" }, 2, /CALL_ME_TTL is 15s at least, not 10s/],
  [["uat", "true"], { CALL_ME_WAIT: "s" }, 2, /whole seconds, such as 90s, not s/],
  [["uat", "no-such-command"], {}, 127, /not found/],
] as const)("what cannot be done is told: %j %j", async (args, more, code, words) => {
  const end = await finish(start([...args], more));
  expect(end.code).toBe(code);
  expect(end.stderr).toMatch(words);
});

test("without a key it works where the server asks for none, and says what was probably meant by a name", async () => {
  await using open = await Server.start({ API_KEY: "" });
  const more = { CALL_ME_URL: open.url, CALL_ME_API_KEY: "" };
  await type(["env", "apply", "-"], more, { stdin: '[{"name":"staging-1"},{"name":"staging-2"}]' });
  expect(await finish(start(["staging-1", "echo", "mine"], more))).toEqual({ code: 0, stdout: "mine\n", stderr: "" });
  expect((await finish(start(["staging-3", "true"], more))).stderr).toBe(
    "with-lock: nobody has configured staging-3; did you mean staging-1 or staging-2?\n",
  );
});

test("who would have to wait in a full line is told at once", async () => {
  await using full = await Server.start();
  const { locks, environments } = clientsOf(full);
  await environments.applyEnvironments({ environments: [{ name: "uat" }], pools: [{ name: "default", maxQueue: 0 }] });
  await locks.acquire({ environment: "uat", holder: { name: "checkout #1" } });
  const { code, stderr } = await finish(start(["uat", "true"], { CALL_ME_URL: full.url, CALL_ME_API_KEY: full.key }));
  expect({ code, stderr }).toEqual({
    code: 4,
    stderr: expect.stringMatching(/^with-lock: not acquired: uat is held by checkout #1.*max_queue is 0; ask again later\n$/),
  });
});

test("what a key does not allow, and more than it may have at once, is told in the server's words", async () => {
  const { access, locks } = clientsOf(server);
  const { secret } = await access.createKey({ label: "team a", grants: [{ role: Role.USE, patterns: ["a-*"], maxLeases: 1 }] });
  const as = { CALL_ME_API_KEY: secret };
  const refused = await finish(start(["b-1", "true"], as));
  expect(refused.code).toBe(3);
  expect(refused.stderr).toMatch(/^with-lock: not allowed: key:\w+ \(team a\) has no ROLE_USE on .*b-1/);
  await clientsOf({ url: server.url, key: secret }).locks.acquire({ environment: "a-1" });
  const { code, stderr } = await finish(start(["a-2", "true"], as));
  expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringMatching(/^with-lock: not acquired: .*at once/) });
  expect((await locks.check({ environment: "a-2" })).available).toBe(true);
});

test("what the server refuses for good is told in its words", async () => {
  await using strict = await Server.start({ CALL_ME_AUTO_CREATE: "off" });
  const { code, stderr } = await finish(start(["uat", "true"], { CALL_ME_URL: strict.url, CALL_ME_API_KEY: strict.key }));
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: `with-lock: ${strict.url} refuses this: there is no environment "uat", and none is made on demand in pool "default"\n`,
  });
});
