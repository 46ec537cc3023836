// What a lease_token opens, alone and beside a key.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EndReason, EnvironmentState, LeaseState } from "../../gen/ts/callme/v1/types_pb.ts";
import { type Clients, clientsOf, failureOf, leaseIn, refusal, seconds } from "./clients.ts";
import { Server } from "./server.ts";

let server: Server;
let clients: Clients;
beforeAll(async () => {
  server = await Server.start();
  clients = clientsOf(server);
});
afterAll(() => server[Symbol.asyncDispose]());

describe("a lease_token", () => {
  test("suffices for Renew, GetLease, WatchLease and Release of its lease", async () => {
    const { lease, leaseToken } = await clients.locks.acquire({ environment: "own" });
    const leaseId = lease?.id ?? "";
    const { locks } = clientsOf({ url: server.url, key: leaseToken });
    expect(leaseIn(await locks.renew({ leaseId, ttl: seconds(5_000) })).ttl).toMatchObject({ seconds: 5_000n });
    expect(leaseIn(await locks.getLease({ leaseId })).state).toBe(LeaseState.HELD);
    for await (const message of locks.watchLease({ leaseId })) {
      expect(message.lease?.id).toBe(leaseId);
      break;
    }
    expect(leaseIn(await locks.release({ leaseId })).endReason).toBe(EndReason.RELEASED);
    expect(await locks.release({ leaseId })).toMatchObject({ alreadyEnded: true });
  });

  test("by environment it means its own lease", async () => {
    const { environments, locks } = clients;
    await environments.applyEnvironments({ environments: [{ name: "own-slot", capacity: 2 }] });
    await locks.acquire({ environment: "own-slot" });
    const { lease, leaseToken } = await locks.acquire({ environment: "own-slot" });
    const bearer = clientsOf({ url: server.url, key: leaseToken });
    expect(leaseIn(await bearer.locks.release({ environment: "own-slot" })).id).toBe(lease?.id);
    expect(await refusal(bearer.locks.release({ environment: "own-slot" }))).toBe("permission_denied NOT_YOURS");
  });

  test("is permission_denied for all else", async () => {
    const { leaseToken } = await clients.locks.acquire({ environment: "narrow" });
    const other = leaseIn(await clients.locks.acquire({ environment: "not-its-own" })).id;
    const { locks, environments } = clientsOf({ url: server.url, key: leaseToken });
    const environment = "narrow";
    const narrow = [
      locks.acquire({ environment }),
      environments.listEnvironments({}),
      environments.applyEnvironments({}),
      environments.deleteEnvironment({ environment }),
      environments.setEnvironmentState({ environment, state: EnvironmentState.DRAINING }),
      environments.forceRelease({ leaseId: other, reason: "x" }),
      environments.listLeases({}),
    ].map(refusal);
    expect(new Set(await Promise.all(narrow))).toEqual(new Set(["permission_denied TOKEN_TOO_NARROW"]));
    const foreign = [
      locks.release({ leaseId: other }),
      locks.renew({ leaseId: other }),
      locks.getLease({ leaseId: other }),
      locks.watchLease({ leaseId: other })[Symbol.asyncIterator]().next(),
    ].map(refusal);
    expect(new Set(await Promise.all(foreign))).toEqual(new Set(["permission_denied NOT_YOURS"]));
    expect(leaseIn(await clients.locks.getLease({ leaseId: other })).state).toBe(LeaseState.HELD);
  });

  test("changed by a letter it is no key, and it outlives a restart", async () => {
    await using other = await Server.start();
    const { lease, leaseToken } = await clientsOf(other).locks.acquire({ environment: "uat" });
    const leaseId = lease?.id ?? "";
    const forged = `${leaseToken.slice(0, -1)}${leaseToken.endsWith("A") ? "B" : "A"}`;
    expect(await refusal(clientsOf({ url: other.url, key: forged }).locks.renew({ leaseId }))).toBe("unauthenticated WRONG_KEY");
    await other.kill9();
    await other.restart();
    expect(leaseIn(await clientsOf({ url: other.url, key: leaseToken }).locks.renew({ leaseId })).state).toBe(LeaseState.HELD);
    expect(await refusal(clientsOf({ url: server.url, key: leaseToken }).locks.renew({ leaseId }))).toBe("unauthenticated WRONG_KEY");
    expect(other.lines.join("\n")).not.toContain(leaseToken);
  });

  test("opens Check, GetEnvironment, CheckFence and WatchEnvironment of the environments that its lease names, while it lives", async () => {
    const { lease, leaseToken } = await clients.locks.acquire({ needs: [{ environment: "seen-1" }, { environment: "seen-2" }] });
    await clients.locks.acquire({ environment: "unseen" });
    const { locks, environments } = clientsOf({ url: server.url, key: leaseToken });
    const looks = (environment: string) => [
      locks.check({ environment }),
      environments.getEnvironment({ environment }),
      locks.checkFence({ environment, fencingToken: 1n }),
      locks.watchEnvironment({ environment })[Symbol.asyncIterator]().next(),
    ];
    for (const environment of ["seen-1", "seen-2"]) await Promise.all(looks(environment));
    const refusals = async (environment: string) => new Set(await Promise.all(looks(environment).map(refusal)));
    const tooNarrow = new Set(["permission_denied TOKEN_TOO_NARROW"]);
    expect(await refusals("unseen")).toEqual(tooNarrow);
    expect(await refusals("never-made")).toEqual(tooNarrow);
    expect(await refusal(locks.check({}))).toBe("invalid_argument BAD_FIELD");
    const line = async (query: string) => (await fetch(`${server.url}/watch?${query}`, { headers: { "x-api-key": leaseToken } })).status;
    expect([await line("environment=seen-1"), await line("environment=unseen"), await line("pool=default")]).toEqual([200, 403, 403]);
    await locks.release({ leaseId: lease?.id ?? "" });
    expect(await refusals("seen-1")).toEqual(tooNarrow);
  });

  test("opens no whole pool, and says so", async () => {
    const { leaseToken } = await clients.locks.acquire({ environment: "pooled" });
    const { locks } = clientsOf({ url: server.url, key: leaseToken });
    const words = /opens no whole pool, only the environments that its lease names/;
    expect((await failureOf(locks.check({ pool: "default" }))).rawMessage).toMatch(words);
    const watch = locks.watchEnvironment({ pool: "default" })[Symbol.asyncIterator]().next();
    expect((await failureOf(watch)).rawMessage).toMatch(words);
  });

  test("a watch that it opened ends with the lease, after the end was told", async () => {
    const environment = "watched";
    const { lease, leaseToken } = await clients.locks.acquire({ environment });
    const watch = clientsOf({ url: server.url, key: leaseToken }).locks.watchEnvironment({ environment })[Symbol.asyncIterator]();
    await watch.next();
    const leaseId = lease?.id ?? "";
    await clients.locks.release({ leaseId });
    expect((await watch.next()).value).toMatchObject({ cause: { leaseId, state: LeaseState.ENDED } });
    expect(await refusal(watch.next())).toBe("permission_denied TOKEN_TOO_NARROW");
  });

  test("takes nothing away on a server without a key: it may all that anybody may, and acts for its lease besides", async () => {
    await using open = await Server.start({ API_KEY: "" });
    const anybody = clientsOf({ url: open.url, key: "" });
    const other = leaseIn(await anybody.locks.acquire({ environment: "other" }));
    const { lease, leaseToken } = await anybody.locks.acquire({ environment: "own" });
    const { locks, environments } = clientsOf({ url: open.url, key: leaseToken });
    expect(leaseIn(await locks.acquire({ environment: "more" }))).toMatchObject({ principal: "anonymous", state: LeaseState.HELD });
    expect(await locks.check({ pool: "default" })).toMatchObject({ environments: [{}, {}, {}] });
    expect((await environments.listEnvironments({})).environments).toHaveLength(3);
    expect(leaseIn(await locks.renew({ leaseId: lease?.id ?? "" })).state).toBe(LeaseState.HELD);
    expect(leaseIn(await locks.getLease({ leaseId: other.id })).state).toBe(LeaseState.HELD);
    expect(leaseIn(await locks.release({ leaseId: other.id })).state).toBe(LeaseState.ENDED);
    const maybe = await fetch(`${open.url}/maybe?environment=fresh`, { method: "POST", headers: { "x-api-key": leaseToken } });
    expect(maybe.status).toBe(201);
  });
});

