// Environments by their labels, and slots of them: which ones a hold has got.
import assert from "node:assert/strict";
import { Role } from "../../../gen/ts/callme/v1/access_service_pb.ts";
import { EnvironmentState, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Said } from "../testee.ts";
import type { Scenarios, World } from "../world.ts";

const TIER = { labels: { tier: "uat" } };
const url = (value: string) => ({ ...TIER, variables: { URL: { value } } });

/** Three of a tier, of which one is in maintenance. */
async function three(world: World): Promise<string> {
  const pool = await world.configure({ 1: url("https://1"), 2: url("https://2"), 3: url("https://3") });
  const state = EnvironmentState.MAINTENANCE;
  await world.clients.environments.setEnvironmentState({ environment: world.named("1"), state, reason: "new disks" });
  return pool;
}

const namesOf = ({ environments = [] }: Said) => environments.map(({ name }) => name);

export const pools: Scenarios = {
  "three of a pool, one in maintenance and one held: a selector takes the third, with its variables": async (world) => {
    const pool = await three(world);
    await world.occupy(world.named("2"));
    const hold = world.testee.hold({ selectors: [{ selector: "tier=uat" }] }, { pool });
    const { environments } = await hold.hears("held");
    const variables = { URL: "https://3" };
    assert.deepEqual(environments, [{ name: world.named("3"), variables, slots: [{ index: 0, variables }], secretVariables: [] }]);
    assert.equal(await hold.finish(), "ok");
  },

  "all that a selector matches are taken: the next one waits, and has what becomes free first": async (world) => {
    const pool = await three(world);
    for (const name of ["2", "3"]) await world.occupy(world.named(name));
    const hold = world.testee.hold({ selectors: [{ selector: "tier in (uat,sit),!gpu" }] }, { pool });
    assert.equal((await hold.hears("waiting")).position, 1);
    await world.clients.environments.setEnvironmentState({ environment: world.named("1"), state: EnvironmentState.AVAILABLE });
    assert.deepEqual(namesOf(await hold.hears("held")), [world.named("1")]);
    assert.equal(await hold.finish(), "ok");
  },

  "by name and by selector, several of them: all together, the named one first": async (world) => {
    const pool = await world.configure({ db: {}, 1: TIER, 2: TIER, 3: TIER });
    await world.occupy(world.named("2"));
    const wanted = { environments: [world.named("db")], selectors: [{ selector: "tier=uat", count: 2 }] };
    const hold = world.testee.hold(wanted, { pool });
    const names = namesOf(await hold.hears("held"));
    assert.deepEqual([names[0], ...names.slice(1).sort()], [world.named("db"), world.named("1"), world.named("3")]);
    assert.equal(await hold.finish(), "ok");
  },

  "slots of a board: which ones, and what each of them gives": async (world) => {
    const serial = (value: string) => ({ variables: { SERIAL: { value } } });
    const board = { capacity: 4, variables: { HOST: { value: "rack-7" } }, slotVariables: ["a", "b", "c", "d"].map(serial) };
    const pool = await world.configure({ board: { ...board, labels: { kind: "board" } } });
    await world.occupy(world.named("board"));
    const hold = world.testee.hold({ selectors: [{ selector: "kind=board", slots: 2 }] }, { pool });
    const { environments } = await hold.hears("held");
    const slots = [
      { index: 1, variables: { HOST: "rack-7", SERIAL: "b" } },
      { index: 2, variables: { HOST: "rack-7", SERIAL: "c" } },
    ];
    assert.deepEqual(environments, [{ name: world.named("board"), variables: { HOST: "rack-7" }, slots, secretVariables: [] }]);
    assert.equal(await hold.finish(), "ok");
  },

  "a selector that nothing matches: not acquired, and why": async (world) => {
    const pool = await world.configure({ 1: TIER });
    const hold = world.testee.hold({ selectors: [{ selector: "tier=prod" }] }, { pool });
    assert.equal(await hold.outcome(), "not_acquired UNSATISFIABLE");
    assert.match((await hold.hears("ended")).note ?? "", /tier=prod/);
  },

  "a selector that is none is an error that comes as it is": async (world) => {
    assert.equal(await world.testee.hold({ selectors: [{ selector: "tier in uat" }] }).outcome(), "invalid_argument BAD_FIELD");
  },

  "a line that is full: not acquired, with who is on it, and not asked again": async (world) => {
    const pool = await world.configure({ 1: {} });
    await world.clients.environments.applyEnvironments({ pools: [{ name: pool, maxQueue: 0 }] });
    const { principal } = await world.occupy(world.named("1"));
    const hold = world.testee.hold([world.named("1")]);
    assert.equal(await hold.outcome(), "not_acquired QUEUE_FULL");
    assert.equal((await hold.hears("ended")).holders, principal);
  },

  "more leases than a key may have: not acquired, and not asked again": async (world) => {
    const testee = await world.withKey({ role: Role.USE, patterns: [`${world.environment}*`], maxLeases: 1 });
    const first = testee.hold([world.environment]);
    await first.hears("held");
    const second = testee.hold([world.named("2")]);
    assert.equal(await second.outcome(), "not_acquired QUOTA_REACHED");
    assert.equal(await first.finish(), "ok");
    const third = testee.hold([world.named("2")]);
    await third.hears("held");
    assert.equal(await third.finish(), "ok");
  },

  "what a key does not allow is an error that comes as it is, and says what is missing": async (world) => {
    const testee = await world.withKey({ role: Role.USE, patterns: ["somebody-else/*"] });
    const hold = testee.hold([world.environment]);
    assert.equal(await hold.outcome(), "permission_denied NOT_ALLOWED");
    assert.match((await hold.hears("ended")).why ?? "", /has no ROLE_USE on .*; it has ROLE_USE on somebody-else/);
  },

  "a reservation: held at its time, until its end": async (world) => {
    const ahead = (length: number) => new Date(Date.now() + length).toISOString();
    const [notBefore, notAfter] = [ahead(1_500), ahead(61_500)] as const;
    const hold = world.testee.hold([world.environment], { notBefore, notAfter, queueTimeout: "1s" });
    const { leaseId } = await hold.hears("held");
    const lease = await world.lease(leaseId);
    assert.equal(lease.state, LeaseState.HELD);
    assert.equal(Number(lease.notAfter?.seconds), Math.floor(Date.parse(notAfter) / 1_000));
    assert.ok(Date.now() >= Date.parse(notBefore), "not before its time");
    assert.equal(await hold.finish(), "ok");
  },
};
