// What an environment gives its holder, and what the holder leaves: variables and facts.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { Code } from "@connectrpc/connect";
import { LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { refusal } from "../../cli/scripted.ts";
import { leaseIn } from "../scripted.ts";
import { lasts, type Scenarios, SECRETS, type World } from "../world.ts";

const PASSWORD = { PASSWORD: { fromEnv: "CALL_ME_SECRET_PASSWORD", secret: true } };

/** What everybody sees of what is on an environment, and which lease has told it. */
async function factsOn(world: World, environment = world.environment): Promise<Record<string, string>> {
  const { environments } = await world.clients.locks.check({ environment });
  return Object.fromEntries(Object.entries(environments[0]?.facts ?? {}).map(([name, { value }]) => [name, value]));
}

/** The variables of a command that the hold runs, as far as they are of the lease's environments. */
async function givenTo(world: World, environments: readonly string[], slots?: number): Promise<Record<string, string>> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "call-me-given-"));
  const file = path.join(folder, "told");
  try {
    const testee = world.another({}, { CALL_ME_VAR_LEFT: "by another lease" });
    const run = ["sh", "-c", `env -0 | grep -az '^CALL_ME_\\(VAR_\\|SLOTS\\)' > "$0"`, file];
    assert.equal(await testee.hold(environments, { run, ...(slots && { slots }) }).outcome(), "ok");
    const lines = readFileSync(file, "utf8").split("\0").filter(Boolean);
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export const giving: Scenarios = {
  "secrets are given, and nothing that is printed shows them": async (world) => {
    const slotVariables = [{ variables: { SERIAL: { fromEnv: "CALL_ME_SECRET_SERIAL", secret: true } } }];
    await world.configure({ 1: { variables: { ...PASSWORD, URL: { value: "https://uat" } }, slotVariables } });
    const testee = world.another({});
    const hold = testee.hold([world.named("1")]);
    const { environments: [environment] = [], printed = "", leaseToken } = await hold.hears("held");
    const variables = { PASSWORD: SECRETS.CALL_ME_SECRET_PASSWORD, URL: "https://uat" };
    assert.deepEqual(environment?.variables, variables);
    assert.deepEqual(environment?.slots, [{ index: 0, variables: { ...variables, SERIAL: SECRETS.CALL_ME_SECRET_SERIAL } }]);
    assert.deepEqual([...(environment?.secretVariables ?? [])].sort(), ["PASSWORD", "SERIAL"]);
    assert.match(printed, new RegExp(world.named("1")), "it shows something");
    // Python's bytes, Java's and Go's quoted texts write what is not ASCII in their own ways.
    for (const secret of ["hunter2", SECRETS.CALL_ME_SECRET_SERIAL, leaseToken]) assert.ok(!printed.includes(secret), printed);
    await world.clients.environments.forceRelease({ leaseId: (await hold.hears("held")).leaseId, reason: "fire drill" });
    const { why = "" } = await hold.hears("ended");
    for (const secret of Object.values(SECRETS)) assert.ok(!why.includes(secret), why);
    assert.doesNotMatch(testee.stderr, /hunter2|serial-of-slot/);
  },

  "a variable that the server lacks: not acquired, and nothing is held": async (world) => {
    const { scripted, testee } = await world.scripted();
    const environments = [{ name: "uat", slots: 1, fencingToken: 7n, missingVariables: ["PASSWORD"] }];
    scripted.acquire = () => leaseIn(LeaseState.HELD, { environments });
    scripted.renew = () => leaseIn(LeaseState.HELD, { environments });
    const hold = testee.hold(["uat"]);
    assert.equal(await hold.outcome(), "not_acquired MISSING_VARIABLES");
    assert.match((await hold.hears("ended")).note ?? "", /no value for PASSWORD of uat/);
    assert.deepEqual([hold.said("held"), scripted.count("Release")], [false, 1]);
  },

  "a command: it has the variables, apart where they differ, and which slots": async (world) => {
    const device = (value: string) => ({ variables: { DEVICE: { value } } });
    const other = { variables: { ONLY: { value: 'it\'s "odd"' }, HOST: { value: "rack" } }, capacity: 2 };
    const rack = { capacity: 3, variables: { HOST: { value: "rack" } }, slotVariables: ["a", "b", "c"].map(device) };
    await world.configure({ rack, one: { variables: { HOST: { value: "one" } } }, other });
    const spelled = (name: string) =>
      world
        .named(name)
        .toUpperCase()
        .replace(/[^A-Z0-9]/g, "_");
    assert.deepEqual(await givenTo(world, [world.named("rack"), world.named("other")], 2), {
      CALL_ME_SLOTS: "0 1,0 1",
      CALL_ME_VAR_HOST: "rack",
      CALL_ME_VAR_ONLY: 'it\'s "odd"',
      [`CALL_ME_VAR_DEVICE_${spelled("rack")}_0`]: "a",
      [`CALL_ME_VAR_DEVICE_${spelled("rack")}_1`]: "b",
    });
    await world.configure({ some: { capacity: 2, slotVariables: [device("a")] } });
    assert.deepEqual(await givenTo(world, [world.named("some")], 2), { CALL_ME_SLOTS: "0 1", CALL_ME_VAR_DEVICE_0: "a" });
    assert.deepEqual(await givenTo(world, [world.named("rack"), world.named("one")]), {
      CALL_ME_SLOTS: "0,0",
      CALL_ME_VAR_DEVICE: "a",
      [`CALL_ME_VAR_HOST_${spelled("rack")}`]: "rack",
      [`CALL_ME_VAR_HOST_${spelled("one")}`]: "one",
    });
  },

  "a command: of two values with one name it is given neither": async (world) => {
    const host = (value: string) => ({ variables: { X: { value } } });
    await world.configure({ "a.b": host("1"), "a-b": host("2"), c: host("3") });
    const upper = `${world.environment.toUpperCase().replace(/[^A-Z0-9]/g, "_")}_C`;
    const given = await givenTo(
      world,
      ["a.b", "a-b", "c"].map((name) => world.named(name)),
    );
    assert.deepEqual(given, { CALL_ME_SLOTS: "0,0,0", [`CALL_ME_VAR_X_${upper}`]: "3" });
  },

  "facts are seen by everybody, as soon as they are told, and again at the release": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "3s" });
    const { leaseId } = await hold.hears("held");
    assert.equal(await hold.tell({ version: "1.2.3", sha: "0b6c7f1" }), "ok");
    assert.deepEqual(await factsOn(world), { version: "1.2.3", sha: "0b6c7f1" });
    assert.equal(await hold.tell({ state: "tested" }, { atRelease: true }), "ok");
    assert.equal(await hold.tell({ sha: "" }, { atRelease: true }), "ok");
    assert.deepEqual(await factsOn(world), { version: "1.2.3", sha: "0b6c7f1" }, "not before the release");
    assert.equal(await hold.finish(), "ok");
    assert.deepEqual(await factsOn(world), { version: "1.2.3", state: "tested" });
    const { environments } = await world.clients.locks.check({ environment: world.environment });
    assert.equal(environments[0]?.facts["version"]?.leaseId, leaseId);
  },

  "renewing neither repeats facts nor loses them": async (world) => {
    const { scripted, testee } = await world.scripted();
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("held");
    // The answer is lost: it is told again, until the server has it.
    const from = scripted.count("Renew");
    scripted.refuse = (method, time) =>
      method === "Renew" && time <= from + 3 ? refusal(Code.Unavailable, "DRAINING", "stopping") : undefined;
    assert.equal(await hold.tell({ version: "2" }), "ok");
    scripted.refuse = () => undefined;
    const told = scripted.facts.length;
    assert.deepEqual(scripted.facts.at(-1), { version: "2" });
    const renewals = scripted.count("Renew");
    await lasts(3_000);
    assert.ok(scripted.count("Renew") > renewals, "it is renewed");
    assert.equal(scripted.facts.length, told, "and nothing told");
    assert.equal(await hold.finish(), "ok");
    assert.equal(scripted.facts.length, told);
  },

  "facts that are refused: the error comes as it is, and the lease is held on": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "10s" });
    await hold.hears("held");
    assert.equal(await hold.tell({ "no name": "1" }), "invalid_argument");
    assert.equal(await hold.tell({ version: "v".repeat(300) }, { atRelease: true }), "ok");
    assert.equal(await hold.finish(), "ok");
    assert.equal((await world.clients.locks.check({ environment: world.environment })).available, true, "released all the same");
    assert.deepEqual(await factsOn(world), {});
  },

  "facts that are told when the lease has been lost: why it was": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "10s", stubborn: true });
    const { leaseId } = await hold.hears("held");
    await world.clients.environments.forceRelease({ leaseId, reason: "fire drill" });
    await hold.hears("cancelled");
    assert.equal(await hold.tell({ version: "3" }), "lost FORCE_RELEASED");
    assert.deepEqual(await factsOn(world), {});
    assert.equal(await hold.finish(), "lost FORCE_RELEASED");
  },

  "any process tells facts with its release, by the token alone": async (world) => {
    const { lease, leaseToken } = await world.clients.locks.acquire({ environment: world.environment });
    assert.equal((await world.testee.release(lease?.id ?? "", leaseToken, { version: "4" })).outcome, "ok");
    assert.deepEqual(await factsOn(world), { version: "4" });
  },
};
