// Waiting in line, and not being served.
import assert from "node:assert/strict";
import { EndReason, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { nameOf, type Scenarios, type World } from "../world.ts";

const reasonOf = (reason: EndReason) => nameOf(EndReason, reason);

/** Starts so many holds on the occupied environment; each waits before the next is started. */
async function line(world: World, count: number) {
  const holds = [];
  for (let place = 1; place <= count; place++) {
    const hold = world.testee.hold([world.environment]);
    const { position } = await hold.hears("waiting");
    assert.equal(position, place);
    holds.push(hold);
  }
  return holds;
}

/** Watches somebody else's lease with the key that it was asked for with, until the end of the lease, or the call of `end`. */
function lookOn(world: World, leaseId: string): { end(): Promise<void> } {
  const stop = new AbortController();
  const looking = (async () => {
    for await (const _ of world.clients.locks.watchLease({ leaseId }, { signal: stop.signal }));
  })().catch(() => {});
  return {
    end: async () => {
      stop.abort();
      await looking;
    },
  };
}

export const waiting: Scenarios = {
  "waits in line, and is served in order": async (world) => {
    const { id } = await world.occupy();
    const holds = await line(world, 3);
    await world.clients.locks.release({ leaseId: id });
    let highest = 0n;
    for (const [place, hold] of holds.entries()) {
      const { fencingToken } = await hold.hears("held");
      assert.ok(BigInt(fencingToken) > highest, "fencing tokens rise");
      highest = BigInt(fencingToken);
      for (const next of holds.slice(place + 1)) assert.equal(next.said("held"), false, "one at a time");
      assert.equal(await hold.finish(), "ok");
    }
    const reasons = (await world.leases()).map(({ endReason }) => reasonOf(endReason));
    assert.deepEqual(reasons, ["RELEASED", "RELEASED", "RELEASED", "RELEASED"]);
  },

  "is woken by a stream: nothing has to be asked to be served": async (world) => {
    const { network, testee } = await world.behind();
    const { id } = await world.occupy();
    const hold = testee.hold([world.environment]);
    const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
    await hold.hears("waiting");
    // Who waits by a stream says nothing. And only a stream that was open before can claim the offer from here on.
    await network.quiet(2_000);
    network.mute();
    await world.clients.locks.release({ leaseId: id });
    await world.recorded((leases) => leases.find((lease) => lease.id === waiter.id && lease.state === LeaseState.HELD));
    assert.equal(hold.said("held"), false, "the body begins after a Renew of our own");
    network.resume();
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "cancelled while it waits: the place is given up": async (world) => {
    await world.occupy();
    const hold = world.testee.hold([world.environment]);
    await hold.hears("waiting");
    hold.cancel();
    assert.equal(await hold.outcome(), "cancelled");
    const { endReason } = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.ENDED));
    assert.equal(reasonOf(endReason), "WITHDRAWN");
    assert.equal(hold.said("held"), false);
  },

  "waited long enough: TIMED_OUT": async (world) => {
    await world.occupy();
    const hold = world.testee.hold([world.environment], { queueTimeout: "1s" });
    await hold.hears("waiting");
    assert.equal(await hold.outcome(), "not_acquired TIMED_OUT");
    const { endReason } = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.ENDED));
    assert.equal(reasonOf(endReason), "TIMED_OUT");
  },

  "waited long enough, out of contact: not acquired": async (world) => {
    await world.occupy();
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { queueTimeout: "1s" });
    await hold.hears("waiting");
    network.silence();
    const outcome = await hold.outcome();
    assert.ok(["not_acquired", "not_acquired TIMED_OUT"].includes(outcome), outcome);
    network.resume();
  },

  "more slots than there are: UNSATISFIABLE, with why": async (world) => {
    await world.clients.environments.applyEnvironments({ environments: [{ name: world.environment, capacity: 1 }] });
    const hold = world.testee.hold([world.environment], { slots: 2 });
    assert.equal(await hold.outcome(), "not_acquired UNSATISFIABLE");
    assert.match((await hold.hears("ended")).note ?? "", /capacity|slot/);
  },

  "out of contact when its turn comes, with somebody looking on: the next is served, and it later, in its old place": async (world) => {
    const { id } = await world.occupy();
    const { network, testee } = await world.behind();
    const away = testee.hold([world.environment]);
    await away.hears("waiting");
    const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
    const next = world.testee.hold([world.environment]);
    await next.hears("waiting");
    const onlooker = lookOn(world, waiter.id);
    network.refuse();
    await world.clients.locks.release({ leaseId: id });
    await next.hears("held");
    assert.equal(away.said("held"), false);
    network.resume();
    assert.equal(await next.finish(), "ok");
    const { leaseId } = await away.hears("held");
    assert.equal(leaseId, waiter.id);
    assert.equal(await away.finish(), "ok");
    await onlooker.end();
  },

  "dead while it waits, with somebody looking on: ABANDONED": async (world) => {
    await world.occupy();
    const { network, testee } = await world.behind();
    const hold = testee.hold([world.environment], { ticketTtl: "2s" });
    await hold.hears("waiting");
    const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
    const onlooker = lookOn(world, waiter.id);
    network.refuse();
    assert.equal(reasonOf((await world.ended(waiter.id)).endReason), "ABANDONED");
    await onlooker.end();
    network.resume();
    assert.equal(await hold.outcome(), "not_acquired ABANDONED");
  },

  "a server that is killed and comes back: place and order are kept": async (outer) => {
    const world = await outer.apart();
    const { id } = await world.occupy();
    const holds = await line(world, 2);
    const before = (await world.leases()).map((lease) => lease.id).sort();
    await world.server.kill9();
    await world.server.restart();
    await world.clients.locks.release({ leaseId: id });
    const [first, second] = holds;
    await first?.hears("held");
    assert.equal(second?.said("held"), false);
    assert.equal(await first?.finish(), "ok");
    await second?.hears("held");
    assert.equal(await second?.finish(), "ok");
    assert.deepEqual((await world.leases()).map((lease) => lease.id).sort(), before);
  },
};
