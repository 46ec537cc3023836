// A server of a later contract: more fields, values and choices than the client knows. It answers as test/compat/later-server.ts says.
import assert from "node:assert/strict";
import { FENCE, ID, LINE_ID, TOKEN } from "../../compat/later-server.ts";
import { LATER } from "../../compat/newer.ts";
import type { Scenarios } from "../world.ts";

/** A reason that no generated code has a name for: its number, or where a language does not give that, its word for such values. */
const UNKNOWN = new RegExp(` (${LATER}|UNRECOGNIZED)$`);

export const later: Scenarios = {
  "a newer server: what it says besides is ignored": async (world) => {
    const testee = await world.later();
    const hold = testee.hold(["uat"]);
    const { leaseId, leaseToken, fencingToken } = await hold.hears("held");
    assert.deepEqual([leaseId, leaseToken, fencingToken], [ID, TOKEN, FENCE]);
    assert.equal(await hold.finish(), "ok");
    assert.equal((await testee.release(leaseId, leaseToken)).outcome, "ok");
  },

  "a newer server: who waits waits on through states and messages that nobody knows": async (world) => {
    const hold = (await world.later()).hold(["line"]);
    assert.equal((await hold.hears("waiting")).position, 1);
    assert.equal((await hold.hears("held")).leaseId, LINE_ID);
    assert.equal(await hold.finish(), "ok");
    assert.equal(hold.said("cancelled"), false);
  },

  "a newer server: an end that nobody knows, before it is held, is not acquired": async (world) => {
    const hold = (await world.later()).hold(["gone"]);
    const outcome = await hold.outcome();
    assert.match(outcome, /^not_acquired /);
    assert.match(outcome, UNKNOWN);
    assert.equal((await hold.hears("ended")).note, "moved away");
    assert.equal(hold.said("held"), false);
  },

  "a newer server: an end that nobody knows, while the body runs, is a loss": async (world) => {
    const hold = (await world.later()).hold(["moved"]);
    await hold.hears("held");
    await hold.hears("cancelled");
    const outcome = await hold.outcome();
    assert.match(outcome, /^lost /);
    assert.match(outcome, UNKNOWN);
  },
};