describe("of two headers", () => {
  const whoami = async (headers: Record<string, string>): Promise<string> => {
    const answer = await fetch(`${server.url}/callme.v1.EnvironmentService/ListEnvironments`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: "{}",
    });
    const { details } = (await answer.json()) as { details?: { debug?: { reason?: string } }[] };
    return answer.ok ? "key" : (details?.[0]?.debug?.reason ?? "");
  };

  test("X-API-KEY counts, whatever a bearer token beside it is; an empty one counts for nothing", async () => {
    const { leaseToken } = await clients.locks.acquire({ environment: "both" });
    const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
    expect(await whoami({ "x-api-key": server.key, ...bearer("wrong") })).toBe("key");
    expect(await whoami({ "x-api-key": server.key, ...bearer(leaseToken) })).toBe("key");
    expect(await whoami({ "x-api-key": "wrong", ...bearer(server.key) })).toBe("WRONG_KEY");
    expect(await whoami({ "x-api-key": "wrong", ...bearer(leaseToken) })).toBe("WRONG_KEY");
    expect(await whoami({ "x-api-key": leaseToken, ...bearer(server.key) })).toBe("TOKEN_TOO_NARROW");
    expect(await whoami({ "x-api-key": "", ...bearer(server.key) })).toBe("key");
    expect(await whoami({ "x-api-key": "", authorization: "" })).toBe("NO_KEY");
    expect(await whoami({ "x-api-key": `${server.key}, ${server.key}` })).toBe("WRONG_KEY");
  });
});
