import { afterAll, beforeAll, expect, test } from "vitest";
import { Server } from "../outside/server.ts";
import { open, type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;

beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});

afterAll(() => server[Symbol.asyncDispose]());

const say = (...args: string[]) => type(args, env);

/** Takes an environment and gives the lease's id. */
async function take(...args: string[]): Promise<string> {
  const { stdout } = await say("acquire", ...args, "--json");
  return JSON.parse(stdout).lease.id;
}

test("status shows who is where, since when, until when, and how many wait", async () => {
  await take("board-1", "--name", "checkout #7", "--run-url", "https://ci/7", "--reason", "nightly");
  await take("board-1", "--no-wait");
  const { code, stdout } = await say("status", "board-1");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^STATE +ENVIRONMENT +USED +WAITING +FOR +LATEST END +WHO\n/);
  expect(stdout).toMatch(
    /^busy +board-1 +1\/1 +1 +\d+ s +\S.* +checkout #7\n {2}nightly\n {2}https:\/\/ci\/7\n {2}until .+ unless renewed\n {2}next is \S+, in line for \d+ s\n$/m,
  );
  const json = await say("status", "board-1", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ available: false, environments: [{ name: "board-1", queueLength: 1 }] });
});

test("status without a name shows all pools, with a line for each holder", async () => {
  const applied = await type(["env", "apply", "-"], env, { stdin: '[{"name":"licence","pool":"tools","capacity":2}]' });
  expect(applied.code).toBe(0);
  await take("licence", "--name", "one");
  await take("licence", "--name", "two");
  const { stdout } = await say("status");
  expect(stdout).toMatch(/^busy +licence +2\/2 +0 +\d+ s +\S.* +one\n.*\n +\d+ s +\S.* +two$/m);
  expect(stdout).toContain("board-1");
});

test("queue shows the line in the order in which it will be served", async () => {
  await take("desk");
  await take("desk", "--no-wait", "--name", "early");
  await take("desk", "--no-wait", "--name", "urgent", "--priority=5");
  const { stdout } = await say("queue", "desk");
  const [, ...rows] = stdout.split("\n").filter((line) => /^\S/.test(line));
  expect(rows).toMatchObject([/^1 +\d+ s +5 +urgent$/, /^2 +\d+ s +0 +early$/].map((row) => expect.stringMatching(row)));
  const json = JSON.parse((await say("queue", "desk", "--json")).stdout);
  expect(json.leases.map((lease: { position: number }) => lease.position)).toEqual([1, 2]);
  expect(await say("queue", "nowhere")).toEqual({ code: 0, stdout: "", stderr: "call-me: nobody waits for nowhere\n" });
});

test("wait returns as soon as all are free, and takes none of them", async () => {
  const lease = await take("left");
  const waiting = open(["wait", "left", "right"], env);
  await waiting.stderr.shows("waiting: left busy, held by");
  await say("release", "--lease", lease);
  expect(await waiting.exit).toBe(0);
  expect(waiting.stdout.text).toBe("free: left, right\n");
  expect((await say("check", "left")).code).toBe(0);
});

