// Keys that are revoked: what becomes of their streams, of what they wait for and of what they hold.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Role } from "../../gen/ts/callme/v1/access_service_pb.ts";
import { EndReason, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { ahead, type Clients, clientsOf, keyFor, leaseIn, ownerOf, refusal, seconds } from "./clients.ts";
import { eventually } from "./eventually.ts";
import { Server } from "./server.ts";

let server: Server;
let admin: Clients;
beforeAll(async () => {
  server = await Server.start();
  admin = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("a key that is revoked", () => {
  test("opens nothing, its streams end, what it waits for ends, and what it holds can only be given back", async () => {
    const { id, locks } = await keyFor(server, [{ role: Role.USE, patterns: ["gone-*"] }]);
    const held = leaseIn(await locks.acquire({ environment: "gone-1" }));
    const waiting = locks.acquire({ environment: "gone-1", wait: seconds(50), requestId: "waits" });
    await eventually(async () => (await admin.locks.check({ environment: "gone-1" })).environments[0]?.queueLength === 1);
    const stream = locks.watchEnvironment({ environment: "gone-1" })[Symbol.asyncIterator]();
    await stream.next();
    const watching = async () => {
      for (let step = await stream.next(); step.done !== true; ) step = await stream.next();
    };
    const watched = refusal(watching());
    expect((await admin.access.revokeKey({ id })).key?.revokedAt).toBeDefined();
    expect(await watched).toBe("unauthenticated WRONG_KEY");
    expect(leaseIn(await waiting)).toMatchObject({
      state: LeaseState.ENDED,
      endReason: EndReason.WITHDRAWN,
      endNote: "its key was revoked",
    });
    expect(await refusal(locks.check({ environment: "gone-1" }))).toBe("unauthenticated WRONG_KEY");
    const owner = ownerOf(server, held);
    expect(await refusal(owner.renew({ leaseId: held.id }))).toBe("permission_denied TOKEN_TOO_NARROW");
    expect(await refusal(owner.getLease({ leaseId: held.id }))).toBe("permission_denied TOKEN_TOO_NARROW");
    expect(leaseIn(await owner.release({ leaseId: held.id })).endReason).toBe(EndReason.RELEASED);
    expect((await admin.access.revokeKey({ id })).key?.revokedAt).toBeDefined();
  });

  test("ends what it holds as well where that is wanted, and the next in line has it", async () => {
    const { id, locks } = await keyFor(server, [{ role: Role.USE, patterns: ["leaked-*"] }]);
    await admin.environments.applyEnvironments({ environments: [{ name: "leaked-1", lockDelay: seconds(0) }] });
    const held = leaseIn(await locks.acquire({ environment: "leaked-1" }));
    const other = leaseIn(await admin.locks.acquire({ environment: "leaked-2" }));
    const next = admin.locks.acquire({ environment: "leaked-1", wait: seconds(50), requestId: "next" });
    await eventually(async () => (await admin.locks.check({ environment: "leaked-1" })).environments[0]?.queueLength === 1);
    await admin.access.revokeKey({ id, forceRelease: true });
    expect(leaseIn(await admin.locks.getLease({ leaseId: held.id }))).toMatchObject({
      ...{ state: LeaseState.ENDED, endReason: EndReason.FORCE_RELEASED, endNote: "its key was revoked" },
      endedBy: { principal: "admin" },
    });
    expect(leaseIn(await next).state).toBe(LeaseState.HELD);
    expect(leaseIn(await admin.locks.getLease({ leaseId: other.id })).state).toBe(LeaseState.HELD);
  });

  test("leaves nothing in line that its calls asked for while it was being revoked", async () => {
    const busy = Array.from({ length: 40 }, (_, number) => `race-${number}`);
    for (const environment of busy) await admin.locks.acquire({ environment, pool: environment });
    for (let round = 0; round < 5; round++) {
      const { id, locks } = await keyFor(server, [{ role: Role.USE, patterns: ["race-*"] }]);
      const asked = busy.flatMap((environment) =>
        [0, 1, 2].map((n) => locks.acquire({ environment, requestId: `${round}-${n}-${environment}` })),
      );
      const revoked = admin.access.revokeKey({ id });
      await Promise.all([revoked, Promise.allSettled(asked)]);
      const { leases } = await admin.environments.listLeases({ filter: { states: [LeaseState.QUEUED] }, pageSize: 1_000 });
      expect(leases.filter(({ principal }) => principal === `key:${id}`)).toEqual([]);
    }
  });

  test("ends the streams of its leases' tokens, too, which can be given back after that", async () => {
    const { id, locks } = await keyFor(server, [{ role: Role.USE, patterns: ["token-*"] }]);
    const held = leaseIn(await locks.acquire({ environment: "token-1" }));
    const owner = ownerOf(server, held);
    const streams = [owner.watchEnvironment({ environment: "token-1" }), owner.watchLease({ leaseId: held.id })];
    const readers = streams.map((stream) => stream[Symbol.asyncIterator]());
    for (const reader of readers) await reader.next();
    const rest = async (reader: AsyncIterator<unknown>) => {
      for (let step = await reader.next(); step.done !== true; ) step = await reader.next();
    };
    const ends = readers.map((reader) => refusal(rest(reader)));
    await admin.access.revokeKey({ id });
    expect(await Promise.all(ends)).toEqual(["unauthenticated WRONG_KEY", "unauthenticated WRONG_KEY"]);
    expect(leaseIn(await owner.release({ leaseId: held.id })).endReason).toBe(EndReason.RELEASED);
  });

  test("also ends reservations, which need no sign of life", async () => {
    const { id, locks } = await keyFor(server, [{ role: Role.RESERVE, patterns: ["later-*"] }]);
    const blocking = leaseIn(await admin.locks.acquire({ environment: "later-1" }));
    const notAfter = ahead(600);
    const reserved = leaseIn(await locks.acquire({ environment: "later-1", notAfter, autoClaim: true, requestId: "r" }));
    await admin.access.revokeKey({ id });
    expect(leaseIn(await admin.locks.getLease({ leaseId: reserved.id })).endReason).toBe(EndReason.WITHDRAWN);
    await admin.locks.release({ leaseId: blocking.id });
    expect((await admin.locks.check({ environment: "later-1" })).available).toBe(true);
  });
});
