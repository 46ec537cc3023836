// Connections that die without a word, which nobody resets: only a clock of the client's own notices.
import assert from "node:assert/strict";
import { LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { Network } from "../../cli/network.ts";
import { lasts, type Scenarios, type World } from "../world.ts";

/** The ticket_ttl of a place in line, in ms: what a client that has noticed nothing by then has lost. */
const TICKET_TTL = 60_000;
/** Connections that a client has at hand for its next calls. */
const KEPT = 6;

/**
 * Somebody waits in line by a stream that dies, and so do all connections that its client keeps. When it comes back, it is served in its
 * old place.
 */
async function loses(world: World, die: (network: Network) => Promise<void>): Promise<void> {
  const { id } = await world.occupy();
  const { network, testee } = await world.behind();
  const before = Array.from({ length: KEPT }, (_, number) => testee.hold([`${world.environment}-${number}`]));
  for (const hold of before) await hold.hears("held");
  const outcomes = await Promise.all(before.map((hold) => hold.finish()));
  assert.ok(outcomes.every((outcome) => outcome === "ok"));
  const hold = testee.hold([world.environment]);
  await hold.hears("waiting");
  const waiter = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.QUEUED));
  // By now its stream is open.
  await network.quiet(2_000);
  await die(network);
  await network.begun(network.connections, TICKET_TTL);
  await world.clients.locks.release({ leaseId: id });
  const { leaseId } = await hold.hears("held");
  assert.equal(leaseId, waiter.id);
  assert.equal(await hold.finish(), "ok");
  assert.equal((await world.leases()).length, 2);
}

export const silence: Scenarios = {
  "a stream that died without a word: the place in line is claimed in time": async (world) => {
    await loses(world, async (network) => network.forget());
  },

  "a network that is silent for half a minute, and forgets what was open: the same": async (world) => {
    await loses(world, async (network) => {
      network.silence();
      await lasts(30_000);
      network.forget();
    });
  },
};
