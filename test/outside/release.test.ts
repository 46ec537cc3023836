// Rules 5 to 7 of docs/contract.md: renewing, giving back, and who may.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Outcome } from "../../gen/ts/callme/v1/lock_service_pb.ts";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("Release", () => {
  test("by lease id it is idempotent and never touches a successor", async () => {
    const { locks } = clients;
    const { id: leaseId } = leaseIn(await locks.acquire({ environment: "successor" }));
    expect(await locks.release({ leaseId, note: "first" })).toMatchObject({ alreadyEnded: false });
    const next = leaseIn(await locks.acquire({ environment: "successor" }));
    expect(await locks.release({ leaseId, note: "second" })).toMatchObject({ alreadyEnded: true, lease: { endNote: "first" } });
    expect(leaseIn(await locks.getLease({ leaseId: next.id })).state).toBe(LeaseState.HELD);
  });

  test("a waiter is WITHDRAWN", async () => {
    const { locks } = clients;
    await locks.acquire({ environment: "withdrawn" });
    const { id: leaseId } = leaseIn(await locks.acquire({ environment: "withdrawn" }));
    expect(leaseIn(await locks.release({ leaseId }))).toMatchObject({ endReason: EndReason.WITHDRAWN });
    expect((await locks.check({ environment: "withdrawn" })).environments).toMatchObject([{ used: 1, queueLength: 0 }]);
  });

  test("by environment it means the one that is held, not those that wait", async () => {
    const { locks } = clients;
    expect(await refusal(locks.release({ environment: "by-name" }))).toBe("not_found ENVIRONMENT_NOT_FOUND");
    const first = leaseIn(await locks.acquire({ environment: "by-name" }));
    const second = leaseIn(await locks.acquire({ environment: "by-name" }));
    expect(leaseIn(await locks.release({ environment: "by-name" })).id).toBe(first.id);
    expect(leaseIn(await locks.release({ environment: "by-name" }))).toMatchObject({ id: second.id, endReason: EndReason.RELEASED });
    expect(await refusal(locks.release({ environment: "by-name" }))).toBe("not_found NOTHING_HELD");
  });

  test("by environment with several held it is refused, naming them", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "several", capacity: 2 }] });
    const ids = [leaseIn(await locks.acquire({ environment: "several" })).id, leaseIn(await locks.acquire({ environment: "several" })).id];
    const error = await failureOf(locks.release({ environment: "several" }));
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "SEVERAL_HELD", metadata: { lease_ids: ids.join(", ") } }]);
    expect((await locks.check({ environment: "several" })).environments).toMatchObject([{ used: 2 }]);
  });

  test("several environments of one lease are freed together", async () => {
    const { locks } = clients;
    await locks.acquire({ needs: [{ environment: "pair-a" }, { environment: "pair-b" }] });
    expect(leaseIn(await locks.release({ environment: "pair-b" })).environments.map(({ name }) => name)).toEqual(["pair-a", "pair-b"]);
    expect(await locks.check({ environment: "pair-a" })).toMatchObject({ available: true });
  });

  test("BROKEN takes the environment out of service, with the note", async () => {
    const { locks, environments } = clients;
    const { id: leaseId } = leaseIn(await locks.acquire({ environment: "broken", holder: { name: "job 7" } }));
    await locks.release({ leaseId, outcome: Outcome.BROKEN, note: "disk full" });
    const { environment } = await environments.getEnvironment({ environment: "broken" });
    expect(environment).toMatchObject({ state: EnvironmentState.MAINTENANCE, stateReason: "broken, says job 7: disk full" });
    expect(leaseIn(await locks.acquire({ environment: "broken" })).state).toBe(LeaseState.QUEUED);
  });

  test("neither or both of id and environment are invalid; an unknown or malformed id is not found", async () => {
    const { locks } = clients;
    expect(await refusal(locks.release({}))).toBe("invalid_argument BAD_FIELD");
    expect(await refusal(locks.release({ leaseId: "a", environment: "b" }))).toBe("invalid_argument BAD_FIELD");
    for (const leaseId of ["x", "\u0000", "é".repeat(5_000), "00000000-0000-0000-0000-000000000000"]) {
      expect(await refusal(locks.release({ leaseId }))).toBe("not_found LEASE_NOT_FOUND");
      expect(await refusal(locks.renew({ leaseId }))).toBe("not_found LEASE_NOT_FOUND");
      expect(await refusal(locks.getLease({ leaseId }))).toBe("not_found LEASE_NOT_FOUND");
    }
  });
});

