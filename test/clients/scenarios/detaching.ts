// A place in line that no process keeps, and that another one picks up.
import assert from "node:assert/strict";
import { EndReason, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import type { HoldOptions, Ticket } from "../testee.ts";
import { lasts, nameOf, type Scenarios, type World } from "../world.ts";

/** What must be said of a wait that nobody attends. */
const PATIENT: HoldOptions = { ttl: "10m", ticketTtl: "60m", claimTimeout: "10m" };

/** Has one process ask and go away; what it has left. */
async function leave(world: World, options: HoldOptions = PATIENT): Promise<Ticket> {
  const testee = world.another({});
  const { ticket } = await testee.detach([world.environment], options).hears("detached");
  await testee.kill();
  assert.ok(ticket !== undefined && ticket.leaseId !== "" && ticket.leaseToken !== "" && ticket.requestId !== "", JSON.stringify(ticket));
  return ticket;
}

const endOf = async (world: World, { leaseId }: Ticket) => nameOf(EndReason, (await world.ended(leaseId)).endReason);

export const detaching: Scenarios = {
  "left in line by one process, granted meanwhile, and picked up by another": async (world) => {
    const { id } = await world.occupy();
    const ticket = await leave(world);
    await world.clients.locks.release({ leaseId: id });
    const offered = await world.recorded((leases) => leases.find(({ state }) => state === LeaseState.OFFERED));
    assert.equal(offered.id, ticket.leaseId);
    const hold = world.testee.pickUp(ticket);
    const { leaseId, leaseToken } = await hold.hears("held");
    assert.deepEqual([leaseId, leaseToken], [ticket.leaseId, ticket.leaseToken]);
    assert.equal(await hold.finish(), "ok");
    assert.equal(await endOf(world, ticket), "RELEASED");
  },

  "left in line, and picked up while it waits: it waits on in its place": async (world) => {
    const { id } = await world.occupy();
    const ticket = await leave(world);
    const later = world.testee.hold([world.environment]);
    assert.equal((await later.hears("waiting")).position, 2);
    const hold = world.testee.pickUp(ticket);
    assert.equal((await hold.hears("waiting")).position, 1);
    await world.clients.locks.release({ leaseId: id });
    await hold.hears("held");
    assert.equal(later.said("held"), false);
    assert.equal(await hold.finish(), "ok");
    await later.hears("held");
    assert.equal(await later.finish(), "ok");
  },

  "granted at once to one who goes away, and picked up: held with its own ttl": async (world) => {
    const ticket = await leave(world);
    assert.equal((await world.lease()).state, LeaseState.HELD);
    const hold = world.testee.pickUp(ticket);
    await hold.hears("held");
    assert.equal((await world.lease()).ttl?.seconds, 600n);
    assert.equal(await hold.finish(), "ok");
  },

  "picked up by the request_id, where the token was lost on the way": async (world) => {
    const { id } = await world.occupy();
    const options = { ...PATIENT, requestId: `left-${world.environment}` };
    const ticket = await leave(world, options);
    assert.equal(ticket.requestId, options.requestId);
    const hold = world.testee.hold([world.environment], options);
    await hold.hears("waiting");
    await world.clients.locks.release({ leaseId: id });
    assert.equal((await hold.hears("held")).leaseId, ticket.leaseId);
    assert.equal(await hold.finish(), "ok");
  },

  "nobody picks it up: the next one is served, and who comes too late is told": async (world) => {
    const { id } = await world.occupy();
    const ticket = await leave(world, { ...PATIENT, ticketTtl: "3s", claimTimeout: "1s" });
    const next = world.testee.hold([world.environment]);
    await next.hears("waiting");
    await world.clients.locks.release({ leaseId: id });
    await next.hears("held");
    assert.equal(await endOf(world, ticket), "ABANDONED");
    const late = world.testee.pickUp(ticket);
    assert.equal(await late.outcome(), "not_acquired ABANDONED");
    assert.equal(late.said("held"), false);
    assert.equal(await next.finish(), "ok");
  },

  "nobody gives signs of life in between": async (world) => {
    const { scripted, testee } = await world.scripted();
    const { ticket } = await testee.detach(["uat"], PATIENT).hears("detached");
    await lasts(2_000);
    assert.deepEqual(
      scripted.calls.map(({ method }) => method),
      ["Acquire"],
    );
    assert.ok(ticket);
    const hold = testee.pickUp(ticket);
    await hold.hears("held");
    assert.equal(scripted.count("Acquire"), 1);
    assert.equal(await hold.finish(), "ok");
  },

  "never to be had: not acquired, at once": async (world) => {
    const hold = world.testee.detach({ selectors: [{ selector: "tier=nowhere" }] }, PATIENT);
    assert.equal(await hold.outcome(), "not_acquired UNSATISFIABLE");
  },

  "to leave a place in line without saying for how long is refused, and what is missing is named": async (world) => {
    const hold = world.testee.detach([world.environment], { ttl: "10m" });
    assert.match(await hold.outcome(), /ticket.?ttl.*claim.?timeout/i);
    assert.deepEqual(await world.leases(), []);
  },

  "a reservation that claims itself needs nobody until it is picked up": async (world) => {
    const notAfter = new Date(Date.now() + 600_000).toISOString();
    const { id } = await world.occupy();
    const ticket = await leave(world, { notAfter, autoClaim: true });
    await world.clients.locks.release({ leaseId: id });
    await world.recorded((leases) => leases.find((lease) => lease.id === ticket.leaseId && lease.state === LeaseState.HELD));
    const hold = world.testee.pickUp(ticket);
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
  },

  "picked up and cancelled while it waits: the place is given up": async (world) => {
    await world.occupy();
    const ticket = await leave(world);
    const hold = world.testee.pickUp(ticket);
    await hold.hears("waiting");
    hold.cancel();
    assert.equal(await hold.outcome(), "cancelled");
    assert.equal(await endOf(world, ticket), "WITHDRAWN");
  },
};
