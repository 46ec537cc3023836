// Environments by their labels, on the command line.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, expect, test } from "vitest";
import { clientsOf } from "../outside/clients.ts";
import { Server } from "../outside/server.ts";
import { BIN } from "../packed.ts";
import { open, type } from "./terminal.ts";

let server: Server;
let env: Record<string, string>;
beforeAll(async () => {
  server = await Server.start();
  env = { CALL_ME_URL: server.url, CALL_ME_API_KEY: server.key };
});
afterAll(() => server[Symbol.asyncDispose]());

const say = (...args: string[]) => type(args, env);

/** Configures environments of a pool: their labels by name. */
async function configure(pool: string, labelled: Readonly<Record<string, Record<string, string>>>, capacity = 1): Promise<void> {
  const environments = Object.entries(labelled).map(([name, labels]) => ({ name, pool, labels, capacity }));
  await clientsOf(server).environments.applyEnvironments({ environments });
}

test("exec runs the command on one that matches, and tells it which, and which slots", async () => {
  await configure("default", { "x-1": { tier: "uat" }, "x-2": { tier: "dev" } }, 4);
  const taken = await say("acquire", "x-1=2", "--json");
  await say("acquire", "x-1");
  await say("release", "--lease", JSON.parse(taken.stdout).lease.id);
  await say("acquire", "x-1");
  const told = `process.stdout.write(process.env.CALL_ME_ENVIRONMENT + "|" + process.env.CALL_ME_SLOTS)`;
  const args = [BIN, "exec", "-l", "tier=uat", "--slots", "2", "--", process.execPath, "-e", told];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env: { ...env, PATH: process.env["PATH"] }, encoding: "utf8" });
  expect({ status, stdout }, stderr).toEqual({ status: 0, stdout: "x-1|1 3" });
  expect(stderr).toMatch(/^call-me: x-1 is ours as long as the command runs, until .*: lease \S+\ncall-me: x-1 is given back\n$/);
});

test("several are taken together, by selector and by name", async () => {
  await configure("rack", { "r-1": { kind: "board" }, "r-2": { kind: "board" }, "r-3": { kind: "gate" }, "r-4": {} });
  const { stdout } = await say("acquire", "--pool", "rack", "-l", "kind=board", "--count", "2", "--output", "env");
  expect(stdout).toContain("export CALL_ME_ENVIRONMENT='r-1,r-2'\n");
  expect(stdout).toContain("export CALL_ME_SLOTS='0,0'\n");
  const mixed = await say("acquire", "r-4", "-l", "kind=gate");
  expect(mixed.stdout).toContain("acquired slot for environment: r-4, r-3\n");
});

