// Asking, holding and giving back, while nothing fails.
import assert from "node:assert/strict";
import { toJson } from "@bufbuild/protobuf";
import { EndReason, HolderSchema, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { JOBS } from "../../cli/jobs.ts";
import { clientsOf, fenceOf, leaseIn } from "../../outside/clients.ts";
import { lasts, nameOf, type Scenarios, time } from "../world.ts";

const reasonOf = (reason: EndReason) => nameOf(EndReason, reason);

export const holding: Scenarios = {
  "holds, and gives back": async (world) => {
    const hold = world.testee.hold([world.environment]);
    const held = await hold.hears("held");
    const lease = await world.lease();
    assert.deepEqual([lease.state, lease.id, `${fenceOf(lease)}`], [LeaseState.HELD, held.leaseId, held.fencingToken]);
    assert.equal(await hold.finish(), "ok");
    assert.equal(reasonOf((await world.lease()).endReason), "RELEASED");
    assert.equal(hold.said("cancelled"), false);
    assert.equal(hold.said("waiting"), false);
  },

  "asks for what it was told, with a request_id of its own otherwise": async (world) => {
    await world.clients.environments.applyEnvironments({ environments: [{ name: world.environment, capacity: 4 }] });
    const requestId = `mine-${world.environment}`;
    const options = { ttl: "90s", maxHold: "10m", queueTimeout: "1500ms", slots: 2, requestId };
    const holds = [world.testee.hold([world.environment], options), world.testee.hold([world.environment])];
    for (const hold of holds) await hold.hears("held");
    const leases = await world.leases();
    const told = leases.find((lease) => lease.requestId === requestId);
    const { seconds: ttl } = told?.ttl ?? {};
    const { seconds: maxHold } = told?.maxHold ?? {};
    assert.deepEqual([ttl, maxHold, told?.environments[0]?.slots], [90n, 600n, 2]);
    assert.deepEqual([told?.queueTimeout?.seconds, told?.queueTimeout?.nanos], [1n, 500_000_000]);
    const other = leases.find((lease) => lease !== told);
    assert.deepEqual([other?.ttl?.seconds, other?.environments[0]?.slots], [60n, 1]);
    assert.ok((other?.requestId.length ?? 0) >= 16, `the request_id is ${JSON.stringify(other?.requestId)}`);
    for (const hold of holds) assert.equal(await hold.finish(), "ok");
  },

  "it is held for the CI system's run": async (world) => {
    const { env = {}, holder } = JOBS["Azure Pipelines"] ?? {};
    const hold = world.another({}, env).hold([world.environment]);
    await hold.hears("held");
    const told = (await world.lease()).holder;
    assert.deepEqual(told && toJson(HolderSchema, told), holder);
    assert.equal(await hold.finish(), "ok");
  },

  "several environments are held together, or not at all": async (world) => {
    const [one, two] = [`${world.environment}-1`, `${world.environment}-2`];
    await world.occupy(two);
    const both = world.testee.hold([one, two]);
    await both.hears("waiting");
    const [first] = await world.leases(one);
    assert.equal(first?.state, LeaseState.QUEUED);
    await world.clients.locks.release({ environment: two });
    const { fencingToken } = await both.hears("held");
    const [lease] = await world.leases(one);
    assert.deepEqual(
      lease?.environments.map(({ name, fencingToken }) => [name, `${fencingToken}`]),
      [one, two].map((name) => [name, fencingToken]),
    );
    assert.equal(await both.finish(), "ok");
    for (const name of [one, two]) assert.equal((await world.clients.locks.check({ environment: name })).available, true);
  },

  "renews, far beyond the ttl": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "4s" });
    const { leaseId } = await hold.hears("held");
    await world.recorded(([lease]) => lease && time(lease.expiresAt) - time(lease.grantedAt) > 9_000);
    assert.equal(await hold.finish(), "ok");
    assert.equal(hold.said("cancelled"), false);
    assert.equal(reasonOf((await world.ended(leaseId)).endReason), "RELEASED");
  },

  "a body that fails fails unchanged, and the lease is released": async (world) => {
    const hold = world.testee.hold([world.environment]);
    await hold.hears("held");
    assert.equal(await hold.fail(), "body_failed");
    assert.equal(reasonOf((await world.lease()).endReason), "RELEASED");
  },

  "cancelled from outside while it holds: the body is, and the lease is released": async (world) => {
    const hold = world.testee.hold([world.environment]);
    await hold.hears("held");
    hold.cancel();
    await hold.hears("cancelled");
    assert.equal(await hold.outcome(), "cancelled");
    assert.equal(reasonOf((await world.lease()).endReason), "RELEASED");
  },

  "any process releases by the token alone": async (world) => {
    const answer = await world.clients.locks.acquire({ environment: world.environment });
    const { id } = leaseIn(answer);
    const { outcome } = await world.testee.release(id, answer.leaseToken);
    assert.equal(outcome, "ok");
    assert.equal(reasonOf((await world.ended(id)).endReason), "RELEASED");
    const again = await world.testee.release(id, answer.leaseToken);
    assert.equal(again.outcome, "ok", "to release what has ended is no error");
    const wrong = await world.testee.release(id, `${answer.leaseToken.slice(0, -8)}AAAAAAAA`);
    assert.equal(wrong.outcome, "unauthenticated");
  },

  "released with its token while the body runs: the body is left alone": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "10s" });
    const { leaseId, leaseToken } = await hold.hears("held");
    await clientsOf({ url: world.server.url, key: leaseToken }).locks.release({ leaseId });
    await world.ended(leaseId);
    // By then it has seen the end on its stream, and its time would be over.
    await lasts(10_500);
    assert.equal(hold.said("cancelled"), false);
    assert.equal(await hold.finish(), "ok");
  },

  "released by somebody else while the body runs: lost, like a forced end": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "10s" });
    const { leaseId } = await hold.hears("held");
    await world.clients.locks.release({ leaseId });
    await hold.hears("cancelled");
    assert.equal(await hold.outcome(), "lost RELEASED");
  },

  "a wrong key is an error that comes as it is": async (world) => {
    const hold = world.another({ key: "not-the-key" }).hold([world.environment]);
    assert.equal(await hold.outcome(), "unauthenticated WRONG_KEY");
    assert.equal(hold.said("held"), false);
    assert.deepEqual(await world.leases(), []);
  },

  "a key that ends with a line break is the key": async (world) => {
    const hold = world.another({ key: `${world.server.key}\n` }).hold([world.environment]);
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "bad input is an error that comes as it is": async (world) => {
    assert.equal(await world.testee.hold([`${world.environment} with blanks`]).outcome(), "invalid_argument BAD_FIELD");
  },
};
