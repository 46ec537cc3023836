// A lease that ends, or may have ended, while the body runs.
import assert from "node:assert/strict";
import { EndReason, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { lasts, nameOf, type Scenarios, time } from "../world.ts";

const reasonOf = (reason: EndReason) => nameOf(EndReason, reason);
/** What is left of a lease of 10 s when its body must have stopped, in ms; it was told 1 s before. */
const MUST_BE_DEAD = 500;
/** After a loss the release is tried for a second; on a busy machine it takes a few more, in ms. */
const SOON = 5_000;
/** The server's lock_delay after a forced end, in ms. */
const LOCK_DELAY = 10_000;

export const losing: Scenarios = {
  "cut off: the body is cancelled before the lease expires": async (world) => {
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { ttl: "10s" });
    const { leaseId } = await hold.hears("held");
    network.silence();
    const { expiresAt } = await world.lease();
    const { at } = await hold.hears("cancelled");
    assert.ok(at <= time(expiresAt) - MUST_BE_DEAD, `cancelled ${time(expiresAt) - at} ms before the end`);
    assert.match(await hold.outcome(), /^lost( EXPIRED)?$/);
    const { at: endedAt } = await hold.hears("ended");
    assert.ok(endedAt < at + SOON, `the release was tried for ${endedAt - at} ms`);
    const lease = await world.ended(leaseId);
    assert.equal(reasonOf(lease.endReason), "EXPIRED");
    assert.ok(at < time(lease.endedAt));
  },

  "refused connections instead of silence: the same": async (world) => {
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { ttl: "10s" });
    await hold.hears("held");
    network.refuse();
    const { expiresAt } = await world.lease();
    const { at } = await hold.hears("cancelled");
    assert.ok(at <= time(expiresAt) - MUST_BE_DEAD, `cancelled ${time(expiresAt) - at} ms before the end`);
    network.resume();
    assert.match(await hold.outcome(), /^lost( EXPIRED)?$/);
  },

  "a body that lets nothing else run until its time is over ends lost": async (world) => {
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { ttl: "2s" });
    await hold.hears("held");
    network.silence();
    assert.equal(await hold.finish("4s"), "lost");
  },

  "out of contact and lost: it is renewed again as soon as that can be, until the body has ended": async (world) => {
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { ttl: "30s", stubborn: true });
    const { leaseId } = await hold.hears("held");
    network.silence();
    await hold.hears("cancelled");
    // There are 4.5 s left. What was sent before must not count: it is still on its way, and breaks with its connections.
    const before = time((await world.lease()).expiresAt);
    network.refuse();
    network.resume();
    await world.recorded(([lease]) => lease && time(lease.expiresAt) > before);
    assert.equal(await hold.finish(), "lost");
    assert.equal(reasonOf((await world.ended(leaseId)).endReason), "RELEASED");
  },

  "ended by force: the body is cancelled at once": async (world) => {
    const hold = world.testee.hold([world.environment]);
    const { leaseId } = await hold.hears("held");
    await world.clients.environments.forceRelease({ leaseId, reason: "fire drill" });
    const { at } = await hold.hears("cancelled");
    const { endedAt } = await world.ended(leaseId);
    // With a ttl of 60 s the next Renew would come later than that.
    assert.ok(at < time(endedAt) + LOCK_DELAY / 2, `cancelled ${at - time(endedAt)} ms after the end`);
    assert.equal(await hold.outcome(), "lost FORCE_RELEASED");
  },

  "a body that takes no notice of the loss is lost all the same": async (world) => {
    const hold = world.testee.hold([world.environment], { stubborn: true });
    const { leaseId } = await hold.hears("held");
    await world.clients.environments.forceRelease({ leaseId, reason: "fire drill" });
    await hold.hears("cancelled");
    assert.equal(await hold.finish(), "lost FORCE_RELEASED");
  },

  "a body that fails after the loss is lost, and its own error is the cause": async (world) => {
    const hold = world.testee.hold([world.environment], { stubborn: true });
    const { leaseId } = await hold.hears("held");
    await world.clients.environments.forceRelease({ leaseId, reason: "fire drill" });
    await hold.hears("cancelled");
    assert.equal(await hold.fail(), "lost FORCE_RELEASED");
    assert.equal((await hold.hears("ended")).cause, "body failed");
  },

  "max_hold ends all renewing: the body is cancelled before, but not long before": async (world) => {
    const hold = world.testee.hold([world.environment], { ttl: "5s", maxHold: "9s" });
    const { leaseId } = await hold.hears("held");
    const { at } = await hold.hears("cancelled");
    assert.equal(await hold.outcome(), "lost");
    const { grantedAt } = await world.ended(leaseId);
    const after = at - time(grantedAt);
    assert.ok(after > 7_000 && after < 9_000, `cancelled after ${after} ms instead of 8,000`);
  },

  "a grant that was too long on its way begins nothing": async (world) => {
    const { network, testee } = await world.behind();
    const { id } = await world.occupy();
    const hold = testee.hold([world.environment], { ttl: "2s" });
    const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
    await hold.hears("waiting");
    // By now its stream is open.
    await network.quiet(2_000);
    network.silence();
    await world.clients.locks.release({ leaseId: id });
    assert.equal(reasonOf((await world.ended(waiter.id)).endReason), "EXPIRED");
    network.resume();
    assert.match(await hold.outcome(), /^(lost|not_acquired) EXPIRED$/);
    assert.equal(hold.said("held"), false);
  },

  "a lease whose time is over before its body could begin begins nothing": async (world) => {
    const { network, testee } = await world.behind();
    const { id } = await world.occupy();
    const hold = testee.hold([world.environment], { ttl: "5s", maxHold: "5s" });
    await hold.hears("waiting");
    // By now its stream is open.
    await network.quiet(2_000);
    network.silence();
    await world.clients.locks.release({ leaseId: id });
    await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.HELD));
    // 1 s before the end a body would be cancelled. On a busy machine it is the end itself.
    await lasts(4_200);
    network.resume();
    assert.match(await hold.outcome(), /^(lost|lost EXPIRED|not_acquired EXPIRED)$/);
    assert.equal(hold.said("held"), false);
  },

  "a short outage leaves the body alone": async (world) => {
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { ttl: "12s" });
    const { leaseId } = await hold.hears("held");
    for (const fail of [() => network.silence(), () => network.refuse()]) {
      fail();
      await lasts(4_000);
      network.resume();
      const before = time((await world.lease()).expiresAt);
      await world.recorded(([lease]) => lease && time(lease.expiresAt) > before);
    }
    assert.equal(hold.said("cancelled"), false);
    assert.equal(await hold.finish(), "ok");
    assert.equal(reasonOf((await world.ended(leaseId)).endReason), "RELEASED");
  },

  "a server that is killed and comes back leaves the body alone": async (outer) => {
    const world = await outer.apart();
    // A busy machine takes its time to start a server.
    const hold = world.testee.hold([world.environment], { ttl: "60s" });
    const { leaseId } = await hold.hears("held");
    await world.server.kill9();
    await world.server.restart();
    const before = time((await world.lease()).expiresAt);
    await world.recorded(([lease]) => lease && time(lease.expiresAt) > before);
    assert.equal(hold.said("cancelled"), false);
    assert.equal(await hold.finish(), "ok");
    assert.equal(reasonOf((await world.ended(leaseId)).endReason), "RELEASED");
  },
};