test("who waits is told for what, what is in the way, and then which one it was", async () => {
  await configure("few", { "f-1": { tier: "qa" }, "f-2": { tier: "qa" } });
  const first = await say("acquire", "f-1", "--name", "checkout #7", "--json");
  await say("env", "set-state", "f-2", "maintenance", "--reason", "new disk");
  const waiting = open(["acquire", "--pool", "few", "--selector", "tier=qa"], env);
  await waiting.stderr.shows(/waiting for any of tier=qa: position 1 of 1, held by checkout #7 .*; f-2 maintenance, new disk\n/);
  const busy = await say("acquire", "--pool", "few", "-l", "tier=qa", "--fail");
  expect(busy.code).toBe(4);
  expect(busy.stderr).toMatch(/^call-me: not acquired: f-1 busy, held by checkout #7 .*; f-2 maintenance, new disk.*\n$/);
  await say("release", "--lease", JSON.parse(first.stdout).lease.id);
  expect(await waiting.exit).toBe(0);
  expect(waiting.stdout.text).toContain("acquired slot for environment: f-1\n");
});

test("what nothing matches is told at once, with the pool that was looked in", async () => {
  const { code, stderr } = await say("exec", "-l", "tier=prod", "--", "true");
  expect(code).toBe(4);
  expect(stderr).toContain(
    "not acquired: unsatisfiable: in pool default, tier=prod matches 0 environments with 1 slot, fewer than the 1 asked for",
  );
});

test("check tells by its exit code whether one of them is free, and status shows them in every pool", async () => {
  await configure("one", { "o-1": { area: "pay" }, "o-2": {} });
  await configure("two", { "o-3": { area: "pay" } });
  await say("acquire", "o-1");
  expect((await say("check", "--pool", "one", "-l", "area=pay")).code).toBe(4);
  const free = await say("check", "--pool", "two", "-l", "area");
  expect([free.code, free.stdout]).toEqual([0, expect.stringMatching(/^STATE.*\nfree +o-3 /)]);
  expect((await say("check", "-l", "area")).code).toBe(4);
  const { stdout } = await say("status", "-l", "area=pay", "--json");
  expect(JSON.parse(stdout).environments.map(({ name }: { name: string }) => name)).toEqual(["o-1", "o-3"]);
});

test("queue tells who waits for one of them, also of a single one who would have any", async () => {
  await configure("line", { "q-1": { tier: "uat", gpu: "" }, "q-2": { tier: "uat" }, "q-3": { tier: "dev" } });
  await say("acquire", "q-1", "q-2", "q-3", "--pool", "line");
  for (const [name, ...wanted] of [
    ["any", "-l", "tier=uat"],
    ["gpu", "-l", "gpu"],
    ["named", "q-2"],
    ["other", "q-3"],
  ] as const)
    await say("acquire", ...wanted, "--pool", "line", "--name", name, "--no-wait");
  await say("reserve", "-l", "tier", "--pool", "line", "--from", "2h", "--for", "1h", "--name", "later");
  const names = async (...what: string[]) =>
    JSON.parse((await say("queue", ...what, "--json")).stdout).leases.map((lease: { holder: { name: string } }) => lease.holder.name);
  expect(await names("q-1")).toEqual(["any", "gpu", "later"]);
  expect(await names("q-3")).toEqual(["other", "later"]);
  expect(await names("--pool", "line", "-l", "tier=uat,!gpu")).toEqual(["any", "named", "later"]);
  expect(await names("--pool", "line")).toHaveLength(5);
  const { stdout } = await say("queue", "q-1");
  expect(stdout).toMatch(/^1 +\d+ s +any\n {2}wants any of tier=uat\n/m);
  const none = await say("queue", "--pool", "line", "-l", "!tier");
  expect(none.stderr).toContain("nobody waits for !tier");
});

test("watch tells of what joins, and of what leaves", async () => {
  await configure("seen", { "w-1": { tier: "uat" }, "w-2": {} });
  const watching = open(["watch", "--pool", "seen", "-l", "tier=uat"], env);
  await watching.stdout.shows("w-1  free");
  await configure("seen", { "w-2": { tier: "uat" } });
  await watching.stdout.shows(/w-2 {2}its configuration.* changed; free/);
  await configure("seen", { "w-1": {} });
  await watching.stdout.shows("w-1  is not one of them any more: its labels were changed\n");
  watching.interrupt("SIGINT");
  expect(await watching.exit).toBe(130);
});

test.each<[args: string[], says: string]>([
  [["acquire"], "name an environment, or say with --selector which labels it must have"],
  [["exec", "--", "true"], "name an environment, or say with --selector which labels it must have"],
  [["acquire", "-l", " "], "--selector is empty; write it like tier=uat,region in (eu,us),!gpu"],
  [["acquire", "uat", "--count", "2"], "--count goes with one --selector"],
  [["acquire", "-l", "a", "-l", "b", "--count", "2"], "--count goes with one --selector"],
  [["acquire", "uat", "-l", "b", "--slots", "2"], "--slots is for one environment, or one --selector"],
  [["acquire", "-l", "a", "--count", "0"], "--count 0 asks for nothing; leave it out for one"],
  [["acquire", "-l", "a", "--slots", "some"], '--slots: "some" is no whole number in range'],
  [["check", "uat", "-l", "a"], "give either ENV or --selector, not both (uat, a)"],
  [["watch", "--since", "5"], "--since is for a watch of ENV, --pool or --selector; name one of them"],
])("%j is refused", async (args, says) => {
  const { code, stderr } = await say(...args);
  expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(says) });
});

test("a selector that is none is told with the place in it", async () => {
  const { code, stderr } = await say("acquire", "-l", "tier=uat,,gpu");
  expect(code).toBe(2);
  expect(stderr).toContain('"tier=uat,,gpu" is no selector: "," stands where a label\'s name is expected, at character 10');
});

test("a person reserves any one that matches", async () => {
  await configure("desk", { "d-1": { tier: "uat" } });
  const { code, stdout, stderr } = await say("reserve", "--pool", "desk", "-l", "tier=uat", "--for", "1h");
  expect({ code, stdout }, stderr).toEqual({ code: 0, stdout: expect.stringMatching(/^reserved: d-1 until /) });
  const waits = await say("reserve", "--pool", "desk", "-l", "tier=uat", "--for", "1h");
  expect(waits.stdout).toMatch(/^in line for: any of tier=uat /);
});
