// Calls whose connection breaks.
import assert from "node:assert/strict";
import { EndReason, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { nameOf, type Scenarios, type World } from "../world.ts";

/** Who gives up may take a second for it; on a busy machine a few more, in ms. */
const SOON = 5_000;
const reasonOf = (reason: EndReason) => nameOf(EndReason, reason);

/**
 * A testee whose next call is heard, but not answered. It has been connected before: over HTTP/2 nobody asks anything until the server has
 * said its SETTINGS.
 */
async function unanswered(world: World) {
  const { network, testee } = await world.behind();
  const hold = testee.hold([`${world.environment}-before`]);
  await hold.hears("held");
  assert.equal(await hold.finish(), "ok");
  // By now no PING is under way, whose answer would be missed.
  await network.quiet(1_000);
  network.deafen();
  return { network, testee };
}

export const cutting: Scenarios = {
  "the connection breaks between the grant and the first Renew: the body begins all the same, once": async (world) => {
    const { network, testee } = await unanswered(world);
    const hold = testee.hold([world.environment]);
    const { id } = await world.recorded(([lease]) => lease);
    // The first that a client says with the id of its lease in it is that Renew.
    await network.breaksAt(id);
    const { leaseId } = await hold.hears("held");
    assert.equal(leaseId, id);
    assert.equal(await hold.finish(), "ok");
    assert.equal(hold.times("held"), 1);
    assert.equal(reasonOf((await world.lease()).endReason), "RELEASED");
  },

  "an Acquire whose answer is cut off is one lease all the same": async (world) => {
    const { network, testee } = await unanswered(world);
    const hold = testee.hold([world.environment]);
    const { id } = await world.recorded(([lease]) => lease);
    network.refuse();
    network.resume();
    const { leaseId } = await hold.hears("held");
    assert.equal(leaseId, id);
    assert.equal(await hold.finish(), "ok");
    assert.equal((await world.leases()).length, 1);
    assert.equal(reasonOf((await world.lease()).endReason), "RELEASED");
  },

  "an Acquire whose connection dies without a word is one lease all the same": async (world) => {
    const { network, testee } = await unanswered(world);
    const hold = testee.hold([world.environment]);
    const { id } = await world.recorded(([lease]) => lease);
    network.forget();
    const { leaseId } = await hold.hears("held");
    assert.equal(leaseId, id);
    assert.equal(await hold.finish(), "ok");
    assert.equal((await world.leases()).length, 1);
  },

  "a place in line whose answer is cut off is one place all the same": async (world) => {
    const { id } = await world.occupy();
    const { network, testee } = await unanswered(world);
    const hold = testee.hold([world.environment]);
    const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
    network.refuse();
    network.resume();
    await hold.hears("waiting");
    await world.clients.locks.release({ leaseId: id });
    const { leaseId } = await hold.hears("held");
    assert.equal(leaseId, waiter.id);
    assert.equal(await hold.finish(), "ok");
    assert.equal((await world.leases()).length, 2);
  },

  "a waiter whose stream breaks comes back to its place": async (world) => {
    const { id } = await world.occupy();
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment]);
    await hold.hears("waiting");
    const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
    network.refuse();
    await world.clients.locks.release({ leaseId: id });
    network.resume();
    const { leaseId } = await hold.hears("held");
    assert.equal(leaseId, waiter.id);
    assert.equal(await hold.finish(), "ok");
  },

  "a server that is away at first is waited for": async (world) => {
    const { network, testee } = await world.behind();
    network.refuse();
    const hold = testee.hold([world.environment]);
    await network.begun();
    network.resume();
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "a server that stays away is an error": async (world) => {
    const { network, testee } = await world.behind();
    network.refuse();
    // The RPC library's own error, and connect-es for one calls a reset connection aborted.
    assert.match(await testee.hold([world.environment]).outcome(), /^(unavailable|aborted|unknown)$/);
  },

  "cancelled while the server is away: it ends all the same": async (world) => {
    await world.occupy();
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment]);
    await hold.hears("waiting");
    network.silence();
    const cancelledAt = Date.now();
    hold.cancel();
    assert.equal(await hold.outcome(), "cancelled");
    const { at } = await hold.hears("ended");
    assert.ok(at < cancelledAt + SOON, `it took ${at - cancelledAt} ms`);
  },

  "a Release that is cut off is sent again": async (world) => {
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment]);
    const { leaseId } = await hold.hears("held");
    network.refuse();
    const before = network.connections;
    const outcome = hold.finish();
    await network.begun(before);
    network.resume();
    assert.equal(await outcome, "ok");
    assert.equal(reasonOf((await world.ended(leaseId)).endReason), "RELEASED");
  },
};
