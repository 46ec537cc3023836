// Leases that begin, or end, at a fixed time, and those that claim themselves: "Reservations" in docs/contract.md.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { OnExpiry } from "../../gen/ts/callme/v1/environment_service_pb.ts";
import { EndReason, EnvironmentState, HolderKind, type Lease, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ahead, type Clients, clientsOf, failureOf, leaseIn, ownerOf, refusal, seconds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

const ANNA = { holder: { name: "Anna", kind: HolderKind.HUMAN }, reason: "demo", autoClaim: true };

/** A lease as it is; nobody's sign of life. */
async function peek({ id }: Lease): Promise<Lease> {
  return leaseIn(await clients.locks.getLease({ leaseId: id }));
}

/** The lease once it is like this. */
function once(lease: Lease, is: (now: Lease) => boolean): Promise<Lease> {
  return eventually(async () => {
    const now = await peek(lease);
    return is(now) && now;
  });
}

const isHeld = ({ state }: Lease) => state === LeaseState.HELD;
const ended = ({ state }: Lease) => state === LeaseState.ENDED;

describe("a reservation", () => {
  test("behind a pipeline has its turn when that is done, ends by itself, and needs no process", async () => {
    const { locks } = clients;
    const environment = "behind";
    const pipeline = leaseIn(await locks.acquire({ environment, holder: { name: "checkout #7" } }));
    const notAfter = ahead(4);
    const person = leaseIn(await locks.acquire({ ...ANNA, environment, notAfter, ticketTtl: seconds(1) }));
    expect(person).toMatchObject({ state: LeaseState.QUEUED, position: 1, autoClaim: true, holders: [{ leaseId: pipeline.id }] });
    const next = leaseIn(await locks.acquire({ environment, ticketTtl: seconds(600), claimTimeout: seconds(600) }));
    expect(next).toMatchObject({ position: 2, ahead: [{ leaseId: person.id, reason: "demo", latestEnd: notAfter }] });
    // Longer than its ticket_ttl: a waiter without auto_claim is gone by then.
    const abandoned = leaseIn(await locks.acquire({ environment, ticketTtl: seconds(1) }));
    await once(abandoned, ended);
    await locks.release({ leaseId: pipeline.id });
    expect(await peek(person)).toMatchObject({ state: LeaseState.HELD, expiresAt: notAfter, latestEnd: notAfter });
    expect(await peek(next)).toMatchObject({ state: LeaseState.QUEUED, holders: [{ leaseId: person.id, until: notAfter }] });
    expect(await once(person, ended)).toMatchObject({ endReason: EndReason.EXPIRED, endNote: "its not_after was reached" });
    expect((await locks.check({ environment })).environments).toMatchObject([{ resting: 1, next: { leaseId: next.id } }]);
  });

  test("for later is in nobody's way until then; then it is first in line", async () => {
    const { locks, environments } = clients;
    const environment = "later";
    await locks.check({ environment });
    const notBefore = ahead(2);
    const notAfter = ahead(3_600);
    const later = leaseIn(await locks.acquire({ ...ANNA, environment, notBefore, notAfter, ticketTtl: seconds(1) }));
    expect(later).toMatchObject({ state: LeaseState.QUEUED, position: 0, queueLength: 0, notBefore, notAfter });
    const told = { at: notBefore, until: notAfter, leaseId: later.id, holder: { name: "Anna" }, reason: "demo" };
    const [status] = (await locks.check({ environment })).environments;
    expect(status).toMatchObject({ available: true, queueLength: 0, nextReservation: told });
    expect(status?.next).toBeUndefined();
    const pipeline = leaseIn(await locks.acquire({ environment }));
    expect(pipeline).toMatchObject({ state: LeaseState.HELD, nextReservation: told });
    expect(leaseIn(await locks.acquire({ environment: "elsewhere" })).nextReservation).toBeUndefined();
    const late = leaseIn(await locks.acquire({ environment, ticketTtl: seconds(600) }));
    expect(late).toMatchObject({ position: 1, queueLength: 1, ahead: [] });
    const { leases } = await environments.listLeases({ filter: { environment } });
    expect(leases.map(({ id }) => id)).toContain(later.id);
    // A watch is told when it enters the line.
    for await (const { environments: now } of locks.watchEnvironment({ environment }))
      if (now[0]?.queueLength === 2) {
        expect([now[0].next?.leaseId, now[0].nextReservation]).toEqual([later.id, undefined]);
        break;
      }
    expect(await peek(late)).toMatchObject({ position: 2, ahead: [{ leaseId: later.id }] });
    await locks.release({ leaseId: pipeline.id });
    expect(await peek(later)).toMatchObject({ state: LeaseState.HELD, expiresAt: notAfter });
    await locks.release({ leaseId: later.id });
    expect(leaseIn(await ownerOf(server, late).getLease({ leaseId: late.id })).state).toBe(LeaseState.HELD);
  });

  test("is held at its time, although the server was killed before it and started after it", async () => {
    const { locks } = clients;
    const asked = { ...ANNA, environment: "outage", notAfter: ahead(3_600), requestId: "outage" };
    const later = leaseIn(await locks.acquire({ ...asked, notBefore: ahead(1) }));
    const beyond = leaseIn(await locks.acquire({ ...ANNA, environment: "outage", notBefore: ahead(3_000), notAfter: ahead(3_600) }));
    await server.kill9();
    const begin = Number(later.notBefore?.seconds) + 1;
    await eventually(() => Date.now() / 1_000 > begin);
    await server.restart();
    expect(await once(later, isHeld)).toMatchObject({ id: later.id, nextReservation: { leaseId: beyond.id } });
    expect(await peek(beyond)).toMatchObject({ state: LeaseState.QUEUED, position: 0 });
  });

  test("can be waited for by a call and by a stream, and be withdrawn", async () => {
    const { locks } = clients;
    const environment = "waited";
    const asked = { environment, notBefore: ahead(1), notAfter: ahead(600), wait: seconds(10), requestId: "waited" };
    const waits = locks.acquire(asked);
    const later = await eventually(async () => (await clients.environments.listLeases({ filter: { environment } })).leases[0]);
    const states: LeaseState[] = [];
    const stream = ownerOf(server, leaseIn(await locks.acquire({ ...asked, wait: seconds(0) }))).watchLease({ leaseId: later.id });
    for await (const { lease } of stream) {
      if (lease?.state !== states.at(-1)) states.push(lease?.state ?? LeaseState.UNSPECIFIED);
      if (lease?.state === LeaseState.HELD) break;
    }
    expect(states).toEqual([LeaseState.QUEUED, LeaseState.HELD]);
    expect(leaseIn(await waits)).toMatchObject({ id: later.id, state: LeaseState.HELD });
    const other = leaseIn(await locks.acquire({ ...ANNA, environment, notBefore: ahead(300), notAfter: ahead(600) }));
    const { lease } = await locks.release({ leaseId: other.id });
    expect(lease).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.WITHDRAWN });
  });

  test("of several environments has them together, and is UNSATISFIABLE when one of them is deleted", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "pair-a" }, { name: "pair-b" }] });
    const needs = [{ environment: "pair-a" }, { environment: "pair-b" }];
    const both = leaseIn(await locks.acquire({ ...ANNA, needs, notBefore: ahead(1), notAfter: ahead(600) }));
    const again = leaseIn(await locks.acquire({ ...ANNA, needs, notBefore: ahead(300), notAfter: ahead(600) }));
    expect((await once(both, isHeld)).environments.map(({ slotIndexes }) => slotIndexes)).toEqual([[0], [0]]);
    await locks.release({ leaseId: both.id });
    await environments.deleteEnvironment({ environment: "pair-b" });
    expect(await peek(again)).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.UNSATISFIABLE });
  });
});