test("wait gives up with 4 after its timeout, and says who is there", async () => {
  await take("full", "--name", "checkout #9");
  const { code, stderr } = await say("wait", "full", "--timeout", "1ms");
  expect(code).toBe(4);
  expect(stderr).toMatch(/call-me: not free after 1ms: full (busy, held by checkout #9|not seen yet)/);
  const json = await say("wait", "full", "--timeout", "300ms", "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({ available: false, environments: [{ name: "full" }] });
});

test("wait ends with the signal that interrupts it", async () => {
  await take("held");
  const waiting = open(["wait", "held"], env);
  await waiting.stderr.shows("waiting: held busy");
  waiting.interrupt("SIGINT");
  expect(await waiting.exit).toBe(130);
});

test("force-release ends the lease that it names, with a reason that stays on the record", async () => {
  const lease = await take("stolen", "--name", "checkout #1");
  const { code, stdout } = await say("force-release", lease, "--reason", "the runner was lost");
  expect({ code, stdout }).toEqual({ code: 0, stdout: `ended lease ${lease} of checkout #1 on environment: stolen\n` });
  const again = await say("force-release", lease, "--reason", "once more");
  expect(again).toMatchObject({ code: 0, stdout: "" });
  expect(again.stderr).toMatch(/had already ended: force released by admin: the runner was lost/);
});

test("force-release --environment ends the one lease there, and prints it before", async () => {
  const lease = await take("alone", "--name", "checkout #2");
  const { code, stderr } = await say("force-release", "--environment", "alone", "--reason", "urgent");
  expect(code).toBe(0);
  expect(stderr).toMatch(
    new RegExp(`^call-me: on alone is lease ${lease} of checkout #2 for \\d+ s, until .+ or renewed until .+ at the latest`),
  );
  const nobody = await say("force-release", "--environment", "alone", "--reason", "urgent");
  expect(nobody).toMatchObject({ code: 1, stderr: "call-me: nobody is on alone: there is nothing to end\n" });
  const several = await say("force-release", "--environment", "licence", "--reason", "urgent");
  expect(several.code).toBe(1);
  expect(several.stderr).toMatch(/several leases are on licence: .* of one .*; .* of two .*\. Name the one to end/);
});

test("an offer stands until it is passed over, and nobody is told that it could be renewed", async () => {
  const first = await take("gate");
  const offered = await take("gate", "--no-wait", "--name", "zoe");
  await say("release", "--lease", first);
  const waiting = open(["acquire", "gate"], env);
  for (const told of [(await say("check", "gate")).stdout, (await say("acquire", "gate", "--fail")).stderr])
    expect(told).toMatch(/offered to zoe(?!.*renewed)/);
  await waiting.stderr.shows(", then passed over\n");
  waiting.interrupt("SIGINT");
  await waiting.exit;
  const { stderr } = await say("release", "gate", "--name", "bo");
  expect(stderr).toMatch(/on gate is lease \S+ of zoe, only offered yet until .+, then passed over, and you are "bo"/);
  const forced = await say("force-release", "--environment", "gate", "--reason", "urgent");
  expect(forced.stderr).toMatch(new RegExp(`^call-me: on gate is lease ${offered} of zoe, only offered yet until .+, then passed over\n$`));
});

test("env set-state takes an environment out of service for a while, and back", async () => {
  await say("acquire", "lab");
  await say("release", "lab");
  const out = await say("env", "set-state", "lab", "maintenance", "--reason", "new disk", "--for", "2h");
  expect(out).toMatchObject({ code: 0, stderr: "" });
  expect(out.stdout).toMatch(/^lab is maintenance until (tomorrow )?\d\d:\d\d\n$/);
  expect((await say("status", "lab")).stdout).toMatch(/^maintenance +lab .*\n {2}new disk, until (tomorrow )?\d\d:\d\d$/m);
  expect((await say("env", "set-state", "lab", "draining", "--until", "2030-01-02T03:04:05Z")).stdout).toBe(
    `lab is draining until ${new Date("2030-01-02T03:04:05Z").toLocaleString("sv-SE").slice(0, 16)}\n`,
  );
  expect((await say("env", "set-state", "lab", "available", "--json")).stdout).toContain("ENVIRONMENT_STATE_AVAILABLE");
});

test("env set-state takes a time of day as times are shown: the next that this machine's clock will show", async () => {
  await say("acquire", "clocked");
  for (const minutes of [-90, 90]) {
    const digits = new Date(Date.now() + minutes * 60_000).toLocaleTimeString("sv-SE").slice(0, 5);
    const { code, stdout } = await say("env", "set-state", "clocked", "maintenance", "--until", digits);
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^clocked is maintenance until (tomorrow )?${digits}\\n$`));
    const listed = JSON.parse((await say("status", "clocked", "--json")).stdout);
    const until = Date.parse(JSON.stringify(listed).match(/"stateUntil":"([^"]+)"/)?.[1] ?? "");
    expect(until).toBeGreaterThan(Date.now());
    expect(until).toBeLessThanOrEqual(Date.now() + 25 * 3_600_000);
  }
});

test.each([
  [["force-release", "--reason", "x"], /name the lease to end, or with --environment where it is/],
  [["force-release", "L", "--environment", "uat", "--reason", "x"], /name the lease to end, or with --environment/],
  [["force-release", "L"], /say why with --reason/],
  [["env", "set-state", "uat", "broken"], /STATE "broken" is none of available, draining, maintenance, dirty, quarantined/],
  [["env", "set-state", "uat", "draining", "--until", "tomorrow"], /--until "tomorrow" is no time; write it like 17:00 .*--for 2h/],
  [["env", "set-state", "uat", "draining", "--until", "25:00"], /--until "25:00" is no time; write it like/],
  [["env", "set-state", "uat", "draining", "--until", "2030-01-01T00:00:00Z", "--for", "1h"], /--until or --for, not both/],
  [["wait", "uat", "--timeout", "long"], /--timeout "long" is no duration/],
])("what cannot be done is a usage error that says how to do it: %j", async (args, words) => {
  const { code, stderr } = await say(...args);
  expect(code).toBe(2);
  expect(stderr).toMatch(words);
});

test("what rests says until when, and after whose use", async () => {
  await say("force-release", await take("cooling", "--name", "checkout #7"), "--reason", "urgent");
  const rest = String.raw`resting until \d\d:\d\d:\d\d after the lease of checkout #7 \(force released\)`;
  for (const verb of ["check", "status"])
    expect((await say(verb, "cooling")).stdout).toMatch(new RegExp(`^resting +cooling +0/1 +0\n {2}${rest}\n$`, "m"));
  expect((await say("acquire", "cooling", "--fail")).stderr).toMatch(new RegExp(`^call-me: not acquired: cooling ${rest}\n$`));
});

test("a ttl or max_hold that was cut is told, and what cut it", async () => {
  const taken = await say("acquire", "brief", "--ttl", "3h", "--max-hold", "2h");
  expect(taken.stderr).toMatch(
    / is held until .+ at the latest \(for 2 h\)\ncall-me: --ttl 3 h was cut to 2 h, since max_hold ends the lease then\n$/,
  );
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"bounded","maxTtl":"600s","maxHold":"1800s"}]' });
  const bounded = await say("acquire", "bounded", "--ttl", "20m", "--max-hold", "1h");
  expect(bounded.stderr).toMatch(/--max-hold 1 h was cut to 30 m, since the environment's max_hold allows no more\n/);
  expect(bounded.stderr).toMatch(/--ttl 20 m was cut to 10 m, since the environment's max_ttl allows no more\n$/);
  expect((await say("acquire", "exact", "--ttl", "2h", "--max-hold", "2h")).stderr).not.toContain("cut");
  const wrapped = await say("exec", "whole", "--ttl", "3h", "--max-hold", "2h", "--", process.execPath, "--version");
  expect(wrapped.stderr).toContain("--ttl 3 h was cut to 2 h, since max_hold ends the lease then\n");
  expect(wrapped.stderr).not.toContain("is reached");
});

test("who waits for what is out of service is told so, and who is refused what is in the way", async () => {
  await take("bench", "--name", "checkout #7");
  await say("env", "set-state", "bench", "available", "--reason", "the lights are on again");
  expect((await say("acquire", "bench", "--fail")).stderr).toMatch(
    /^call-me: not acquired: bench busy, held by checkout #7 for \d+ s, until .+ or renewed until .+ at the latest\n$/,
  );
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"rig"}]' });
  await say("env", "set-state", "rig", "maintenance", "--reason", "db upgrade");
  const waiting = open(["acquire", "rig"], env);
  await waiting.stderr.shows("position 1 of 1; rig maintenance, db upgrade");
  await say("env", "set-state", "rig", "available");
  expect(await waiting.exit).toBe(0);
});

test("who waits behind a holder is told what keeps the environment shut when that one has gone, on a narrow terminal too", async () => {
  await type(["env", "apply", "-"], env, { stdin: '[{"name":"crane"}]' });
  await take("crane", "--name", "checkout #7");
  await say("env", "set-state", "crane", "maintenance", "--reason", "new rope");
  const [waiting, watching] = [open(["acquire", "crane"], env), open(["acquire", "crane"], env, { columns: 80 })];
  await waiting.stderr.shows(/position \d of \d, held by checkout #7 .*; crane maintenance, new rope\n/);
  await watching.stderr.shows(/for crane: crane maintenance, new rope; \d of \d, held by check/);
  for (const one of [waiting, watching]) one.interrupt("SIGINT");
  await Promise.all([waiting.exit, watching.exit]);
  expect((await say("acquire", "crane", "--no-wait")).stderr).toMatch(
    /^call-me: not acquired: position 1 of 1, held by .*; crane maintenance, new rope; lease /,
  );
});
