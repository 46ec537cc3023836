// A newer request that takes the place of an older one of its key.
import assert from "node:assert/strict";
import { EndReason } from "../../../gen/ts/callme/v1/types_pb.ts";
import { nameOf, type Scenarios, type World } from "../world.ts";

const key = (world: World) => ({ supersedeKey: `branch-${world.environment}` });
const newer = (world: World) => ({ ...key(world), supersede: "HELD", holder: "checkout #2" }) as const;

export const superseding: Scenarios = {
  "asked to stop for a newer run: the body is cancelled, and told by whom, why and until when": async (world) => {
    const older = world.testee.hold([world.environment], key(world));
    const { leaseId } = await older.hears("held");
    const hold = world.testee.hold([world.environment], newer(world));
    await older.hears("cancelled");
    assert.equal(await older.outcome(), "cancel_requested");
    const { by, why = "", deadline = 0 } = await older.hears("ended");
    assert.equal(by, "checkout #2");
    assert.notEqual(why, "");
    assert.ok(Math.abs(deadline - Date.now() / 1_000) < 90, `until ${deadline}`);
    await hold.hears("held");
    assert.equal(nameOf(EndReason, (await world.ended(leaseId)).endReason), "RELEASED");
    assert.equal(await hold.finish(), "ok");
  },

  "asked to stop: a body that comes to its end all the same has done its work, and is renewed until then": async (world) => {
    const older = world.testee.hold([world.environment], { ...key(world), ttl: "3s", stubborn: true });
    const { leaseId } = await older.hears("held");
    const hold = world.testee.hold([world.environment], newer(world));
    await older.hears("cancelled");
    const before = (await world.lease(leaseId)).expiresAt?.seconds ?? 0n;
    await world.recorded((leases) => leases.find(({ id, expiresAt }) => id === leaseId && (expiresAt?.seconds ?? 0n) > before + 2n));
    assert.equal(hold.said("held"), false);
    assert.equal(await older.finish(), "ok");
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "asked to stop, and the body fails of itself: its own error comes out": async (world) => {
    const older = world.testee.hold([world.environment], { ...key(world), stubborn: true });
    await older.hears("held");
    const hold = world.testee.hold([world.environment], newer(world));
    await older.hears("cancelled");
    assert.equal(await older.fail(), "body_failed");
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "a command: asked to stop for a newer run, it is ended, and the newer one is served": async (world) => {
    const older = world.testee.hold([world.environment], { ...key(world), run: ["sleep", "1000"] });
    await older.hears("held");
    const hold = world.testee.hold([world.environment], newer(world));
    assert.equal(await older.outcome(), "cancel_requested");
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "superseded while it waits: not acquired": async (world) => {
    const { id } = await world.occupy();
    const older = world.testee.hold([world.environment], key(world));
    await older.hears("waiting");
    const hold = world.testee.hold([world.environment], { ...key(world), supersede: "PENDING" });
    assert.equal(await older.outcome(), "not_acquired SUPERSEDED");
    await world.clients.locks.release({ leaseId: id });
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },
};