test("by selector it is told nowhere before, and gets what is free then", async () => {
  const { locks, environments } = clients;
  const labels = { rack: "seven" };
  await environments.applyEnvironments({
    environments: [
      { name: "rack-a", labels },
      { name: "rack-b", labels },
    ],
  });
  const held = leaseIn(await locks.acquire({ environment: "rack-a" }));
  const needs = [{ selector: "rack=seven" }];
  const later = leaseIn(await locks.acquire({ ...ANNA, needs, notBefore: ahead(1), notAfter: ahead(600) }));
  expect(later).toMatchObject({ state: LeaseState.QUEUED, position: 0, environments: [] });
  const { environments: now } = await locks.check({ environment: "rack-b" });
  expect([now[0]?.available, now[0]?.nextReservation, now[0]?.queueLength]).toEqual([true, undefined, 0]);
  expect((await once(later, isHeld)).environments.map(({ name }) => name)).toEqual(["rack-b"]);
  const both = leaseIn(
    await locks.acquire({ ...ANNA, needs: [{ selector: "rack=seven", count: 2 }], notBefore: ahead(300), notAfter: ahead(600) }),
  );
  await locks.release({ leaseId: held.id });
  await environments.deleteEnvironment({ environment: "rack-a" });
  expect(await peek(both)).toMatchObject({ state: LeaseState.ENDED, endReason: EndReason.UNSATISFIABLE });
});

