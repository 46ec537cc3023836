// A grant that the server took back, since it had not learned that it had arrived: whoever began to work on it has lost it.
import assert from "node:assert/strict";
import { EndReason, type Lease, LeaseState } from "../../../gen/ts/callme/v1/types_pb.ts";
import { held, leaseIn, queued, type ScriptedServer, TOKEN } from "../scripted.ts";
import { lasts, type Scenarios, type World } from "../world.ts";

/** Longer than the time between two Renews of a ttl of 3 s, and than the pause before a stream is opened again, in ms. */
const A_WHILE = 3_000;

/** The body is told, and the lease is neither renewed nor watched any more, but withdrawn when the body has ended. */
function loses(tell: (scripted: ScriptedServer) => void) {
  return async (world: World) => {
    const { scripted, testee } = await world.scripted();
    const hold = testee.hold(["uat"], { ttl: "3s", stubborn: true });
    assert.equal((await hold.hears("held")).fencingToken, "7");
    tell(scripted);
    await hold.hears("cancelled");
    const renewals = scripted.count("Renew");
    await lasts(A_WHILE);
    assert.deepEqual([scripted.count("Renew"), scripted.streams, scripted.count("Release")], [renewals, 0, 0]);
    assert.equal(await hold.finish(), "lost");
    assert.deepEqual(scripted.calls.at(-1), { method: "Release", key: TOKEN });
  };
}

const byRenew = (lease: Lease) => (scripted: ScriptedServer) => {
  scripted.renew = () => lease;
};
const byStream = (lease: Lease) => (scripted: ScriptedServer) => scripted.tell(lease);

export const takingBack: Scenarios = {
  "taken back while the body runs, as a Renew tells: lost": loses(byRenew(queued())),
  "taken back while the body runs, as the stream tells: lost": loses(byStream(queued())),
  "offered again while the body runs: lost": loses(byStream(leaseIn(LeaseState.OFFERED, {}, 7n))),
  "granted anew, with another fencing token, as a Renew tells: lost": loses(byRenew(held(8n))),
  "granted anew, with another fencing token, as the stream tells: lost": loses(byStream(held(8n))),

  "taken back before the body began: it is waited for on": async (world) => {
    const { scripted, testee } = await world.scripted();
    scripted.acquire = (_, time) => (time === 1 ? held() : queued());
    scripted.renew = (time) => (time === 1 ? queued() : held(8n));
    scripted.tell(queued());
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("waiting");
    scripted.tell(held(8n));
    assert.equal((await hold.hears("held")).fencingToken, "8");
    assert.equal(await hold.finish(), "ok");
    assert.equal(hold.times("held"), 1);
  },

  "granted anew before the body began: it has the later fencing token": async (world) => {
    const { scripted, testee } = await world.scripted();
    scripted.renew = () => held(8n);
    scripted.tell(held(8n));
    const hold = testee.hold(["uat"], { ttl: "3s" });
    assert.equal((await hold.hears("held")).fencingToken, "8");
    await lasts(A_WHILE);
    assert.equal(hold.said("cancelled"), false);
    assert.equal(await hold.finish(), "ok");
  },

  "who waits shows the lease's token, not the key: an onlooker claims nothing": async (world) => {
    const { scripted, testee } = await world.scripted();
    scripted.acquire = queued;
    scripted.tell(queued());
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("waiting");
    scripted.tell(held());
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    const keys = new Set(scripted.calls.filter(({ method }) => method !== "Acquire").map(({ key }) => key));
    assert.deepEqual([scripted.calls[0]?.key, ...keys], [scripted.key, TOKEN]);
  },

  "passed over while it waits: it waits on": async (world) => {
    const { scripted, testee } = await world.scripted();
    scripted.acquire = queued;
    scripted.tell(queued());
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("waiting");
    for (const lease of [leaseIn(LeaseState.OFFERED, {}, 7n), leaseIn(LeaseState.QUEUED, { passedOver: true })]) {
      scripted.tell(lease);
      await lasts(200);
    }
    scripted.tell(held());
    await hold.hears("held");
    assert.equal(await hold.finish(), "ok");
    assert.equal(scripted.count("Acquire"), 1);
  },

  "ended by somebody: why it is lost says who": async (world) => {
    const { scripted, testee } = await world.scripted();
    const hold = testee.hold(["uat"], { ttl: "3s" });
    await hold.hears("held");
    const endedBy = { principal: "key:ops", holder: { name: "the night shift" } };
    scripted.tell(leaseIn(LeaseState.ENDED, { endReason: EndReason.FORCE_RELEASED, endNote: "fire drill", endedBy }));
    assert.equal(await hold.outcome(), "lost FORCE_RELEASED");
    assert.match((await hold.hears("ended")).why ?? "", /by the night shift \(key:ops\): fire drill$/);
  },
};