describe("Renew", () => {
  test("only ever extends, and never past max_hold", async () => {
    const { locks } = clients;
    const lease = leaseIn(await locks.acquire({ environment: "renewed", ttl: seconds(1_000), maxHold: seconds(2_000) }));
    const shorter = leaseIn(await locks.renew({ leaseId: lease.id, ttl: seconds(1) }));
    expect(shorter).toMatchObject({ ttl: { seconds: 1n }, expiresAt: lease.expiresAt });
    const longest = leaseIn(await locks.renew({ leaseId: lease.id, ttl: seconds(3_000) }));
    expect(longest.expiresAt?.seconds).toBe((lease.grantedAt?.seconds ?? 0n) + 2_000n);
    expect(leaseIn(await locks.renew({ leaseId: lease.id })).expiresAt).toEqual(longest.expiresAt);
  });

  test("a lease past its max_hold ends as EXPIRED, however it is renewed, and its slot rests", async () => {
    const { locks } = clients;
    const lease = leaseIn(await locks.acquire({ environment: "spent", ttl: seconds(1), maxHold: seconds(1) }));
    await locks.renew({ leaseId: lease.id, ttl: seconds(60) });
    const watch = locks.watchLease({ leaseId: lease.id });
    let last = lease;
    for await (const message of watch) last = leaseIn(message);
    expect(last).toMatchObject({ endReason: EndReason.EXPIRED, endNote: "max_hold was reached" });
    expect(await refusal(locks.renew({ leaseId: lease.id }))).toBe("failed_precondition LEASE_ENDED");
    const holder = { name: "next #1", runUrl: "https://ci/1" };
    const waiting = leaseIn(await locks.acquire({ environment: "spent", holder }));
    expect(waiting.state).toBe(LeaseState.QUEUED);
    const from = { leaseId: lease.id, endReason: EndReason.EXPIRED, holder: { name: "" } };
    const { environments } = await locks.check({ environment: "spent" });
    expect(environments).toMatchObject([
      { used: 0, resting: 1, available: false, rest: { from }, next: { leaseId: waiting.id, holder, state: LeaseState.QUEUED } },
    ]);
    const [ended, until] = [last.endedAt, environments[0]?.rest?.until].map((time) => Number(time?.seconds));
    expect((until ?? 0) - (ended ?? 0)).toBe(10);
  });
});

describe("ForceRelease", () => {
  test("ends any lease by id, on the record, and its slots rest", async () => {
    const { locks, environments } = clients;
    const { id: leaseId } = leaseIn(await locks.acquire({ environment: "forced" }));
    expect(await refusal(environments.forceRelease({ leaseId }))).toBe("invalid_argument BAD_FIELD");
    const answer = await environments.forceRelease({ leaseId, reason: "deploy freeze" });
    expect(answer).toMatchObject({
      alreadyEnded: false,
      lease: { endReason: EndReason.FORCE_RELEASED, endNote: "deploy freeze", endedBy: { principal: "admin" } },
    });
    expect(await environments.forceRelease({ leaseId, reason: "again" })).toMatchObject({ alreadyEnded: true });
    expect(await locks.check({ environment: "forced" })).toMatchObject({
      available: false,
      environments: [{ used: 0, resting: 1, rest: { from: { leaseId, endReason: EndReason.FORCE_RELEASED } } }],
    });
    expect(await refusal(environments.forceRelease({ leaseId: "nobody", reason: "x" }))).toBe("not_found LEASE_NOT_FOUND");
  });

  test("a short lock_delay is over soon, and then who waits is served", async () => {
    const { locks, environments } = clients;
    await environments.applyEnvironments({ environments: [{ name: "short", lockDelay: seconds(0.05) }] });
    const { id: leaseId } = leaseIn(await locks.acquire({ environment: "short" }));
    await environments.forceRelease({ leaseId, reason: "x" });
    expect(leaseIn(await locks.acquire({ environment: "short", wait: seconds(10) })).state).toBe(LeaseState.HELD);
  });
});