describe("an end", () => {
  test("is made later, and earlier, by a renewal of its owner; max_hold stays the limit, and the answer tells", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "ends", maxHold: seconds(3_600) }] });
    const lease = leaseIn(await locks.acquire({ ...ANNA, environment: "ends", notAfter: ahead(60) }));
    const [later, beyond, earlier] = [ahead(600), ahead(7_200), ahead(2)];
    const extend = async (notAfter: typeof later) => leaseIn(await locks.renew({ leaseId: lease.id, notAfter }));
    expect(await extend(later)).toMatchObject({ notAfter: later, expiresAt: later, latestEnd: later });
    const full = await extend(beyond);
    expect(full.latestEnd?.seconds).toBe((lease.grantedAt?.seconds ?? 0n) + 3_600n);
    expect(full.expiresAt).toEqual(full.latestEnd);
    expect(await extend(earlier)).toMatchObject({ expiresAt: earlier });
    expect(await once(lease, ended)).toMatchObject({ endReason: EndReason.EXPIRED });
  });

  test("by max_hold is so long after the turn, whenever that comes, and leaves the environment in service", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "lengths", onExpiry: OnExpiry.HOLD, quarantineAfter: 1 }] });
    const first = leaseIn(await locks.acquire({ environment: "lengths" }));
    const week = { notAfter: ahead(7 * 86_400), maxHold: seconds(2) };
    const lease = leaseIn(await locks.acquire({ ...ANNA, environment: "lengths", ...week }));
    expect(lease).toMatchObject({ state: LeaseState.QUEUED, maxHold: seconds(2) });
    await locks.release({ leaseId: first.id });
    const { grantedAt, latestEnd } = await once(lease, isHeld);
    expect(Number(latestEnd?.seconds) - Number(grantedAt?.seconds)).toBe(2);
    expect(await once(lease, ended)).toMatchObject({ endReason: EndReason.EXPIRED });
    expect((await locks.check({ environment: "lengths" })).environments[0]?.state).toBe(EnvironmentState.AVAILABLE);
  });

  test("that comes before the grant is TIMED_OUT", async () => {
    const { locks } = clients;
    await locks.acquire({ environment: "too-late" });
    const lease = leaseIn(await locks.acquire({ ...ANNA, environment: "too-late", notAfter: ahead(1) }));
    expect(await once(lease, ended)).toMatchObject({ endReason: EndReason.TIMED_OUT, endNote: "its not_after was reached" });
  });
});

test("ten thousand reservations for the same second are all held a moment after it", async () => {
  const { locks, environments } = clients;
  const count = 10_000;
  await environments.applyEnvironments({ environments: [{ name: "rush", capacity: count }] });
  const notBefore = ahead(12);
  const ask = (index: number) =>
    locks.acquire({ ...ANNA, environment: "rush", notBefore, notAfter: ahead(3_600), requestId: `rush ${index}` });
  for (let from = 0; from < count; from += 200) await Promise.all(Array.from({ length: 200 }, (_, index) => ask(from + index)));
  await eventually(async () => (await locks.check({ environment: "rush" })).environments[0]?.used === count, 60_000);
  expect(server.complaints).toEqual([]);
}, 120_000);

test.each([
  ["not_before beside IF_BUSY_FAIL", "not_before", { notBefore: "2100-01-01T00:00:00Z", ifBusy: "IF_BUSY_FAIL" }, "BAD_FIELD"],
  ["auto_claim without an end", "auto_claim", { autoClaim: true }, "BAD_FIELD"],
  ["an end before the beginning", "not_after", { notBefore: "2100-01-02T00:00:00Z", notAfter: "2100-01-01T00:00:00Z" }, "BAD_FIELD"],
  ["a beginning too far ahead", "not_before", { notBefore: "2100-01-02T00:00:00Z" }, "TIME_OUT_OF_RANGE"],
  ["an end that is over", "not_after", { notAfter: "2020-01-02T00:00:00Z" }, "TIME_OUT_OF_RANGE"],
  ["an end too far ahead", "not_after", { notAfter: "2100-01-02T00:00:00Z" }, "TIME_OUT_OF_RANGE"],
])("%s is refused, naming the field", async (_, field, fields, reason) => {
  const headers = { "x-api-key": server.key, "content-type": "application/json" };
  const body = JSON.stringify({ environment: "refused", ...fields });
  const answer = await fetch(`${server.url}/callme.v1.LockService/Acquire`, { method: "POST", headers, body });
  expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(new RegExp(`"${field}: .*"reason":"${reason}"`))]);
});

test("a stranger extends nothing", async () => {
  const { locks } = clients;
  const mine = leaseIn(await locks.acquire({ environment: "mine", notAfter: ahead(60) }));
  const other = leaseIn(await locks.acquire({ environment: "other", notAfter: ahead(60) }));
  expect(await refusal(ownerOf(server, other).renew({ leaseId: mine.id, notAfter: ahead(600) }))).toBe("permission_denied NOT_YOURS");
  expect((await failureOf(locks.renew({ leaseId: mine.id, notAfter: ahead(-3_600) }))).rawMessage).toMatch(
    /^not_after: lies \d+ min in the past/,
  );
});
